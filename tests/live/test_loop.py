"""The loop on one site, in order: plan, apply, people at work, pull, verify, report. ``test_loop_later`` goes on.

Each test stands on those before it, as a night stands on the day: run the folder whole. What a site without the
companion cannot do is blocked by name there, and the rest holds by the core route.
"""

import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from livesupport import questionnaires
from livesupport.edits import enrol_by_hand
from livesupport.folder import Folder
from livesupport.questionnaires import HOUR, Times
from livesupport.site import LiveSite
from livesupport.story import (
    ANIMATION,
    HALF_DAYS,
    KINDS,
    LEARNERS,
    SYNERGIES,
    blocked,
    count,
    done,
    open_kinds,
    pull,
    sealed,
)
from livesupport.tool import moodle_sync, to_do

from moodle_sync.workflows.demo.edits import write_behind
from moodle_sync.workflows.demo.people import NOTIONS, Course, attempt_quiz, fill_rubric, hand_in, read_page

BLOCKED = {
    "section": 3,
    "activity": 23,
    "rubric": 8,
    "activity_competency": 8,
    "course_completion": 1,
    "event": HALF_DAYS,
    "enrolment": LEARNERS + 2,
    "group": 2,
}
"""How many objects of each kind the programme has that only the companion makes."""
OPTIONS = [4, 4, 3, 3, 2, 4]
"""What the first six learners choose, of four options: 3.3333 in the mean, and 7.78 on the scale from 0 to 10."""


# ---- files into Moodle ----------------------------------------------------------------------------------------------


def test_ledger_init_makes_every_part_once(folder: Folder) -> None:
    made = done(moodle_sync(folder, "ledger", "init"))
    for file in made["files"]:
        path = Path(file.removeprefix("sqlite:///"))
        assert path.exists()
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, file
    assert moodle_sync(folder, "ledger", "init").code == 4


def test_plan_of_an_empty_site_creates_what_it_can_and_names_what_is_blocked(folder: Folder, live: LiveSite) -> None:
    answer = moodle_sync(folder, "plan", "--out", str(folder.path / "plan.json"))
    document = done(answer)
    assert {change["kind"] for change in document["changes"] if change["action"] == "create"} == open_kinds(live)
    assert {change["kind"] for change in document["changes"]} == KINDS
    assert {change["action"] for change in document["changes"]} <= {"create", "blocked"}
    assert blocked(answer) == ({} if live.companion else BLOCKED)


def test_plan_names_no_person(folder: Folder, live: LiveSite) -> None:
    text = (folder.path / "plan.json").read_text(encoding="utf-8")
    for actor in (*live.learners, *live.trainers):
        for word in (actor.idnumber, actor.username, actor.fullname):
            assert word not in text


def test_apply_does_every_change_and_reads_it_back(folder: Folder) -> None:
    document = done(moodle_sync(folder, "apply", str(folder.path / "plan.json")))
    assert document["failed"] == []
    count("apply", document["requests"])


def test_apply_of_a_plan_already_done_is_stale(folder: Folder) -> None:
    assert moodle_sync(folder, "apply", str(folder.path / "plan.json")).code == 3


def test_plan_again_is_empty(folder: Folder, live: LiveSite) -> None:
    answer = moodle_sync(folder, "plan")
    assert (to_do(answer), answer.document["counts"]["writes"]) == ([], 0)
    assert blocked(answer) == ({} if live.companion else BLOCKED)


@pytest.mark.without_companion("it makes the enrolments itself")
def test_people_enrolled_by_hand_are_blocked_no_longer(live: LiveSite, folder: Folder, course: Course) -> None:
    enrol_by_hand(live.editor.ws, course, "student", live.learners[:LEARNERS])
    enrol_by_hand(live.editor.ws, course, "teacher", live.trainers)
    answer = moodle_sync(folder, "plan")
    assert to_do(answer) == []
    assert blocked(answer) == {kind: number for kind, number in BLOCKED.items() if kind != "enrolment"}


@pytest.mark.needs_companion("course completion is set by it")
def test_course_completion_edited_by_hand_is_drift(live: LiveSite, folder: Folder, course: Course) -> None:
    def aggregate(how: str) -> None:
        item = {"key": "completion", "fields": {"aggregation": how}}
        write_behind(live.push, folder.namespace, course, "set_course_completion", item)

    aggregate("any")
    key = f"{folder.course}:completion"
    assert to_do(moodle_sync(folder, "plan")) == [("drift", "course_completion", key, ("aggregation",))]
    aggregate("all")
    assert to_do(moodle_sync(folder, "plan")) == []


# ---- people at work -------------------------------------------------------------------------------------------------


