"""The activities of a programme: what they refer to, what can never come true, and how long their keys get."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from moodle_sync import ids
from moodle_sync.inputs.document import Field
from moodle_sync.inputs.suggest import did_you_mean
from moodle_sync.spec.activity import kind_of
from moodle_sync.spec.models import (
    AnyActivity,
    Assignment,
    Feedback,
    FileResource,
    Framework,
    Programme,
    Quiz,
)
from moodle_sync.spec.rules.acquired import check_acquired
from moodle_sync.spec.rules.dates import check_dates
from moodle_sync.spec.rules.findings import Notes
from moodle_sync.spec.specs import local_key


def check_activities(notes: Notes, programme: Programme, namespace: str, roles: Collection[str]) -> None:
    """Everything that concerns one activity, for each of them."""
    framework = _known_framework(notes, programme)
    for path, key, activity in with_paths(programme):
        _check_completion(notes, programme, path, activity)
        check_dates(notes, programme, path, activity)
        if isinstance(activity, Assignment | Quiz):
            _check_objectives(notes, programme, path, activity, framework)
            _check_grade(notes, programme, path, activity)
            if isinstance(activity, Assignment):
                _check_rubric(notes, programme, path, activity)
            else:
                _check_named(notes, programme, (*path, "questions"), "file", activity.questions, notes.specs.questions)
            check_acquired(notes, programme, path, activity)
        if isinstance(activity, Feedback):
            _check_named(notes, programme, (*path, "survey"), "survey", activity.survey, notes.specs.surveys)
        if isinstance(activity, FileResource):
            _check_named(notes, programme, (*path, "path"), "file", activity.path, notes.specs.files)
        if isinstance(activity, Quiz | Feedback):
            _check_role(notes, programme, path, activity, roles)
        _check_length(notes, programme, path, key, activity, namespace)


def with_paths(programme: Programme) -> Iterator[tuple[Field, str, AnyActivity]]:
    """Every activity with its place in the file and its key within the course."""
    for number, module in enumerate(programme.modules):
        for index, activity in enumerate(module.activities):
            yield ("modules", number, "activities", index), local_key(module, activity), activity
    for index, activity in enumerate(programme.outside_modules):
        yield ("outside_modules", index), local_key(None, activity), activity


def _known_framework(notes: Notes, programme: Programme) -> Framework | None:
    if programme.framework_version is None:
        return notes.specs.latest_framework(programme.framework)
    return notes.specs.frameworks.get((programme.framework, programme.framework_version))


def _check_objectives(
    notes: Notes, programme: Programme, path: Field, activity: Assignment | Quiz, framework: Framework | None
) -> None:
    known = {objective.key: objective.title for objective in framework.objectives} if framework else {}
    for index, key in enumerate(activity.assesses):
        if framework is not None and key not in known:
            message = f'framework "{framework.framework}" has no objective "{key}"{did_you_mean(key, known)}'
            notes.problem(programme, (*path, "assesses", index), message)
        elif key in activity.assesses[:index]:
            notes.problem(programme, (*path, "assesses", index), f'"{key}" stands here twice: take one out')


def _check_completion(notes: Notes, programme: Programme, path: Field, activity: AnyActivity) -> None:
    wanted: tuple[str, ...] = activity.complete_when
    where = (*path, "complete_when")
    if "marked" in wanted and len(wanted) > 1:
        message = '"marked" means that learners tick it off themselves: it stands alone, or is taken out'
        notes.problem(programme, where, message)
    if "passed" in wanted and isinstance(activity, Assignment | Quiz) and activity.grade_pass is None:
        notes.problem(programme, where, '"passed" needs "grade_pass": write from which grade on it is passed')
    if "submitted" in wanted and isinstance(activity, Assignment) and not activity.submit:
        message = 'nothing can be handed in ("submit" is empty), so "submitted" never comes true: take it out'
        notes.problem(programme, where, message)


def _check_grade(notes: Notes, programme: Programme, path: Field, activity: Assignment | Quiz) -> None:
    if activity.grade_max == 0:
        notes.problem(programme, (*path, "grade_max"), "a highest grade of 0 leaves nothing to grade: write at least 1")
    elif activity.grade_pass is not None and activity.grade_pass > activity.grade_max:
        message = f"nobody can reach {activity.grade_pass}: the highest grade is {activity.grade_max}"
        notes.problem(programme, (*path, "grade_pass"), message)


def _check_rubric(notes: Notes, programme: Programme, path: Field, activity: Assignment) -> None:
    places = {key: notes.file_of(rubric) for key, rubric in notes.specs.rubrics.items()}
    if activity.rubric is not None and activity.rubric not in places:
        hint = did_you_mean(activity.rubric, places, places)
        notes.problem(programme, (*path, "rubric"), f'there is no rubric "{activity.rubric}"{hint}')


def _check_named(notes: Notes, programme: Programme, path: Field, what: str, name: str, there: Collection[str]) -> None:
    if name not in there:
        notes.problem(programme, path, f'there is no {what} "{name}"{did_you_mean(name, there)}')


def _check_role(
    notes: Notes, programme: Programme, path: Field, activity: Quiz | Feedback, roles: Collection[str]
) -> None:
    if roles and activity.role is not None and activity.role not in roles:
        hint = did_you_mean(activity.role, roles)
        notes.problem(programme, (*path, "role"), f'mappings/roles.yaml has no role "{activity.role}"{hint}')


def _check_length(
    notes: Notes, programme: Programme, path: Field, key: str, activity: AnyActivity, namespace: str
) -> None:
    """Composed idnumbers, in the session with the longest key: an activity's, and those of a quiz's questions."""
    sessions = notes.specs.sessions_of(programme)
    if not sessions:
        return
    longest = max(sessions, key=lambda one: len(one.session)).session
    course = ids.CourseKey(namespace, programme.programme, longest)
    own = course.child(key)
    if ids.too_long(course.idnumber) is not None:
        return  # told at the session
    if (message := ids.too_long(own)) is not None:
        notes.problem(programme, (*path, kind_of(activity)), message)
    elif isinstance(activity, Quiz) and activity.questions in notes.specs.questions:
        question = max(notes.specs.questions[activity.questions].ids, key=len)
        if (message := ids.too_long(f"{own}.{question}")) is not None:
            notes.problem(programme, (*path, "questions"), message)
