"""The loop goes on after ``test_loop``: the files move on, people edit behind the tool's back, and facts change."""

from collections import Counter
from datetime import date, timedelta

import pytest
from livesupport.edits import edit_core_kinds, enrol_by_hand
from livesupport.folder import Folder, write_enrolments
from livesupport.site import LiveSite
from livesupport.story import HALF_DAYS, LEARNERS, SYNERGIES, count, done, open_kinds, pull, sealed
from livesupport.tool import moodle_sync, to_do

from moodle_sync.workflows.demo.edits import edit_by_hand
from moodle_sync.workflows.demo.people import NOTIONS, Course, attempt_quiz, fill_rubric, find_course, read_page

# ---- the files move on ----------------------------------------------------------------------------------------------


def test_session_moved_is_an_update_of_exactly_what_hangs_on_it(folder: Folder, live: LiveSite, course: Course) -> None:
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
    found = to_do(moodle_sync(folder, "plan", "--out", str(plan)))
    child = f"{folder.course}:"
    expected = {
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
    expected = {change for change in expected if change[1] in open_kinds(live)}
    assert {change for change in found if change[1] != "enrolment"} == expected
    assert [action for action, kind, *_ in found if kind == "enrolment"] == ["create"] * live.companion
    document = done(moodle_sync(folder, "apply", str(plan)))
    assert (document["done"], document["failed"]) == (len(found), [])
    if not live.companion:
        enrol_by_hand(live.editor.ws, course, "student", [live.learners[LEARNERS]])
    assert to_do(moodle_sync(folder, "plan")) == []
    assert pull(folder)["new_entries"] == 1, "the eighth learner's enrolment, and nothing else"


def test_programme_changed_under_a_running_session_is_refused(folder: Folder) -> None:
    file = folder.path / "course_specs" / "courses" / "pouvoir-dagir.yaml"
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace("grade_pass: 6", "grade_pass: 5"), encoding="utf-8")
    assert moodle_sync(folder, "plan").code == 3
    file.write_text(text, encoding="utf-8")
    assert to_do(moodle_sync(folder, "plan")) == []


# ---- edits behind the tool's back -----------------------------------------------------------------------------------


def test_hand_edits_are_named_as_drift_exactly(live: LiveSite, folder: Folder, course: Course) -> None:
    if live.companion:
        edits = edit_by_hand(live.editor.ws, live.push, folder.names, course)
    else:
        edits = edit_core_kinds(live.editor.ws, folder, course)
    # People stand in plans by a keyed digest: which enrolment it is shows only by being the one that is left.
    enrol_by_hand(live.editor.ws, course, "student", [live.learners[6]], suspend=True)
    answer = moodle_sync(folder, "plan", "--out", str(folder.path / "plan.json"))
    assert answer.code == 0, "drift alone is no failure"
    assert {action for action, *_ in to_do(answer)} == {"drift"}
    found = [(kind, key, field) for _, kind, key, fields in to_do(answer) for field in fields]
    assert sorted(edits) == sorted(one for one in found if one[0] != "enrolment")
    enrolments = [field for kind, _, field in found if kind == "enrolment"]
    assert enrolments == (["status"] if live.companion else []), "what a person enrolled by hand is theirs"
    # Course completion was tried before anybody had completed anything: Moodle locks it afterwards.
    assert {kind for kind, *_ in found} == open_kinds(live) - {"course_completion"}


def test_apply_keeps_every_drifted_field(folder: Folder) -> None:
    before = moodle_sync(folder, "plan").document["changes"]
    done(moodle_sync(folder, "apply", str(folder.path / "plan.json")))
    assert moodle_sync(folder, "plan").document["changes"] == before


# ---- changed facts --------------------------------------------------------------------------------------------------


@pytest.mark.needs_companion("it makes the activities that people work in")
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


@pytest.mark.needs_companion("it makes the activities that people work in")
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


def test_an_enrolment_that_comes_back_is_a_third_entry(live: LiveSite, folder: Folder, course: Course) -> None:
    """Suspended above, let in again, suspended again: each of them is seen by both routes."""
    gus = live.learners[6]
    pull(folder)
    for suspend in (False, True):
        enrol_by_hand(live.editor.ws, course, "student", [gus], suspend=suspend)
        pull(folder)
    states = [fact.active for fact in sealed(folder) if fact.kind == "enrolment" and fact.userid == gus.userid]
    assert states == [True, False, True, False]
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
