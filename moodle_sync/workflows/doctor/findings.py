"""What the doctor finds: one finding a check, one line a finding, and the exit code that they make together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Any

JSON = Any
_WIDTH = 19


class Mark(StrEnum):
    """How a check came out."""

    OK = "ok"
    FAILED = "failed"
    WARNING = "warning"
    UNKNOWN = "unknown"
    """Moodle does not tell: somebody has to look."""


_SYMBOLS = {Mark.OK: "✓", Mark.FAILED: "✗", Mark.WARNING: "!", Mark.UNKNOWN: "?"}


class Area(IntEnum):
    """What a check is about; the value is the exit code when it fails."""

    CONFIG = 2
    LEDGER = 4
    MOODLE = 5


# What a wrong configuration makes doubtful is everything else; then as everywhere: the ledger before Moodle.
_RANK = (Area.CONFIG, Area.LEDGER, Area.MOODLE)


@dataclass(frozen=True)
class Finding:
    """One check: its name, how it came out, one sentence, what belongs to it, and what to do."""

    area: Area
    name: str
    mark: Mark
    sentence: str
    details: tuple[str, ...] = ()
    hint: str = ""
    names: tuple[str, ...] = ()
    """Whatever the finding is about, by name, for a program: functions, capabilities."""

    def lines(self) -> list[str]:
        """For a person: the check, its details, then the arrow that says where to go."""
        lines = [f"{_SYMBOLS[self.mark]} {self.name:<{_WIDTH}}{self.sentence}"]
        lines += [f"    {detail}" for detail in self.details]
        if self.hint and self.mark is not Mark.OK:
            lines.append(f"      → {self.hint}")
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "name": self.name,
            "mark": self.mark.value,
            "message": self.sentence,
            "details": list(self.details),
            "hint": self.hint,
            "names": list(self.names),
        }


def exit_code(findings: Sequence[Finding]) -> int:
    """0 when nothing failed, whatever was warned about or could not be told; else the code of the first area."""
    failed = {finding.area for finding in findings if finding.mark is Mark.FAILED}
    return next((int(area) for area in _RANK if area in failed), 0)


def columns(rows: Sequence[tuple[str, str]]) -> tuple[str, ...]:
    """Two columns, the first as wide as its longest text."""
    width = max((len(first) for first, _ in rows), default=0)
    return tuple(f"{first:<{width}}   {second}".rstrip() for first, second in rows)
