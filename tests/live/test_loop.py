"""The whole loop on one site, in order: plan, apply, people at work, pull, verify, report; then edits, then changes.

Each test stands on those before it, as a night stands on the day: run the file whole.
"""

import shutil
import sqlite3
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from livesupport import conformance
from livesupport.folder import Folder, write_enrolments
from livesupport.site import LiveSite
from livesupport.tool import Answer, changes, moodle_sync

from moodle_sync.workflows.demo.edits import edit_by_hand, write_behind
from moodle_sync.workflows.demo.people import (
    NOTIONS,
    Course,
    attempt_quiz,
    fill_rubric,
    find_course,
    hand_in,
    read_page,
)

SYNERGIES = ("Synergies argumentées", "Note de synthèse", "Cartographie")
ANIMATION = ("Clarté", "Cadre", "Participation", "Production")
LEARNERS = 7
KINDS = {
    "category",
    "framework",
    "competency",
    "course",
    "section",
    "activity",
    "rubric",
    "course_competency",
    "activity_competency",
    "course_completion",
    "event",
    "enrolment",
    "group",
}
HALF_DAYS = 20


def done(answer: Answer) -> Any:
    assert answer.code == 0, answer.log
    return answer.document


def count(who: str, number: int) -> None:
    conformance.requests[who] = conformance.requests.get(who, 0) + number


def pull(folder: Folder) -> Any:
    document = done(moodle_sync(folder, "pull"))
    [course] = document["courses"]
    assert course["incomplete"] == []
    return document


# ---- files into Moodle ----------------------------------------------------------------------------------------------


def test_ledger_init_makes_every_part_once(folder: Folder) -> None:
    made = done(moodle_sync(folder, "ledger", "init"))
    for file in made["files"]:
        path = Path(file.removeprefix("sqlite:///"))
        assert path.exists()
        assert path.is_dir() or path.stat().st_mode & 0o077 == 0, file
    assert moodle_sync(folder, "ledger", "init").code == 4


def test_plan_of_an_empty_site_creates_everything(folder: Folder) -> None:
    document = done(moodle_sync(folder, "plan", "--out", str(folder.path / "plan.json")))
    assert {change["action"] for change in document["changes"]} == {"create"}
    assert {change["kind"] for change in document["changes"]} == KINDS


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


def test_plan_again_is_empty(folder: Folder) -> None:
    assert changes(moodle_sync(folder, "plan")) == []


def test_course_completion_edited_by_hand_is_drift(live: LiveSite, folder: Folder, course: Course) -> None:
    def aggregate(how: str) -> None:
        item = {"key": "completion", "fields": {"aggregation": how}}
        write_behind(live.push, folder.namespace, course, "set_course_completion", item)

    aggregate("any")
    key = f"{folder.course}:completion"
    assert changes(moodle_sync(folder, "plan")) == [("drift", "course_completion", key, ("aggregation",))]
    aggregate("all")
    assert changes(moodle_sync(folder, "plan")) == []


# ---- people at work -------------------------------------------------------------------------------------------------


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


# ---- results into the ledger ----------------------------------------------------------------------------------------


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


def sealed(folder: Folder) -> list[Any]:
    """The facts of the course, read from the ledger as the report reads them."""
    from moodle_sync.config import load_settings
    from moodle_sync.workflows.ledger import open_ledger

    with open_ledger(load_settings(folder.path / "config.toml"), readonly=True) as ledger:
        return [entry.fact for entry in ledger.facts(folder.course) if entry.fact is not None]


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


def test_pull_again_adds_nothing(folder: Folder) -> None:
    document = pull(folder)
    assert (document["new_entries"], document["sealed"]) == (0, 0)


def test_ledger_verifies_with_its_payloads_and_its_outside_checkpoint(folder: Folder) -> None:
    document = done(moodle_sync(folder, "ledger", "verify", "--payloads"))
    assert document["ok"]
    assert document["unprotected_tail"] == 0


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
    assert target.stat().st_mode & 0o077 == 0


