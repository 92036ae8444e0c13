"""What carries a key of ours and is not ours: copies, and keys held twice. Reported or refused, never planned."""

from __future__ import annotations

from collections.abc import Iterable

from moodle_sync.errors import PlanConflict
from moodle_sync.state.resources import Stray


def copies(strays: Iterable[Stray]) -> list[str]:
    """One sentence for each idnumber that Moodle copied from another course (duplicated, imported or restored)."""
    return [
        f"{stray.idnumber} in course {stray.course} is a copy from another course: left alone"
        for stray in strays
        if not stray.duplicate
    ]


def refuse_duplicates(strays: Iterable[Stray]) -> None:
    """Refuse to go on where one key is held by two objects of one course.

    Raises:
        PlanConflict: naming every such key and the Moodle ids that hold it.
    """
    twice = [stray for stray in strays if stray.duplicate]
    if twice:
        named = "\n".join(f"  {stray.idnumber}: ids {', '.join(map(str, stray.ids))}" for stray in twice)
        raise PlanConflict(
            f"The same key is held twice:\n{named}",
            hint="Empty the ID number of the one that is not ours in Moodle, then plan again.",
        )
