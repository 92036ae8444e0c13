"""The view of one session: the last step, in which every rule is asked and the answers are put in order.

The one function that reports call. It decides which evidence counts (of this session, observed by ``as_of``) and judges
nothing itself.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from moodle_sync.compliance import activities, learners, objectives, satisfaction
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.confirm import to_confirm
from moodle_sync.compliance.evidence import Evidence, EvidenceIndex
from moodle_sync.compliance.hours import hours, schedule_finding
from moodle_sync.compliance.timeline import timeline
from moodle_sync.compliance.todo import todos
from moodle_sync.compliance.verdict import Finding
from moodle_sync.compliance.view import LearnerRow, SessionView
from moodle_sync.spec.models import Assignment, Framework, Programme, Rubric, Session


def session_view(
    programme: Programme,
    framework: Framework,
    rubrics: Mapping[str, Rubric],
    session: Session,
    evidence: Sequence[Evidence],
    as_of: datetime,
    learner_roles: frozenset[str] = frozenset({"student"}),
) -> SessionView:
    """Everything that the evidence says of a session at one moment. The same arguments give the same view, anywhere.

    Args:
        programme: the version that the session is bound to.
        framework: the framework of that version.
        rubrics: by key, at least those that the programme's assignments name.
        session: the dated run.
        evidence: entries of one site in ledger order, up to a checkpoint. Facts of other courses are passed over;
            erased entries (no fact) count for this session: the caller selects them by the session of the entry.
        learner_roles: short names of the Moodle roles that make a person a learner.
        as_of: the moment of the view, aware. What was observed after it is left out and counted.

    Raises:
        ValueError: the evidence is out of order, the session runs another programme, or ``as_of`` is naive.
        SpecError: a date of the programme means nothing in the session (``validate`` finds these first).
    """
    if (session.programme, session.version) != (programme.programme, programme.version):
        raise ValueError(f"session {session.session} does not run {programme.programme} {programme.version}")
    if as_of.tzinfo is None:
        raise ValueError("as_of needs a time zone")
    moment = as_of.astimezone(UTC)
    own = [item for item in evidence if _belongs(item, session)]
    known = [item for item in own if item.observed_at <= moment]
    basis = Basis(programme, framework, rubrics, session, EvidenceIndex(known), moment, learner_roles)
    findings = _session_findings(basis)
    rows = tuple(_row(basis, subject) for subject in learners.learners(basis))
    confirm = to_confirm(programme, framework, _used(programme, rubrics), session)
    return SessionView(
        programme=programme.programme,
        version=programme.version,
        title=session.title or programme.title,
        programme_title=programme.title,
        session=session.session,
        place=session.place,
        trainers=session.trainers,
        timezone=session.timezone,
        as_of=moment,
        starts=basis.starts,
        ends=basis.ends,
        framework=framework.title,
        learners=rows,
        objectives=objectives.heads(basis),
        activities=activities.heads(basis),
        findings=findings,
        todos=todos(basis, rows, findings, confirm),
        timeline=timeline(basis),
        hours=hours(basis),
        questionnaires=satisfaction.lines(basis),
        to_confirm=confirm,
        entries=len(known),
        last_entry=known[-1].entry if known else "",
        left_out=len(own) - len(known),
    )


def _belongs(item: Evidence, session: Session) -> bool:
    # a course's idnumber is <namespace>:<programme>@<session>, and a ledger has one namespace
    wanted = f"{session.programme}@{session.session}"
    return item.fact is None or item.fact.course.partition(":")[2] == wanted


def _session_findings(basis: Basis) -> tuple[Finding, ...]:
    found = [learners.capacity(basis), schedule_finding(basis), *objectives.programme_findings(basis)]
    return tuple(finding for finding in found if finding is not None)


def _row(basis: Basis, subject: str) -> LearnerRow:
    return LearnerRow(
        key=subject,
        name=learners.name(basis, subject),
        erased=bool(basis.index.erased(subject)),
        enrolment=learners.enrolment(basis, subject),
        completion=activities.course_completion(basis, subject),
        cells=objectives.cells(basis, subject),
        activities=activities.cells(basis, subject),
    )


def _used(programme: Programme, rubrics: Mapping[str, Rubric]) -> list[Rubric]:
    items = [*programme.outside_modules, *(item for module in programme.modules for item in module.activities)]
    keys = {item.rubric for item in items if isinstance(item, Assignment) and item.rubric is not None}
    return [rubrics[key] for key in keys if key in rubrics]