# ---- the files move on ----------------------------------------------------------------------------------------------


def test_session_moved_is_an_update_of_exactly_what_hangs_on_it(folder: Folder, live: LiveSite) -> None:
    """A later last day, another place and a mended text: no result of a learner changes."""
    file = folder.path / "course_specs" / "sessions" / f"{folder.session}.yaml"
    text = file.read_text(encoding="utf-8").replace("place: Marseille", "place: Marseille et Aubagne")
    last = text.rindex("{date: ") + len("{date: ")
    later = date.fromisoformat(text[last : last + 10]) + timedelta(days=1)
    text = f"{text[:last]}{later}{text[last + 10 :]}"
    erratum = '{field: modules.M2.activities.methodes.title, text: "Méthodes", author: "A", reason: "coquille"}'
    text += f"errata:\n  - {erratum}\n"
    file.write_text(text, encoding="utf-8")
    write_enrolments(folder.path, folder.session, live, LEARNERS + 1)
    plan = folder.path / "plan.json"
    found = changes(moodle_sync(folder, "plan", "--out", str(plan)))
    child = f"{folder.course}:"
    assert {(action, kind, key, fields) for action, kind, key, fields in found if kind != "enrolment"} == {
        ("update", "course", folder.course, ("summary", "enddate")),
        ("update", "activity", f"{child}M2.participation", ("due",)),
        ("update", "activity", f"{child}M2.plan-daction", ("due",)),
        ("update", "activity", f"{child}M2.notions", ("due",)),
        ("update", "activity", f"{child}M2.methodes", ("name",)),
        ("update", "activity", f"{child}suivi", ("opens", "due")),
        *(("update", "event", f"{child}demi-journee-{n:02d}", ("location",)) for n in range(1, HALF_DAYS - 1)),
        *(
            ("update", "event", f"{child}demi-journee-{n:02d}", ("start", "location"))
            for n in range(HALF_DAYS - 1, HALF_DAYS + 1)
        ),
    }
    assert [action for action, kind, *_ in found if kind == "enrolment"] == ["create"]
    document = done(moodle_sync(folder, "apply", str(plan)))
    assert (document["done"], document["failed"]) == (7 + HALF_DAYS, [])
    assert changes(moodle_sync(folder, "plan")) == []
    assert pull(folder)["new_entries"] == 1, "the eighth learner's enrolment, and nothing else"


def test_programme_changed_under_a_running_session_is_refused(folder: Folder) -> None:
    file = folder.path / "course_specs" / "courses" / "pouvoir-dagir.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("grade_pass: 6", "grade_pass: 5"), encoding="utf-8")
    assert moodle_sync(folder, "plan").code == 3
    file.write_text(text, encoding="utf-8")
    assert changes(moodle_sync(folder, "plan")) == []


# ---- edits behind the tool's back -----------------------------------------------------------------------------------


def test_hand_edits_are_named_as_drift_exactly(live: LiveSite, folder: Folder, course: Course) -> None:
    edits = edit_by_hand(live.editor.ws, live.push, folder.names, course)
    # People stand in plans by a keyed digest: which enrolment it is shows only by being the one that is left.
    suspension = {"roleid": 5, "userid": live.learners[6].userid, "courseid": course.id, "suspend": 1}
    live.editor.ws("enrol_manual_enrol_users", enrolments=[suspension])
    answer = moodle_sync(folder, "plan", "--out", str(folder.path / "plan.json"))
    assert answer.code == 0, "drift alone is no failure"
    assert {action for action, *_ in changes(answer)} == {"drift"}
    found = [(kind, key, field) for _, kind, key, fields in changes(answer) for field in fields]
    assert sorted(edits) == sorted(one for one in found if one[0] != "enrolment")
    assert [(kind, field) for kind, _, field in found if kind == "enrolment"] == [("enrolment", "status")]
    # Course completion was tried before anybody had completed anything: Moodle locks it afterwards.
    assert {kind for kind, *_ in found} == KINDS - {"course_completion"}


