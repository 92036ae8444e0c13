"""One pull of one course over the core route: survey, budget, then kind after kind, into one snapshot.

Nothing is kept between two pulls and nothing is compared here: the ledger does that. Whoever calls gives the time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from moodle_sync.collect.activity_completion import read_activity_completions
from moodle_sync.collect.budget import CallEstimate, Meter, estimate_of
from moodle_sync.collect.course_completion import read_course_completions
from moodle_sync.collect.enrolments import read_enrolments
from moodle_sync.collect.feedback_analyses import (
    SMALL_GROUP,
    Entered,
    Questionnaires,
    questionnaires,
    read_feedback_analyses,
)
from moodle_sync.collect.grades import read_grades
from moodle_sync.collect.keys import Known
from moodle_sync.collect.quiz_attempts import read_quiz_attempts
from moodle_sync.collect.reading import Reading
from moodle_sync.collect.rubric_fillings import read_rubric_fillings
from moodle_sync.collect.survey import Survey, survey
from moodle_sync.facts.models import Person, Snapshot
from moodle_sync.moodle.pull import PullClient
from moodle_sync.moodle.wire.site import EnrolledUser, UserRow

LEARNER_ROLES = frozenset({"student"})
"""Shortnames of the roles that make a person a learner, as Moodle is installed."""


def estimate(
    client: PullClient,
    course: str,
    *,
    learner_roles: frozenset[str] = LEARNER_ROLES,
    known: Known = dict,
) -> CallEstimate:
    """What a pull of this course costs, from a survey of it (a handful of calls, which the estimate contains).

    Raises:
        SiteError: as :func:`collect_course`.
    """
    meter = Meter(client.transport, None)
    found = survey(client, course, learner_roles, known)
    closing = sum(module.modname == "feedback" and module.closes is not None for module in found.modules)
    return _estimate(client, found, meter, closing)


def collect_course(
    client: PullClient,
    site: str,
    course_idnumber: str,
    observed_at: datetime,
    budget: int | None = None,
    *,
    learner_roles: frozenset[str] = LEARNER_ROLES,
    known: Known = dict,
    entered: Entered = dict,
    small_group: int = SMALL_GROUP,
    announce: Callable[[CallEstimate], None] | None = None,
) -> Snapshot:
    """Everything that Moodle tells of the learners of one course, now.

    Args:
        client: the site, with the pull token.
        site: the site's configured name, for the snapshot.
        course_idnumber: ``<namespace>:<programme>@<session>``.
        observed_at: now, aware.
        budget: how many calls this pull may make; None for any number.
        learner_roles: shortnames of the roles that make a person a learner.
        known: local keys of activities by cmid as they were told before, for a token that does not see the companion:
            Moodle does not tell an account that may not edit the idnumber of an activity without grades.
        entered: what is known already of questionnaires as a whole: these are not read again.
        small_group: below so many answers to a questionnaire nothing but their number is told.
        announce: told the cost before it is spent.

    Returns:
        The snapshot. A kind is in ``complete`` only when nothing of it was refused, warned about or visibly missing;
        ``warnings`` says what was.

    Raises:
        NotFound: there is no such course, or the account may not see it.
        DoneInPart: the pull would pass its budget; nothing but the survey was read.
        SiteError: the site cannot be reached, or refuses the survey.
    """
    meter = Meter(client.transport, budget)
    found = survey(client, course_idnumber, learner_roles, known)
    asked = questionnaires(found, observed_at, small_group, entered)
    cost = _estimate(client, found, meter, len(asked.due))
    if announce is not None:
        announce(cost)
    meter.admit(course_idnumber, cost)
    readings = list(_read(client, found, asked))
    return Snapshot(
        site=site,
        course=course_idnumber,
        release=client.site_info().release,
        observed_at=observed_at,
        complete=frozenset(reading.kind for reading in readings if reading.complete),
        facts=tuple(fact for reading in readings for fact in reading.facts),
        people=_people(client, found, {rater for reading in readings for rater in reading.raters}),
        definitions={key: value for reading in readings for key, value in reading.definitions.items()},
        warnings=(*found.warnings, *(warning for reading in readings for warning in reading.warnings)),
        calls=meter.calls,
        requests=meter.requests,
        untold=frozenset((reading.kind, userid) for reading in readings for userid in reading.untold),
    )


def _read(client: PullClient, found: Survey, asked: Questionnaires) -> Iterable[Reading]:
    yield read_enrolments(found)
    yield read_activity_completions(client, found)
    yield read_course_completions(client, found)
    yield read_quiz_attempts(client, found)
    yield read_grades(client, found)
    yield read_rubric_fillings(client, found)
    yield read_feedback_analyses(client, found, asked)


def _estimate(client: PullClient, found: Survey, meter: Meter, closing: int) -> CallEstimate:
    client.site_info()  # asked once a client, and needed for the snapshot: in the estimate, not after it
    return estimate_of(
        found,
        spent_calls=meter.calls,
        spent_requests=meter.requests,
        batched=client.transport.can_batch,
        closing=closing,
    )


def _people(client: PullClient, found: Survey, raters: set[int]) -> dict[int, Person]:
    wanted = {*found.learners, *raters}
    absent = sorted(wanted - set(found.enrolled))
    rows: list[EnrolledUser | UserRow] = [found.enrolled[userid] for userid in sorted(wanted & set(found.enrolled))]
    rows += client.users_by_field("id", absent)
    return {
        row.id: Person(userid=row.id, idnumber=row.idnumber, username=row.username, fullname=row.fullname)
        for row in rows
    }
