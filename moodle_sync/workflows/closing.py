"""ledger close: close a year that is over with figures without personal data, or correct a closing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from moodle_sync.clock import utc_now
from moodle_sync.config import Settings
from moodle_sync.ledger.closing import require_closable
from moodle_sync.workflows.aggregates import count_year
from moodle_sync.workflows.ledger import open_ledger, sign

JSON = Any


@dataclass(frozen=True)
class Closed:
    """The closing of a year: its entry when it was sealed, None when it only was counted."""

    year: int
    entry: str | None
    corrects: str | None
    figures: dict[str, Any]

    def lines(self) -> list[str]:
        """For a person."""
        lines = [f"  {name}: {json.dumps(value, ensure_ascii=False)}" for name, value in self.figures.items()]
        if self.entry is None:
            return [f"{self.year} would be closed with:", *lines, "Nothing was sealed. To do it: --yes."]
        what = f", a correction of {self.corrects}" if self.corrects else ""
        return [f"{self.year} is closed, entry {self.entry}{what}:", *lines]

    def document(self) -> JSON:
        """For a program."""
        return {"year": self.year, "entry": self.entry, "corrects": self.corrects, "figures": self.figures}


def close(settings: Settings, year: int, *, correct: bool, yes: bool) -> Closed:
    """Close a year by hand; without ``yes`` only count it. The first seal of a new year does it by itself.

    Raises:
        UsageError: the year is not over, or the ledger holds nothing of it.
        PlanRefused: it is closed already, or what was counted has been erased since.
    """
    with open_ledger(settings, readonly=not yes) as ledger:
        if not yes:
            before = require_closable(ledger.store, year, utc_now(), correct=correct)
            figures = count_year(settings, ledger, year)
            return Closed(year, None, before.number if before else None, figures)
        made = ledger.close_year(year, correct=correct)
        sign(settings, ledger)
    return Closed(year, made.number, made.content.get("corrects"), made.content)