def test_apply_keeps_every_drifted_field(folder: Folder) -> None:
    before = moodle_sync(folder, "plan").document["changes"]
    done(moodle_sync(folder, "apply", str(folder.path / "plan.json")))
    assert moodle_sync(folder, "plan").document["changes"] == before


# ---- changed facts --------------------------------------------------------------------------------------------------


def test_changed_facts_are_the_only_new_entries(live: LiveSite, folder: Folder, course: Course) -> None:
    pull(folder)  # what the edits above did to facts (a suspension) is pulled first
    ann, bob, _, dan, *_ = live.learners
    size = len(sealed(folder))
    trainer = live.trainers[0]
    group = live.editor.ws("core_group_create_groups", groups=[{"courseid": course.id, "name": "A", "description": ""}])
    live.editor.ws("core_group_add_group_members", members=[{"groupid": group[0]["id"], "userid": bob.userid}])
    read_page(dan, course, "bienvenue")
    attempt_quiz(bob, course, "M2.notions", NOTIONS, share=0.2, finish=False)
    fill_rubric(trainer, course, "M1.synergies", ann, dict(zip(SYNERGIES, (4, 2, 1), strict=True)), "relu")
    pull(folder)
    found = Counter((fact.kind, fact.userid) for fact in sealed(folder)[size:])
    assert found == Counter(
        {
            ("enrolment", bob.userid): 1,
            ("activity_completion", dan.userid): 1,
            ("course_completion", dan.userid): 1,
            ("quiz_attempt", bob.userid): 1,
            ("rubric_filling", ann.userid): 1,
            ("grade", ann.userid): found["grade", ann.userid],
        }
    )
    assert found["grade", ann.userid] in (1, 2), "the assignment's grade, and the course total where it is shown"


def test_a_value_that_comes_back_is_a_third_entry(live: LiveSite, folder: Folder, course: Course) -> None:
    ann = live.learners[0]
    scores_again = dict(zip(SYNERGIES, (5, 2, 1), strict=True))
    fill_rubric(live.trainers[0], course, "M1.synergies", ann, scores_again, "argumenté")
    pull(folder)
    scores = [
        str(criterion.score)
        for fact in sealed(folder)
        if fact.kind == "rubric_filling" and fact.userid == ann.userid
        for criterion in fact.criteria
        if criterion.criterion == SYNERGIES[0]
    ]
    assert scores == ["5", "4", "5"]
    assert pull(folder)["new_entries"] == 0


def test_an_unenrolled_learner_vanishes_and_nothing_is_removed(live: LiveSite, folder: Folder, course: Course) -> None:
    fay = live.learners[5]
    before = sealed(folder)
    unenrol = {"userid": fay.userid, "courseid": course.id}
    live.editor.ws("enrol_manual_unenrol_users", enrolments=[unenrol])
    pull(folder)
    after = sealed(folder)
    assert after[: len(before)] == before
    gone = {fact.was for fact in after[len(before) :] if fact.kind == "vanished" and fact.userid == fay.userid}
    assert "enrolment" in gone
    assert done(moodle_sync(folder, "ledger", "verify", "--payloads"))["ok"]


def test_course_is_found_again_by_its_key(live: LiveSite, folder: Folder, course: Course) -> None:
    assert find_course(live.editor, folder.course).id == course.id
    count("people", live.actor_calls)


@pytest.mark.parametrize("command", [("pull",), ("plan",)])
def test_wrong_token_is_denied_and_never_shown(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, command: tuple[str, ...]
) -> None:
    for name in ("PUSH", "PULL"):
        monkeypatch.setenv(f"MOODLE_SYNC_{name}_TOKEN", "0123456789abcdef0123456789abcdef")
    answer = moodle_sync(folder, *command)
    assert answer.code == 5
    assert "0123456789abcdef" not in answer.log
