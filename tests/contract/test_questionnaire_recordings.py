"""Questionnaires: what real sites answered becomes typed, and the sandbox answers the same in the same state.

The recordings are of a course of their own (``fixtures/questionnaires``): one anonymous questionnaire that closed with
six answers, one with three, a named one with five, one with visible and one with separate groups, and an open one.
"""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sandboxscene import Scene

from moodle_sync.errors import AccessDenied
from moodle_sync.moodle.answers import value_of
from moodle_sync.moodle.wire.base import parse, warnings_of
from moodle_sync.moodle.wire.feedback import ANALYSIS, FEEDBACK_ACCESS, FEEDBACKS, AnalysisRow
from moodle_sync.moodle.wire.site import SECTIONS
from moodle_sync.sandbox.moodle_errors import MoodleError
from moodle_sync.sandbox.rows_site import Feedback, FeedbackItem, Group, GroupMember
from moodle_sync.sandbox.rows_work import FeedbackCompleted

FOLDER = Path(__file__).resolve().parents[1] / "fixtures" / "questionnaires"
VERSIONS = ("4.5", "5.1")
ANALYSE = "mod_feedback_get_analysis"
ACCESS = "mod_feedback_get_feedback_access_information"


def told(version: str, name: str) -> Any:
    return json.loads((FOLDER / version / f"{name}.json").read_text(encoding="utf-8"))["body"]


def analysis(body: Any) -> AnalysisRow:
    return parse(ANALYSE, ANALYSIS, body)


# ---- typed -----------------------------------------------------------------------------------------------------------


def test_questionnaires_of_both_versions_are_recorded() -> None:
    stems = [{path.stem for path in (FOLDER / version).glob("*.json")} for version in VERSIONS]
    assert stems[0] == stems[1]
    assert len(stems[0]) == 12


@pytest.mark.parametrize("version", VERSIONS)
def test_course_page_tells_when_a_questionnaire_closes(version: str) -> None:
    rows = told(version, "contents")
    sections = [{"id": 1, "section": 1, "name": "", "summary": "", **row} for row in rows]
    modules = [
        module for section in parse("core_course_get_contents", SECTIONS, sections) for module in section.modules
    ]
    dates = {
        date["timestamp"]
        for row in rows
        for one in row["modules"]
        for date in one["dates"]
        if date["dataid"] == "timeclose"
    }
    assert len(modules) == 7
    assert {int(module.closes.timestamp()) for module in modules if module.closes is not None} == dates


@pytest.mark.parametrize("version", VERSIONS)
def test_promises_are_those_that_were_recorded(version: str) -> None:
    rows = parse("f", FEEDBACKS, told(version, "feedbacks")["feedbacks"])
    assert [(row.nameless, row.multiple_submit) for row in rows].count((True, True)) == 1
    assert [row.nameless for row in rows].count(False) == 1


@pytest.mark.parametrize("version", VERSIONS)
def test_site_says_whether_a_questionnaire_is_open_and_whether_its_answers_may_be_seen(version: str) -> None:
    found = {
        name: parse(ACCESS, FEEDBACK_ACCESS, told(version, f"access_{name}"))
        for name in ("anonymous", "open", "denied")
    }
    assert [found[name].isopen for name in ("anonymous", "open")] == [False, True]
    assert [found[name].canviewreports for name in ("anonymous", "denied")] == [True, False]


@pytest.mark.parametrize("version", VERSIONS)
def test_analysis_is_counts_and_no_words(version: str) -> None:
    body = told(version, "analysis_anonymous")
    row = analysis(body)
    assert (row.completedcount, len(row.itemsdata)) == (6, 8)
    counted = {item.name: item.counts for item in row.itemsdata if item.counts}
    assert counted == {
        "Combien ?": tuple((Decimal(40 + n), 1) for n in range(6)),
        "De 0 à 10": tuple((Decimal(4 + n), 1) for n in range(6)),
        "Note": ((Decimal(1), 2), (Decimal(2), 2), (Decimal(3), 1), (Decimal(4), 1)),
        "Note, en liste": ((Decimal(0), 1), (Decimal(5), 4)),
    }
    assert "ligne 3" in json.dumps(body)
    assert "ligne" not in repr(row)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("name", ["analysis_denied", "analysis_of_no_group"])
def test_refusals_are_denials(version: str, name: str) -> None:
    with pytest.raises(AccessDenied):
        value_of(ANALYSE, told(version, name), write=False)


@pytest.mark.parametrize("version", VERSIONS)
def test_answers_of_one_group_come_with_a_warning_when_they_are_too_few(version: str) -> None:
    [warning] = warnings_of(ANALYSE, told(version, "analysis_of_one_group"))
    assert warning.warningcode == "insufficientresponsesforthisgroup"


# ---- the sandbox -----------------------------------------------------------------------------------------------------


