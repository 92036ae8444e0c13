"""The session in time: limit of enrolment, windows, training days, due dates, and where today stands among them."""

from __future__ import annotations

from moodle_sync.compliance import french, sentences
from moodle_sync.compliance.basis import SATISFACTION, Basis, is_placement, role
from moodle_sync.compliance.view import TimelineItem
from moodle_sync.spec.schedule import clock_times, resolve


def timeline(basis: Basis) -> tuple[TimelineItem, ...]:
    """Every moment and window of the session, in time order; ``as_of`` is the item of kind ``today``."""
    items = [_enrolment(basis), TimelineItem("today", sentences.TODAY, "", basis.as_of, None)]
    items += _windows(basis)
    items += _days(basis)
    return tuple(sorted(items, key=lambda item: (item.starts, item.kind, item.label)))


def _enrolment(basis: Basis) -> TimelineItem:
    limit = resolve(basis.programme.access.enrol_by, basis.session, closing=True)
    return TimelineItem("enrolment", sentences.ENROLMENT_LIMIT, "", limit, None)


def _windows(basis: Basis) -> list[TimelineItem]:
    found = []
    for _, activity in basis.activities:
        due, opens = basis.due(activity), basis.opens(activity)
        if is_placement(activity):
            found.append(
                TimelineItem("placement", activity.title, "", opens or due or basis.starts, due or basis.starts)
            )
        elif role(activity) == SATISFACTION:
            # what is sent after the session opens by then; one without any date has no place in time
            if opens is not None or due is not None:
                found.append(TimelineItem("survey", activity.title, "", opens or due or basis.ends, due))
        elif due is not None:
            detail = sentences.objectives_assessed(activity.objectives)
            found.append(TimelineItem("due", activity.title, detail, due, None))
    return found


def _days(basis: Basis) -> list[TimelineItem]:
    days: list[TimelineItem] = []
    for number, day in enumerate(basis.session.days, start=1):
        of_day = [item for item in basis.half_days if item.starts.astimezone(basis.zone).date() == day.date]
        texts = ["–".join(french.clock_of(item) for item in clock_times(text)) for text in day.half_days]
        days.append(
            TimelineItem("day", sentences.training_day(number), ", ".join(texts), of_day[0].starts, of_day[-1].ends)
        )
    return days