@pytest.mark.needs_companion("it makes the activities that people work in")
def test_people_work_in_the_course(live: LiveSite, course: Course) -> None:
    ann, bob, cleo, dan, eve, fay, gus = live.learners[:LEARNERS]
    trainer, second = live.trainers[:2]
    for learner in (ann, bob, cleo, eve):
        read_page(learner, course, "bienvenue")
    attempt_quiz(ann, course, "M2.notions", NOTIONS, share=1.0, finish=True)
    attempt_quiz(bob, course, "M2.notions", NOTIONS, share=0.2, finish=True)
    attempt_quiz(cleo, course, "M2.notions", NOTIONS, share=0.5, finish=False)
    attempt_quiz(fay, course, "M2.notions", NOTIONS, share=0.0, finish=True)
    attempt_quiz(fay, course, "M2.notions", NOTIONS, share=1.0, finish=True)
    for learner in (ann, bob, eve):
        hand_in(learner, course, "M1.synergies", f"<p>Note de synthèse et carte ({learner.username}).</p>")
    hand_in(gus, course, "M2.plan-daction", "<p>Plan d'action.</p>")
    fill_rubric(trainer, course, "M1.synergies", ann, dict(zip(SYNERGIES, (5, 2, 1), strict=True)), "argumenté")
    fill_rubric(trainer, course, "M1.synergies", bob, dict(zip(SYNERGIES, (3, 1, 1), strict=True)), "à compléter")
    fill_rubric(second, course, "M2.animation", eve, dict(zip(ANIMATION, (2, 1, 2, 1), strict=True)), "posé")
    assert dan.ws.calls <= 1, "one learner does nothing at all"


@pytest.mark.needs_companion("it makes the questionnaires")
def test_people_answer_questionnaires_before_they_close(
    live: LiveSite, folder: Folder, course: Course, planned: dict[str, Times]
) -> None:
    """One anonymous and one named of enough answers, and an anonymous one of too few; all are closed at the end."""
    everybody = list(live.learners[:6])
    planned |= {key: questionnaires.times(live, folder, course, key) for key in ("appreciation", "besoins", "suivi")}
    for key, who, options in (("appreciation", everybody, OPTIONS), ("besoins", everybody[:5], OPTIONS[:5])):
        questionnaires.move(live, folder, course, key, due=questionnaires.now() + HOUR)
        questionnaires.answer(who, course, key, options)
        questionnaires.move(live, folder, course, key, due=planned[key]["due"])
    questionnaires.move(
        live, folder, course, "suivi", opens=questionnaires.now() - 2 * HOUR, due=questionnaires.now() + HOUR
    )
    questionnaires.answer(everybody[:3], course, "suivi", OPTIONS[:3])
    questionnaires.move(live, folder, course, "suivi", due=questionnaires.now() - 60)


# ---- results into the ledger ----------------------------------------------------------------------------------------


@pytest.mark.needs_companion("it makes the activities that people work in")
def test_pull_brings_every_kind_of_fact(folder: Folder) -> None:
    document = pull(folder)
    [pulled] = document["courses"]
    assert pulled["staged"]["new"] == pulled["facts"] > 0
    assert document["size"] == document["sealed"]
    count("pull", document["requests"])
    kinds = Counter(fact.kind for fact in sealed(folder))
    assert kinds["enrolment"] == LEARNERS
    assert kinds["quiz_attempt"] == 5
    assert kinds["rubric_filling"] == 3
    assert kinds["grade"] >= 6
    # Only what has happened is a fact: a learner who never opened anything has no completion to observe.
    assert kinds["course_completion"] == 5
    assert kinds["activity_completion"] >= 9
    assert kinds["feedback_analysis"] == 3


@pytest.mark.without_companion("there is more to pull there than enrolments")
def test_pull_brings_who_is_enrolled(folder: Folder, live: LiveSite) -> None:
    document = pull(folder)
    count("pull", document["requests"])
    assert document["size"] == document["sealed"] > LEARNERS
    told = {(fact.kind, fact.userid, fact.active, fact.roles) for fact in sealed(folder)}
    assert told == {("enrolment", learner.userid, True, ("student",)) for learner in live.learners[:LEARNERS]}


@pytest.mark.needs_companion("it makes the activities that people work in")
def test_facts_say_what_people_did(folder: Folder, live: LiveSite) -> None:
    ann, bob, cleo, *_ = live.learners
    facts = sealed(folder)
    attempts = {(f.userid, f.state, f.grade) for f in facts if f.kind == "quiz_attempt"}
    assert {(u, s, str(g)) for u, s, g in attempts if u == ann.userid} == {(ann.userid, "finished", "10")}
    assert {(u, s, g) for u, s, g in attempts if u == cleo.userid} == {(cleo.userid, "inprogress", None)}
    [filling] = [f for f in facts if f.kind == "rubric_filling" and f.userid == bob.userid]
    assert {(c.criterion, str(c.score)) for c in filling.criteria} == set(zip(SYNERGIES, ("3", "1", "1"), strict=True))
    assert filling.activity == "M1.synergies"
    assert filling.rater == live.trainers[0].userid
    states = {(f.userid, f.activity): f.state for f in facts if f.kind == "activity_completion"}
    assert states[ann.userid, "bienvenue"] == "complete"
    assert states[ann.userid, "M1.synergies"] == "complete"
    assert states[ann.userid, "M2.notions"] == "complete_pass"
    assert (live.learners[3].userid, "bienvenue") not in states


