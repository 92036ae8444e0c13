"""The drift stage: a plan made and thrown away. It says what people edited in Moodle and what waits for an apply."""

from __future__ import annotations

from moodle_sync.config import Settings
from moodle_sync.plan.changes import STOPS, Action, Change
from moodle_sync.workflows.plan import planning
from moodle_sync.workflows.reconcile.stage import Result

_REFUSED = 3
_SHOWN = 20


def look_for_drift(settings: Settings) -> Result:
    """Compare files and Moodle for every session. Code 3 when something is in conflict or refused.

    Raises:
        SpecError: the files are wrong. SiteError: Moodle. PlanRefused: a key that two objects hold, and the like.
    """
    with planning(settings, ()) as made:
        plan = made.plan
    edited = [change for change in plan.changes if change.action is Action.DRIFT]
    stopped = [change for change in plan.changes if change.action in STOPS]
    sentence = (
        f"{len(edited)} objects were edited in Moodle and are kept, {len(stopped)} are in conflict or refused, "
        f"{len(plan.writes)} changes wait for an apply"
    )
    shown = [_line(change) for change in (*stopped, *edited)]
    details = shown[:_SHOWN]
    if len(shown) > _SHOWN:
        details.append(f"and {len(shown) - _SHOWN} more: moodle-sync plan shows all of them")
    return Result(sentence, tuple(details), _REFUSED if stopped else 0)


def _line(change: Change) -> str:
    fields = ", ".join(field.name for field in change.fields)
    reason = f": {change.reason}" if change.reason else ""
    return f"{change.action.value} {change.kind.value} {change.key}{f' ({fields})' if fields else ''}{reason}"
