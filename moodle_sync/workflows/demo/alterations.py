"""After the story: one field of each managed kind and one fact of each kind are changed, and have to be named.

Nothing here judges: what was changed stands beside what plan and pull found, and both go into the demo's document.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moodle_sync.config import Settings
from moodle_sync.facts.models import NOBODY
from moodle_sync.plan.changes import Action
from moodle_sync.state.desired import person_local_key
from moodle_sync.workflows import ledger, plan, pull
from moodle_sync.workflows.demo.clock import StageClock
from moodle_sync.workflows.demo.edits import Edit, Names, aggregate, edit_by_hand, suspend, write_behind
from moodle_sync.workflows.demo.people import NOTIONS, Ws, attempt_quiz, fill_rubric, read_page
from moodle_sync.workflows.demo.story import ABSENT, SYNERGIES, Stage
from moodle_sync.workflows.keys import person_digests

JSON = Any
_SUSPENDED = 3
"""The learner whose enrolment is edited."""


def alter_before_work(settings: Settings, stage: Stage, push: Ws) -> tuple[set[Edit], set[Edit]]:
    """Edit what Moodle locks once learners have completed something, and put it back.

    Returns:
        What was edited, and what a plan named.
    """
    names = _names(settings, stage)
    edits = {aggregate(push, names, stage.course, "any")}
    found = _drift(settings)
    aggregate(push, names, stage.course, "all")
    return edits, found


def alter_after_work(settings: Settings, stage: Stage, push: Ws) -> tuple[set[Edit], set[Edit]]:
    """Edit a field of every other managed kind, and leave it.

    Returns:
        What was edited, and what a plan names that it did not name before.
    """
    names, ws = _names(settings, stage), stage.editor.ws
    before = _drift(settings)  # who was suspended or left is drift already
    edits = edit_by_hand(ws, push, names, stage.course)
    learner = stage.learners[_SUSPENDED]
    person = person_local_key(person_digests(settings)(learner.idnumber))
    edits.add(suspend(ws, names, stage.course, learner.userid, person))
    return edits, _drift(settings) - before


def change_facts(settings: Settings, stage: Stage, clock: StageClock, push: Ws) -> dict[str, JSON]:
    """Change one fact of each kind, and see which entries a pull adds."""
    pull.pull(settings, [], budget=None, progress=lambda line: None)
    before = sum(1 for _ in _facts(settings, stage))
    ann, bob, _, _, eve = stage.learners[:5]
    absent, ws, course = stage.learners[ABSENT], stage.editor.ws, stage.course
    [group] = ws("core_group_create_groups", groups=[{"courseid": course.id, "name": "Relecture", "description": ""}])
    ws("core_group_add_group_members", members=[{"groupid": group["id"], "userid": bob.userid}])
    read_page(eve, course, "M2.methodes")
    # The quiz is closed by now: the attempt is one that Moodle comes up with late.
    clock.moment = stage.after(2)
    attempt_quiz(eve, course, "M2.notions", NOTIONS, share=0.2, finish=True)
    clock.moment = None
    scores = dict(zip(SYNERGIES, (4, 2, 2), strict=True))
    fill_rubric(stage.trainers[0], course, "M1.synergies", ann, scores, "")
    ws("enrol_manual_unenrol_users", enrolments=[{"userid": absent.userid, "courseid": course.id}])
    # The questionnaire that stays open longest is closed early: now it may be summed up.
    closing = {"key": "suivi", "modname": "feedback", "fields": {"due": int(stage.after(35).timestamp())}}
    write_behind(push, settings.site.namespace, course, "upsert_activities", closing)
    expected = {
        ("enrolment", bob.userid),
        ("activity_completion", eve.userid),
        ("course_completion", eve.userid),
        ("quiz_attempt", eve.userid),
        ("rubric_filling", ann.userid),
        ("grade", ann.userid),
        ("grade", eve.userid),
        ("vanished", absent.userid),
        ("feedback_analysis", NOBODY),
    }
    pull.pull(settings, [], budget=None, progress=lambda line: None)
    named = {NOBODY: "nobody"} | {person.userid: person.fullname for person in stage.learners}
    return {
        "facts": sorted(f"{kind} of {named[userid]}" for kind, userid in expected),
        "found": sorted({f"{kind} of {named.get(userid, userid)}" for kind, userid in _facts(settings, stage, before)}),
    }


def _names(settings: Settings, stage: Stage) -> Names:
    namespace = settings.site.namespace
    return Names(
        namespace,
        stage.course.idnumber,
        f"{namespace}:cooperation-territoriale@2026-02",
        f"{namespace}:formations",
        stage.session.groups[-1].key,
    )


def _drift(settings: Settings) -> set[Edit]:
    return {
        (change.kind.value, change.key, field.name)
        for change in plan.make_plan(settings, []).plan.changes
        if change.action is Action.DRIFT
        for field in change.fields
    }


def _facts(settings: Settings, stage: Stage, start: int = 0) -> Iterator[tuple[str, int]]:
    """Kind and learner of every fact in the ledger, those before ``start`` left out."""
    with ledger.open_ledger(settings, readonly=True) as opened:
        facts = [entry.fact for entry in opened.facts(stage.course.idnumber) if entry.fact is not None]
    yield from ((fact.kind, fact.userid) for fact in facts[start:])
