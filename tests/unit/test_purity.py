"""plan, state, compliance and the Merkle code do no I/O and read no clock: read off their syntax trees."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "moodle_sync"
PURE = sorted(
    path
    for pattern in ("plan/**/*.py", "state/**/*.py", "compliance/**/*.py", "ledger/merkle.py")
    for path in PACKAGE.glob(pattern)
)
CALLS = frozenset({"open", "print", "input", "now", "utcnow", "utc_now", "today", "time", "monotonic", "read_text"}) | {
    "write_text",
    "read_bytes",
    "write_bytes",
    "urlopen",
    "getenv",
    "exec",
    "eval",
}
MODULES = frozenset(
    {"requests", "tenacity", "sqlalchemy", "socket", "subprocess", "urllib", "os", "io", "sys", "random"}
)


def impurities(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
            # datetime.time() as a constructor has no clock in it: only a call on a module named time does.
            clock = name != "time" or (isinstance(node.func, ast.Attribute) and isinstance(node.func.value, ast.Name))
            if name in CALLS and clock and not (name == "time" and getattr(node.func.value, "id", "") != "time"):
                found.append(f"line {node.lineno}: calls {name}()")
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        found += [f"line {node.lineno}: imports {name}" for name in names if name.split(".")[0] in MODULES]
    return found


@pytest.mark.parametrize("path", PURE, ids=[str(path.relative_to(PACKAGE)) for path in PURE])
def test_pure_module_does_no_io_and_reads_no_clock(path: Path) -> None:
    assert impurities(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    [
        "open('x')",
        "datetime.now(UTC)",
        "import requests",
        "from os import environ",
        "time.time()",
        "Path('x').read_text()",
    ],
)
def test_purity_check_finds_what_it_looks_for(source: str) -> None:
    assert impurities(source)


def test_purity_check_covers_the_pure_packages() -> None:
    assert {path.relative_to(PACKAGE).parts[0] for path in PURE} >= {"plan", "state"}
