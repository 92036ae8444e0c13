"""What needs somebody, most urgent first: findings about the same thing put together, with who acts and by when.

Nothing is judged again here: it groups the cells that the rules answered. A learner who is no longer enrolled appears
once, for the enrolment, and not again for each piece of work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from moodle_sync.compliance import objectives, sentences
from moodle_sync.compliance.activities import RULE_PLACEMENT
from moodle_sync.compliance.basis import Basis
from moodle_sync.compliance.evidence import in_order
from moodle_sync.compliance.verdict import Finding, Verdict
from moodle_sync.compliance.view import ActivityState, LearnerRow, ObjectiveState, ToConfirm, Todo
from moodle_sync.spec.models import AnyActivity, Assignment

SOON = timedelta(days=14)
"""What is still to come is listed this long before its date: a choice of presentation, no rule depends on it."""
RULE_CONFIRM = "to_confirm"

_RANK = {Verdict.BREACH: 0, Verdict.GAP: 1, Verdict.PENDING: 3, Verdict.UNKNOWN: 4}
_WHO_OBJECTIVE = {
    ObjectiveState.NOT_ASSESSED: sentences.TRAINERS_AND_LEARNERS,
    ObjectiveState.IN_PROGRESS: sentences.TRAINERS,
    ObjectiveState.NOT_ACQUIRED: sentences.TRAINERS,
    ObjectiveState.VANISHED: sentences.ADMINISTRATOR,
    ObjectiveState.RULE_MISSING: sentences.MANAGER,
    ObjectiveState.UNKNOWN: sentences.MANAGER,
}
_WHO_ACTIVITY = {
    ActivityState.MISSING: sentences.LEARNERS,
    ActivityState.PENDING: sentences.LEARNERS,
    ActivityState.UNFINISHED: sentences.LEARNERS,
    ActivityState.FAILED: sentences.LEARNERS,
    ActivityState.VANISHED: sentences.ADMINISTRATOR,
    ActivityState.NOT_TRACKED: sentences.MANAGER,
    ActivityState.DONE_UNDATED: sentences.MANAGER,
    ActivityState.UNKNOWN: sentences.MANAGER,
}
Group = dict[tuple[str, ...], list[tuple[LearnerRow, Finding]]]


def todos(
    basis: Basis, rows: Sequence[LearnerRow], findings: Sequence[Finding], to_confirm: Sequence[ToConfirm]
) -> tuple[Todo, ...]:
    """Everything that needs somebody: breaches, overdue, undated gaps, what is due soon, then what is unknown."""
    here = [row for row in rows if row.enrolment.verdict not in (Verdict.GAP, Verdict.ERASED)]
    found = [
        *_about_session(basis, findings),
        *_about_enrolments(basis, rows),
        *_about_objectives(basis, here),
        *_about_activities(basis, here),
        *_about_confirmations(to_confirm),
    ]
    return tuple(sorted(found, key=lambda todo: _urgency(basis, todo)))


def _about_session(basis: Basis, findings: Sequence[Finding]) -> Iterator[Todo]:
    for finding in findings:
        if _needs_somebody(basis, finding):
            who = sentences.MANAGER if finding.rule == objectives.RULE_OF_PROGRAMME else sentences.PROVIDER
            yield Todo(finding, finding.sentence, who, _deadline(basis, finding), ())


def _about_enrolments(basis: Basis, rows: Sequence[LearnerRow]) -> Iterator[Todo]:
    def said(verdict: Verdict) -> list[tuple[LearnerRow, Finding]]:
        return [(row, row.enrolment) for row in rows if row.enrolment.verdict == verdict]

    if said(Verdict.BREACH):
        late = said(Verdict.BREACH)
        yield _todo(basis, late, sentences.late_enrolments(len(late)), sentences.PROVIDER)
    if said(Verdict.UNKNOWN):
        undated = said(Verdict.UNKNOWN)
        yield _todo(basis, undated, sentences.undated_enrolments(len(undated)), sentences.PROVIDER)
    for row, finding in said(Verdict.GAP):
        yield _todo(basis, [(row, finding)], sentences.left(row.name, finding.sentence), sentences.PROVIDER)


def _about_objectives(basis: Basis, rows: Sequence[LearnerRow]) -> Iterator[Todo]:
    for column, objective in enumerate(basis.framework.objectives):
        assessing = [activity for _, activity in basis.assessing(objective)]
        rubric = bool(assessing) and all(isinstance(item, Assignment) and item.rubric for item in assessing)
        groups: Group = {}
        for row in rows:
            cell = row.cells[column]
            if cell.state in _WHO_OBJECTIVE and _needs_somebody(basis, cell.finding):
                reason = " ; ".join(item.reason for item in cell.assessments if item.state == cell.state)
                same = reason if cell.state == ObjectiveState.UNKNOWN else ""
                groups.setdefault((cell.state, cell.finding.verdict, same), []).append((row, cell.finding))
        for (value, _, reason), members in groups.items():
            state = ObjectiveState(value)
            text = sentences.about_objective(objective.key, state, len(members), rubric=rubric, reason=reason)
            yield _todo(basis, members, text, _WHO_OBJECTIVE[state])


def _about_activities(basis: Basis, rows: Sequence[LearnerRow]) -> Iterator[Todo]:
    followed = {key: activity for key, activity in basis.activities if not _completed_by_grading(activity)}
    groups: Group = {}
    for row in rows:
        for cell in row.activities:
            key = cell.finding.activity or ""
            if key in followed and cell.state in _WHO_ACTIVITY and _needs_somebody(basis, cell.finding):
                why = cell.finding.sentence if cell.finding.verdict == Verdict.UNKNOWN else ""
                group = (key, cell.state, cell.finding.verdict, cell.finding.rule, why)
                groups.setdefault(group, []).append((row, cell.finding))
    for (key, value, _, rule, why), members in groups.items():
        state, placement = ActivityState(value), rule == RULE_PLACEMENT
        title = followed[key].title
        text = sentences.about_activity(title, state, len(members), placement=placement, reason=why)
        yield _todo(basis, members, text, _WHO_ACTIVITY[state])


def _about_confirmations(to_confirm: Sequence[ToConfirm]) -> Iterator[Todo]:
    if to_confirm:
        sentence = sentences.confirmations(len(to_confirm))
        finding = Finding(RULE_CONFIRM, Verdict.UNKNOWN, sentence)
        yield Todo(finding, sentence, sentences.MANAGER, sentences.NO_DEADLINE, ())


def _completed_by_grading(activity: AnyActivity) -> bool:
    # its completion waits for the grading, which is already asked for under its objective
    graded = {"graded", "passed"} & set(activity.complete_when)
    return bool(activity.objectives) and isinstance(activity, Assignment) and bool(graded)


def _todo(basis: Basis, members: Sequence[tuple[LearnerRow, Finding]], text: str, who: str) -> Todo:
    first = members[0][1]
    dues = [finding.due for _, finding in members if finding.due is not None]
    finding = Finding(
        rule=first.rule,
        verdict=first.verdict,
        sentence=text,
        entries=in_order(entry for _, item in members for entry in item.entries),
        due=min(dues, default=None),
        objective=first.objective,
        activity=first.activity,
    )
    return Todo(finding, text, who, _deadline(basis, finding), tuple(row.name for row, _ in members))


def _needs_somebody(basis: Basis, finding: Finding) -> bool:
    if finding.verdict == Verdict.PENDING:
        return finding.due is not None and finding.due - basis.as_of <= SOON
    return finding.verdict in (Verdict.GAP, Verdict.BREACH, Verdict.UNKNOWN)


def _deadline(basis: Basis, finding: Finding) -> str:
    # a date says by when to act only where acting before it would have helped
    if finding.due is None or finding.verdict in (Verdict.UNKNOWN, Verdict.BREACH):
        return sentences.NO_DEADLINE
    days = (finding.due.astimezone(basis.zone).date() - basis.as_of.astimezone(basis.zone).date()).days
    when = basis.when(finding.due)
    return sentences.overdue(-days, when) if basis.past(finding.due) else sentences.deadline(days, when)


def _urgency(basis: Basis, todo: Todo) -> tuple[int, datetime, str]:
    finding = todo.finding
    rank = _RANK[finding.verdict]
    if finding.verdict == Verdict.GAP and finding.due is None:
        rank = 2
    return rank, finding.due or basis.ends, todo.sentence
