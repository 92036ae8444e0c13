"""What the rules found, and the notebook that they write it in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from moodle_sync.errors import Problem
from moodle_sync.inputs.document import Field
from moodle_sync.spec.models import Framework, Programme, Rubric, Session, Survey
from moodle_sync.spec.specs import Specs

TopLevel = Programme | Framework | Rubric | Survey | Session


@dataclass(frozen=True)
class Findings:
    """The outcome of a check, each part sorted by file, line and column."""

    problems: tuple[Problem, ...]
    warnings: tuple[Problem, ...]
    to_confirm: tuple[Problem, ...]


class Notes:
    """Collects findings, and turns an object and a field into a file, a line and a column."""

    def __init__(self, specs: Specs) -> None:
        self.specs = specs
        self._problems: list[Problem] = []
        self._warnings: list[Problem] = []
        self._to_confirm: list[Problem] = []

    def problem(self, item: TopLevel, path: Field, message: str) -> None:
        """Something that keeps the specs from being sent."""
        self._problems.append(self.specs.source(item).problem(path, message))

    def found(self, problem: Problem) -> None:
        """A problem that has its place already."""
        self._problems.append(problem)

    def warning(self, item: TopLevel, path: Field, message: str) -> None:
        """Something that reads badly or that an auditor will ask about."""
        self._warnings.append(self.specs.source(item).problem(path, message))

    def unconfirmed(self, item: TopLevel, path: Field, message: str) -> None:
        """A decision that the organisation has still to confirm."""
        self._to_confirm.append(self.specs.source(item).problem(path, message))

    def everything(self) -> Iterator[TopLevel]:
        """Every object that has a file of its own."""
        yield from self.specs.programmes.values()
        yield from self.specs.frameworks.values()
        yield from self.specs.rubrics.values()
        yield from self.specs.surveys.values()
        yield from self.specs.sessions.values()

    def file_of(self, item: TopLevel) -> str:
        """``rubrics/o1-synergies.yaml``: where a person finds it."""
        file = self.specs.source(item).file
        return f"{file.parent.name}/{file.name}"

    def findings(self) -> Findings:
        """All that was written down."""
        return Findings(tuple(sorted(self._problems)), tuple(sorted(self._warnings)), tuple(sorted(self._to_confirm)))


def repeated(keys: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Position and first spelling of every key that was there before; case set aside, as MySQL compares idnumbers."""
    seen: dict[str, str] = {}
    for index, key in enumerate(keys):
        if key.casefold() in seen:
            yield index, seen[key.casefold()]
        else:
            seen[key.casefold()] = key


def say_repeated(key: str, first: str) -> str:
    """The sentence for a repeated key."""
    if key == first:
        return f'the key "{key}" is already used here: give one of the two another key'
    return f'the key "{key}" differs from "{first}" in case only, and Moodle may not tell them apart: change one'