def rebuilt(version: str) -> Scene:
    """A sandbox with the questionnaires of the recordings: six learners, the first of whom is in the only group."""
    scene = Scene(version)
    scene.enrol(scene.learners[5], "student")
    world = scene.world
    group = world.groups.add(Group(courseid=scene.course.id, name="G"))
    world.group_members.add(GroupMember(groupid=group.id, userid=scene.learners[0]["id"]))
    page = {
        module["name"].removeprefix("Q "): module
        for section in told(version, "contents")
        for module in section["modules"]
    }
    promises = {row["id"]: row for row in told(version, "feedbacks")["feedbacks"]}
    for name, count, groupmode in (
        ("anonymous", 6, 0),
        ("few", 3, 0),
        ("named", 5, 0),
        ("groups", 6, 2),
        ("separate", 6, 1),
        ("open", 6, 0),
    ):
        promised = promises[page[name]["instance"]]
        closes = scene.now + 864000 if name == "open" else scene.now - 60
        row = Feedback(name=name, anonymous=promised["anonymous"], timeopen=scene.now - 864000, timeclose=closes)
        scene._add(name, row, groupmode=groupmode)
        ids = [_item(scene, name, one["item"]) for one in told(version, "analysis_anonymous")["itemsdata"]]
        for number in range(count):
            values = zip(ids, _answers(number), strict=True)
            world.feedback_completed.add(
                FeedbackCompleted(
                    feedback=scene.instance(name),
                    userid=scene.learners[number]["id"],
                    anonymous_response=promised["anonymous"],
                    values={str(key): value for key, value in values},
                )
            )
    return scene


def _item(scene: Scene, name: str, item: dict[str, Any]) -> int:
    fields = ("typ", "name", "label", "presentation", "position", "options")
    row = FeedbackItem(feedback=scene.instance(name), hasvalue=True, **{field: item[field] for field in fields})
    number: int = scene.world.feedback_items.add(row).id
    return number


def _answers(n: int) -> tuple[str, ...]:
    """What the n-th learner answered when it was recorded."""
    listed = "2" if n < 4 else "1" if n == 4 else ""
    return str(n % 3 + 1), "1|3", str(40 + n), str(n + 4), f"Texte <b>x</b>\nligne {n}", str(n % 4 + 1), listed, ""


def comparable(body: Any) -> Any:
    """An analysis without Moodle's numbers, its answers in one order: where names are not told, order is not either."""
    items = []
    for one in body["itemsdata"]:
        shown = {
            name: type(value).__name__ if name in ("id", "feedback", "itemnumber") else value
            for name, value in one["item"].items()
        }
        counted = [json.loads(text) if text.startswith("{") else text for text in one["data"]]
        items.append((shown, counted if one["item"]["typ"].startswith("multi") else sorted(counted)))
    warnings = [{**one, "itemid": 0} for one in body["warnings"]]
    return body["completedcount"], body["itemscount"], sorted(body), items, warnings


@pytest.mark.parametrize("version", VERSIONS)
def test_sandbox_answers_as_real_sites_did(version: str) -> None:
    scene = rebuilt(version)
    for name in ("anonymous", "few", "named", "groups"):
        ours, real = scene.pull(ANALYSE, feedbackid=scene.instance(name)), told(version, f"analysis_{name}")
        assert comparable(ours)[:3] == comparable(real)[:3]
        for (item, data), (wanted, expected) in zip(comparable(ours)[3], comparable(real)[3], strict=True):
            assert {**item, "position": 0} == {**wanted, "position": 0}
            assert [_round(one) for one in data] == [_round(one) for one in expected]
    for name in ("anonymous", "open"):
        assert scene.pull(ACCESS, feedbackid=scene.instance(name)) == told(version, f"access_{name}")


@pytest.mark.parametrize("version", VERSIONS)
def test_sandbox_tells_an_account_with_fewer_capabilities_what_real_sites_did(version: str) -> None:
    scene = rebuilt(version)
    scene.faults.lack("moodle/site:accessallgroups", "pull")
    ours = scene.pull(ANALYSE, feedbackid=scene.instance("groups"))
    assert comparable(ours) == comparable(told(version, "analysis_of_one_group"))
    refused(scene, "separate", told(version, "analysis_of_no_group"))
    scene.faults.clear()
    scene.faults.lack("mod/feedback:viewreports", "pull")
    assert scene.pull(ACCESS, feedbackid=scene.instance("anonymous")) == told(version, "access_denied")
    refused(scene, "anonymous", told(version, "analysis_denied"))


def refused(scene: Scene, key: str, real: Any) -> None:
    """The analysis is refused, by the same code and class."""
    with pytest.raises(MoodleError) as caught:
        scene.pull(ANALYSE, feedbackid=scene.instance(key))
    assert (caught.value.errorcode, caught.value.cls) == (real["errorcode"], real["exception"])


def _round(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _round(one) for name, one in value.items()}
    return round(value, 9) if isinstance(value, float) else value