@pytest.mark.needs_companion("it makes the questionnaires")
def test_questionnaires_are_summed_up_without_telling_an_answer(folder: Folder) -> None:
    found = questionnaires.analyses(folder)
    assert {fact.userid for fact in found.values()} == {0}
    told = {key: (fact.anonymous, fact.answers, fact.asked, fact.withheld) for key, fact in found.items()}
    assert told == {
        "appreciation": (True, 6, LEARNERS, None),
        "besoins": (False, 5, LEARNERS, None),
        "suivi": (True, 3, LEARNERS, "few"),
    }
    assert found["suivi"].questions == ()
    rated = found["appreciation"].questions
    assert len(rated) == 4
    assert {(one.answers, str(one.mean), str(one.minimum), str(one.maximum)) for one in rated} == {
        (6, "3.3333", "1", "4")
    }
    target = folder.path / "export.ndjson"
    done(moodle_sync(folder, "ledger", "export", "--format", "ndjson", "--out", str(target)))
    text = target.read_text(encoding="utf-8")
    assert rated[0].question in text
    assert questionnaires.WORDS not in text


@pytest.mark.needs_companion("it makes the questionnaires")
def test_a_questionnaire_that_opens_again_is_not_summed_up_again(
    live: LiveSite, folder: Folder, course: Course, planned: dict[str, Times]
) -> None:
    """Three more answers make six, enough for means; told now, they would tell what these three answered."""
    before = questionnaires.analyses(folder)
    questionnaires.move(live, folder, course, "suivi", due=questionnaires.now() + HOUR)
    questionnaires.answer(list(live.learners[3:6]), course, "suivi", OPTIONS[3:])
    assert [line for line in pull(folder)["courses"][0]["warnings"] if "opened again" in line]
    questionnaires.move(live, folder, course, "suivi", due=questionnaires.now() - 60)
    pull(folder)
    assert questionnaires.analyses(folder) == before
    questionnaires.move(live, folder, course, "suivi", **planned["suivi"])
    assert to_do(moodle_sync(folder, "plan")) == []


def test_pull_again_adds_nothing(folder: Folder) -> None:
    document = pull(folder)
    assert (document["new_entries"], document["sealed"]) == (0, 0)


def test_ledger_verifies_with_its_payloads_and_its_outside_checkpoint(folder: Folder) -> None:
    document = done(moodle_sync(folder, "ledger", "verify", "--payloads"))
    assert document["ok"]
    assert document["unprotected_tail"] == document["entries"], "a folder on the ledger's own disk is no copy outside"
    kept = max((folder.path / "outside").rglob("*.checkpoint"))
    document = done(moodle_sync(folder, "ledger", "verify", "--checkpoint", str(kept)))
    assert (document["ok"], document["unprotected_tail"]) == (True, 0)


def test_ledger_with_one_byte_altered_does_not_verify(folder: Folder, tmp_path: Path) -> None:
    shutil.copytree(folder.path, tmp_path / "copy")
    copy = replace(folder, path=tmp_path / "copy")
    done(moodle_sync(copy, "ledger", "verify"))
    with sqlite3.connect(copy.path / "data" / "ledger.db") as database:
        for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            database.execute(f'DROP TRIGGER "{name}"')
        [(leaf,)] = database.execute("SELECT leaf FROM entry ORDER BY shard, idx LIMIT 1").fetchall()
        altered = leaf[:-2] + bytes([leaf[-2] ^ 1]) + leaf[-1:]
        database.execute("UPDATE entry SET leaf = ? WHERE leaf = ?", (altered, leaf))
    assert moodle_sync(copy, "ledger", "verify").code == 4


def test_report_names_every_learner_objective_and_entry(folder: Folder, live: LiveSite) -> None:
    target = folder.path / "report.html"
    done(moodle_sync(folder, "report", "session", folder.session, "--out", str(target)))
    page = target.read_text(encoding="utf-8")
    for learner in live.learners[:LEARNERS]:
        assert learner.fullname.split()[1] in page
    for objective in range(1, 9):
        assert f"O{objective}" in page
    assert "heures prévues" in page.lower()
    assert "présence : aucune trace" in page.lower()
    assert "<script" not in page
    if live.companion:
        assert "7,78\N{NO-BREAK SPACE}/ 10" in page or "7,78 / 10" in page
        assert "trop peu de réponses" in page
    assert target.stat().st_mode & 0o077 == 0
