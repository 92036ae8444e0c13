"""The session report: one French page that holds everything it needs, for a manager, a trainer or an auditor.

Takes a view that was already judged and lays it out. No script and nothing from elsewhere: the page can be kept,
printed and read in ten years.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from moodle_sync.compliance import french, sentences
from moodle_sync.compliance.view import ActivityState, ObjectiveState, SessionView
from moodle_sync.reports import rows
from moodle_sync.reports.strip import strip

SYMBOLS = {
    ObjectiveState.ACQUIRED: "✓",
    ObjectiveState.IN_PROGRESS: "◐",
    ObjectiveState.NOT_ACQUIRED: "✗",
    ObjectiveState.NOT_ASSESSED: "○",
    ObjectiveState.RULE_MISSING: "§",
    ObjectiveState.VANISHED: "!",
    ObjectiveState.UNKNOWN: "?",
    ObjectiveState.NO_ACTIVITY: "–",
    ObjectiveState.ERASED: "×",
}
ACTIVITY_SYMBOLS = {
    ActivityState.DONE: "✓",
    ActivityState.DONE_LATE: "↷",
    ActivityState.DONE_UNDATED: "≈",
    ActivityState.FAILED: "✗",
    ActivityState.UNFINISHED: "◐",
    ActivityState.MISSING: "○",
    ActivityState.PENDING: "·",
    ActivityState.NOT_TRACKED: "–",
    ActivityState.VANISHED: "!",
    ActivityState.UNKNOWN: "?",
    ActivityState.ERASED: "×",
}
_NO_BREAK = re.compile(r" (?=[:;!?»%])|(?<=«) |(?<=n°) |(?<=\d) (?=h\b)|(?<=\bh) (?=\d\d\b)")


@dataclass(frozen=True)
class Checkpoint:
    """The ledger's head that the page refers to: the first ``size`` entries of ``shard`` have this ``root`` (text).

    ``published`` names, in words, where copies outside are; ``beside`` those on the ledger's own disk, which are none.
    """

    origin: str
    shard: int
    size: int
    root: str
    published: tuple[str, ...] = ()
    beside: tuple[str, ...] = ()

    def covers(self, entry: str) -> bool:
        """Whether an entry (``2026/17``, counted from 0) stands before this head."""
        shard, _, index = entry.partition("/")
        return (int(shard), int(index)) < (self.shard, self.size)


@dataclass(frozen=True)
class ReportContext:
    """What the page says besides the view: where the evidence comes from, and up to where it is sealed.

    ``last_entry`` is the last entry about the session in the ledger (``2026/212``), empty when there is none.
    ``simulated`` puts a banner on the page. ``version`` is that of moodle_sync.
    """

    site: str
    last_entry: str
    checkpoint: Checkpoint | None
    simulated: bool
    programme_digest: str
    version: str


def session_report(view: SessionView, context: ReportContext) -> str:
    """The whole page as HTML text. Every name and text is escaped; the same arguments give the same text anywhere."""
    template = _environment(view.timezone).get_template("fr/session.html.j2")
    return template.render(
        view=view,
        context=context,
        strip=strip(view.timeline, ZoneInfo(view.timezone)),
        timeline=rows.split_timeline(view),
        activity_rows=rows.activity_rows(view),
        confirmations=rows.confirmations(view.to_confirm),
        legend=rows.legend(view),
        words=sentences.STATE_WORDS,
        symbols=SYMBOLS,
        activity_words=sentences.ACTIVITY_WORDS,
        activity_symbols=ACTIVITY_SYMBOLS,
    )


def french_spaces(text: str) -> str:
    """The same text with no line break where French allows none: before ``: ; ? ! »``, after ``«``, in ``17 h 30``."""
    return _NO_BREAK.sub("\u00a0", text)


@cache
def _environment(timezone: str) -> Environment:
    zone = ZoneInfo(timezone)

    def local_day(moment: datetime) -> str:
        return french.day(moment.astimezone(zone).date())

    environment = Environment(
        loader=PackageLoader("moodle_sync.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Callable[..., str]] = {
        "fr": french_spaces,
        "day": lambda moment: french_spaces(local_day(moment)),
        "when": lambda moment: french_spaces(french.when(moment, zone)),
        "seconds": lambda moment: french.to_the_second(moment, zone),
        "clock": lambda moment: french_spaces(french.clock(moment, zone)),
        "hours": french.hours,
        "number": french.number,
    }
    environment.filters.update(filters)
    return environment
