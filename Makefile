# `make test` needs Python >= 3.11 (with venv) and make, nothing else: it makes its own environment in .venv.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: test lint types imports unit unit-ledger unit-rest live demo bench clean

test: lint types imports unit

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $(STAMP)

lint: $(STAMP)
	$(BIN)/ruff check .

types: $(STAMP)
	$(BIN)/mypy

imports: $(STAMP)
	$(BIN)/lint-imports

# Two halves at once, for two cores; what each half printed comes out in one piece.
LEDGER := tests/unit/ledger tests/unit/store tests/property tests/unit/publish tests/cli

unit: $(STAMP)
	$(MAKE) --jobs=2 --output-sync=target unit-ledger unit-rest

unit-ledger: $(STAMP)
	$(BIN)/python -m pytest $(LEDGER)

unit-rest: $(STAMP)
	$(BIN)/python -m pytest tests $(LEDGER:%=--ignore=%)

live: $(STAMP)
	$(BIN)/python -m pytest tests/live -v

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache

demo: $(STAMP)
	$(BIN)/moodle-sync demo build/demo-$$(date +%Y%m%d-%H%M%S)

# Speed and memory: medians, with the raw pipeline of the same run beside them. Not part of `make test`.
bench: $(STAMP)
	$(BIN)/python tests/benchmarks/bench.py --memory
