"""One line a piece of work: what was reached, what the raw pipeline reached in the same run, and what was asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median


@dataclass(frozen=True)
class Result:
    """Medians over rounds. ``least``: what is to be reached, or with ``most`` what is not to be passed."""

    work: str
    values: Sequence[float]
    unit: str
    target: float
    most: bool = False
    raw: Sequence[float] = ()
    ratio: float | None = None
    """What part of the raw pipeline's rate is to be reached, at the least."""

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)

    @property
    def met(self) -> bool:
        """Whether all that was asked for was reached."""
        reached = self.value <= self.target if self.most else self.value >= self.target
        return reached and (self.ratio is None or self.value >= self.ratio * median(self.raw))


def lines(results: Sequence[Result]) -> list[str]:
    """The table as text."""
    head = ("work", "measured", "to reach", "raw pipeline", "of raw", "")
    rows = [head, *(_cells(result) for result in results)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(head))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _cells(result: Result) -> tuple[str, ...]:
    sign = "≤" if result.most else "≥"
    raw = f"{median(result.raw):,.0f}{result.unit}" if result.raw else ""
    share = f"{result.value / median(result.raw):.0%}" if result.raw else ""
    if result.ratio is not None:
        share += f" (≥ {result.ratio:.0%})"
    wanted, verdict = f"{sign} {_show(result.target, result.unit)}", "met" if result.met else "NOT MET"
    return result.work, _show(result.value, result.unit), wanted, raw, share, verdict


def _show(value: float, unit: str) -> str:
    return f"{value:,.1f}{unit}" if value < 100 else f"{value:,.0f}{unit}"
