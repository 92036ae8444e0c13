"""Sections, activities, completion and quizzes, as the companion writes them, and what it refuses to lose."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_sync.sandbox.rows_work import AssignGrade, CriterionCompletion, ModuleCompletion, QuizAttempt

ACTIVITIES = "upsert_activities"
GIFT = "// [id:N1]\n::A::Vrai ?{T}\n\n// [id:N2]\n::B::Combien ?{#6}\n\n// [id:N3]\n::C::Mot ?{=x}\n"


def questions(text: str) -> dict[str, str]:
    return {"format": "gift", "text": text}


# ---- sections --------------------------------------------------------------------------------------------------------


def test_section_moves_at_most_behind_the_last(site: Any) -> None:
    for key in ("a", "b", "c"):
        site.one("upsert_sections", key=key, fields={"name": key})
    assert site.one("upsert_sections", key="a", fields={"position": 9})["state"]["position"] == 3
    assert [one["key"] for one in site.state()["sections"]] == ["b", "c", "a"]
    site.one("upsert_sections", key="a", fields={"position": 1})
    assert [one["key"] for one in site.state()["sections"]] == ["a", "b", "c"]


def test_hidden_section_hides_its_activities_and_keeps_what_they_were(site: Any) -> None:
    site.activity("p")
    site.activity("q", visible=False)
    site.one("upsert_sections", key="S", fields={"visible": False})
    shown = {one["key"]: one["state"]["visible"] for one in site.state()["activities"]}
    assert shown == {"p": True, "q": False}, "its own, not its section's"
    assert not any(row.visible for row in site.world.modules.where(modname="page"))
    site.one("upsert_sections", key="S", fields={"visible": True})
    assert [row.visible for row in site.world.modules.where(modname="page")] == [True, False]


def test_section_that_somebody_made_is_never_touched(site: Any) -> None:
    told = {"fullname": "D", "shortname": "D", "categoryid": 1, "idnumber": "tt:deux@s1", "numsections": 2}
    [made] = site("push", "core_course_create_courses", courses=[told])
    site._course = made["id"]
    site.one("upsert_sections", key="a", fields={"name": "A", "position": 1})
    rows = sorted(site.world.sections.where(course=made["id"]), key=lambda row: row.section)
    assert [row.name for row in rows] == [None, "A", None, None]
    assert [one["key"] for one in site.state()["sections"]] == ["a"]


# ---- activities ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"fields": {"name": "n"}}, "items[0].section"),
        ({"section": "S", "fields": {}}, "items[0].fields.name"),
        ({"modname": "url", "section": "S", "fields": {"name": "n"}}, "items[0].fields.url"),
        ({"modname": "resource", "section": "S", "fields": {"name": "n"}}, "items[0].fields.file"),
        ({"section": "S", "fields": {"name": "n", "opens": 200, "due": 100}}, "items[0].fields.due"),
        ({"section": "S", "fields": {"name": "n", "grade_max": "12.5"}}, "items[0].fields.grade_max"),
        (
            {"section": "S", "fields": {"name": "n", "grade_max": "10", "grade_pass": "11"}},
            "items[0].fields.grade_pass",
        ),
        (
            {
                "section": "S",
                "fields": {"name": "n", "completion": {"tracking": "automatic", "grade": True, "pass": True}},
            },
            "items[0].fields.completion.pass",
        ),
    ],
)
def test_new_activity_fails_alone_by_path(site: Any, item: dict[str, Any], path: str) -> None:
    site.one("upsert_sections", key="S", fields={"name": "S"})
    assert site.failed(ACTIVITIES, **{"key": "a", "modname": "assign"} | item) == ("badpayload", path)
    assert site.state()["activities"] == []


@pytest.mark.parametrize(
    ("modname", "fields", "path"),
    [
        ("chat", {}, "items[0].modname"),
        ("page", {"due": 1}, "items[0].fields.due"),
        ("label", {"name": "x"}, "items[0].fields.name"),
        ("assign", {"due": "2026"}, "items[0].fields.due"),
        ("assign", {"grade_max": 20}, "items[0].fields.grade_max"),
        ("assign", {"grade_max": "20.0"}, "items[0].fields.grade_max"),
        ("assign", {"submit": ["file", "file"]}, "items[0].fields.submit"),
        ("assign", {"submit": ["video"]}, "items[0].fields.submit[0]"),
        ("assign", {"completion": {"tracking": "manual", "view": True}}, "items[0].fields.completion"),
        ("assign", {"completion": {"tracking": "automatic"}}, "items[0].fields.completion"),
        ("assign", {"completion": {"tracking": "automatic", "pass": True}}, "items[0].fields.completion.grade"),
        ("page", {"completion": {"tracking": "automatic", "submit": True}}, "items[0].fields.completion.submit"),
        ("quiz", {"grade_method": "best"}, "items[0].fields.grade_method"),
        ("quiz", {"questions": {"format": "aiken", "text": ""}}, "items[0].fields.questions.format"),
        ("url", {"url": "ftp://example.org"}, "items[0].fields.url"),
        ("url", {"url": "https://example.org/?a&amp;b"}, "items[0].fields.url"),
        ("resource", {"file": {"name": "a/b", "base64": "YQ=="}}, "items[0].fields.file.name"),
        ("resource", {"file": {"name": "a", "base64": "Y"}}, "items[0].fields.file.base64"),
        ("feedback", {"items": [{"key": "a", "type": "scale", "question": "q"}]}, "items[0].fields.items[0].options"),
        (
            "feedback",
            {"items": [{"key": "a", "type": "choice", "question": "q", "options": ["x", "a|b"]}]},
            "items[0].fields.items[0].options[1]",
        ),
        (
            "feedback",
            {"items": [{"key": "a", "type": "label", "question": "q", "required": True}]},
            "items[0].fields.items[0].required",
        ),
    ],
)
def test_activity_payload_is_read_field_by_field(site: Any, modname: str, fields: dict[str, Any], path: str) -> None:
    assert site.bad(ACTIVITIES, {"key": "a", "modname": modname, "fields": fields}) == path


def test_assignment_defaults_and_settings(site: Any) -> None:
    state = site.activity("note", "assign")["state"]
    assert (state["submit"], state["attempts"], state["grade_max"], state["grade_pass"]) == (["file"], 1, "100", None)
    told = {"submit": ["online_text"], "attempts": 0, "grade_max": "20", "grade_pass": "12.5", "due": 1_800_000_000}
    done = site.one(ACTIVITIES, key="note", modname="assign", fields=told)
    assert {name: done["state"][name] for name in told} == told
    [item] = site.world.grade_items.where(itemmodule="assign")
    assert (item.grademax, item.gradepass) == (20, 12.5)
    assert site.one(ACTIVITIES, key="note", modname="assign", fields={"submit": []})["state"]["submit"] == []
    assert site.world.assigns[item.iteminstance].nosubmissions


def test_maximum_grade_of_a_graded_assignment_stays(site: Any) -> None:
    site.activity("note", "assign")
    site.world.assign_grades.add(AssignGrade(assignment=1, userid=5, grade=50))
    told = {"key": "note", "modname": "assign", "fields": {"grade_max": "20"}}
    assert site.failed(ACTIVITIES, **told) == ("gradesexist", "items[0].fields.grade_max")


def test_activity_of_another_type_is_refused(site: Any) -> None:
    site.activity("note", "assign")
    told = {"key": "note", "modname": "page", "fields": {}}
    assert site.failed(ACTIVITIES, **told) == ("wrongmodname", "items[0].modname")


def test_activity_moves_to_another_section(site: Any) -> None:
    site.activity("p")
    site.one("upsert_sections", key="T", fields={"name": "T"})
    assert site.one(ACTIVITIES, key="p", modname="page", fields={"section": "T"})["state"]["section"] == "T"
    told = {"key": "p", "modname": "page", "fields": {"section": "none"}}
    assert site.failed(ACTIVITIES, **told) == ("nosuchkey", "items[0].fields.section")


def test_label_takes_its_name_from_its_text(site: Any) -> None:
    site.one("upsert_sections", key="S", fields={"name": "S"})
    fields = {"intro": "<p>Un <b>texte</b></p>"}
    state = site.one(ACTIVITIES, key="l", modname="label", section="S", fields=fields)["state"]
    assert {"name", "completion"} & set(state) == set()
    [row] = site.world.labels
    assert row.name == "Un texte"
    row.name = "À la main"
    site.one(ACTIVITIES, key="l", modname="label", fields={"intro": "<p>Autre</p>"})
    assert row.name == "À la main"


def test_file_is_known_by_its_digest(site: Any) -> None:
    file = {"name": "a.csv", "base64": "YSxi"}
    state = site.activity("f", "resource", file=file)["state"]["file"]
    assert (state["name"], state["size"], len(state["sha256"])) == ("a.csv", 3, 64)
    again = {"key": "f", "modname": "resource", "fields": {"file": file}}
    assert site.one(ACTIVITIES, **again)["action"] == "unchanged"
    again["fields"] = {"file": file | {"base64": "YSxj"}}
    assert site.one(ACTIVITIES, **again)["action"] == "updated"


# ---- completion ------------------------------------------------------------------------------------------------------


def test_completion_that_would_lose_ticks_is_refused(site: Any) -> None:
    site.activity("p", completion={"tracking": "manual"})
    [module] = site.world.modules.where(modname="page")
    site.world.module_completions.add(ModuleCompletion(coursemoduleid=module.id, userid=5, completionstate=1))
    rule = {"completion": {"tracking": "automatic", "view": True}}
    told = {"key": "p", "modname": "page", "fields": rule}
    assert site.failed(ACTIVITIES, **told) == ("completionlocked", "items[0].fields.completion")
    site.world.module_completions.rows.clear()
    assert site.one(ACTIVITIES, **told)["action"] == "updated"


def test_course_completion_is_locked_once_somebody_met_a_criterion(site: Any) -> None:
    site.activity("p", completion={"tracking": "automatic", "view": True})
    site.activity("q")
    write = "set_course_completion"
    done = site.one(write, key="completion", fields={"activities": ["p"], "aggregation": "any"})
    assert (done["action"], done["state"]) == ("created", {"activities": ["p"], "aggregation": "any"})
    both = {"key": "completion", "fields": {"activities": ["p", "q"]}}
    assert site.failed(write, **both) == ("nottracked", "items[0].fields.activities[1]")
    site.world.criterion_completions.add(CriterionCompletion(course=site.course, userid=5, criteriaid=1))
    change = {"key": "completion", "fields": {"aggregation": "all"}}
    assert site.failed(write, **change) == ("completionlocked", "items[0].fields")
    assert site.one(write, key="completion", fields={"aggregation": "any"})["action"] == "unchanged"
    assert site.state()["completion"]["locked"]


# ---- quizzes ---------------------------------------------------------------------------------------------------------


def test_question_bank_is_shown_to_whoever_may_see_hidden_activities_and_view_it(site: Any) -> None:
    """As real sites showed it: a hidden activity of the general section from 5.0 on, not told to a service account."""
    site.activity("q", "quiz", questions=questions(GIFT))

    def shown(who: str) -> list[dict[str, Any]]:
        sections = site(who, "core_course_get_contents", courseid=site.course)
        return [one for section in sections for one in section["modules"] if one["modname"] == "qbank"]

    assert shown("push") == shown("pull") == []
    banks = [] if site.sandbox.world.version == "4.5" else [(0, True, "System shared question bank")]
    assert [(one["visible"], one["uservisible"], one["name"]) for one in shown("editor")] == banks
    for bank in shown("editor"):
        assert site("editor", "core_course_get_course_module", cmid=bank["id"])["cm"]["idnumber"] is None
        assert site.refused("pull", "core_course_get_course_module", cmid=bank["id"]).errorcode == "requireloginerror"


def test_questions_have_a_slot_each_in_the_order_of_the_file(site: Any) -> None:
    state = site.activity("q", "quiz", questions=questions(GIFT))["state"]
    assert [(one["key"], one["qtype"], one["mark"]) for one in state["questions"]] == [
        ("N1", "truefalse", "1"),
        ("N2", "numerical", "1"),
        ("N3", "shortanswer", "1"),
    ]
    assert site.world.quizzes[1].sumgrades == 3
    bank = site.world.question_categories.one(idnumber="tt:cours@s1:q")
    level = site.world.contexts[bank.contextid].level
    assert level == {"4.5": 50, "5.1": 70}[site.world.version]


def test_changed_question_is_a_new_version_and_a_missing_one_loses_its_slot(site: Any) -> None:
    before = site.activity("q", "quiz", questions=questions(GIFT))["state"]["questions"]
    blocks = GIFT.split("\n\n")
    text = "\n\n".join([blocks[2], blocks[0].replace("Vrai", "Exact")])
    told = {"key": "q", "modname": "quiz", "fields": {"questions": questions(text)}}
    after = site.one(ACTIVITIES, **told)["state"]["questions"]
    assert [one["key"] for one in after] == ["N3", "N1"]
    assert after[0]["digest"] == before[2]["digest"]
    assert after[1]["digest"] != before[0]["digest"]
    versions = {row.idnumber: len(site.world.questions.where(entryid=row.id)) for row in site.world.question_entries}
    assert versions == {"tt:cours@s1:q.N1": 2, "tt:cours@s1:q.N2": 1, "tt:cours@s1:q.N3": 1}
    assert site.one(ACTIVITIES, **told)["action"] == "unchanged"


def test_question_edited_by_hand_or_given_another_mark_is_written_again(site: Any) -> None:
    site.activity("q", "quiz", questions=questions(GIFT))
    told = {"key": "q", "modname": "quiz", "fields": {"questions": questions(GIFT)}}
    next(iter(site.world.questions)).text = "À la main"
    assert site.one(ACTIVITIES, **told)["action"] == "updated"
    next(iter(site.world.slots)).maxmark = 3
    assert site.one(ACTIVITIES, **told)["action"] == "updated"
    assert site.one(ACTIVITIES, **told)["action"] == "unchanged"


def test_questions_of_a_used_quiz_stay(site: Any) -> None:
    site.activity("q", "quiz", questions=questions(GIFT))
    site.world.attempts.add(QuizAttempt(quiz=1, userid=5))
    fields = {"name": "Autre", "questions": questions(GIFT.replace("Vrai", "Faux"))}
    told = {"key": "q", "modname": "quiz", "fields": fields}
    assert site.failed(ACTIVITIES, **told) == ("quizused", "items[0].fields.questions")
    [activity] = site.state()["activities"]
    assert (activity["state"]["name"], activity["learners"]) == ("q", 1), "nothing of the item is written"
    assert site.one(ACTIVITIES, key="q", modname="quiz", fields={"questions": questions(GIFT)})["action"] == "unchanged"


def test_file_of_questions_that_cannot_be_used_is_refused(site: Any) -> None:
    site.activity("q", "quiz")
    told = {"key": "q", "modname": "quiz", "fields": {"questions": questions("::A::x{T}")}}
    assert site.failed(ACTIVITIES, **told) == ("badquestions", "items[0].fields.questions.text")
