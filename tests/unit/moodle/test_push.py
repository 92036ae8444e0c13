"""PushClient: what goes out and what comes back, beyond the contracts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from moodle_sync.errors import AnswerLost, MoodleRefused, NotFound, NotMoodle
from moodle_sync.moodle import push
from moodle_sync.moodle.push import PushClient
from moodle_sync.moodle.transport import Transport

COURSE = {
    "id": 78, "fullname": "R&D", "shortname": "s", "categoryid": 52, "summary": "", "idnumber": "sag:p@1",
    "startdate": 1769990400, "enddate": 0, "visible": 0, "format": "topics", "enablecompletion": 1,
}  # fmt: skip


@pytest.fixture
def client(site: Any) -> PushClient:
    return PushClient(Transport("https://moodle.example.org", "0" * 32, site))


def competency(number: int) -> dict[str, Any]:
    return {
        "id": number, "idnumber": f"O{number}", "shortname": "x", "description": "", "parentid": 0,
        "competencyframeworkid": 9, "sortorder": number,
    }  # fmt: skip


def test_courses_by_idnumber_turns_times_and_flags(client: PushClient, site: Any) -> None:
    site.answers = [{"courses": [COURSE], "warnings": []}]
    (course,) = client.courses_by_idnumber("sag:p@1")
    assert course.startdate == datetime(2026, 2, 2, 0, 0, tzinfo=UTC)
    assert course.enddate is None
    assert course.visible is False
    assert course.enablecompletion is True


def test_courses_by_idnumber_keeps_one_whose_idnumber_is_not_told(client: PushClient, site: Any) -> None:
    hidden = {key: value for key, value in COURSE.items() if key not in ("idnumber", "enablecompletion")}
    other = {**COURSE, "idnumber": "SAG:P@1"}
    site.answers = [{"courses": [hidden, other], "warnings": []}]
    (course,) = client.courses_by_idnumber("sag:p@1")
    assert course.idnumber == "sag:p@1"
    assert course.enablecompletion is None


def test_courses_by_idnumber_with_a_warning_is_refused(client: PushClient, site: Any) -> None:
    site.answers = [{"courses": [], "warnings": [{"item": "course", "itemid": 1, "warningcode": "1", "message": "no"}]}]
    with pytest.raises(MoodleRefused):
        client.courses_by_idnumber("sag:p@1")


def test_categories_by_idnumber_keeps_exact_matches_only(client: PushClient, site: Any) -> None:
    rows = [{"id": number, "name": "c", "parent": 0, "idnumber": text} for number, text in ((1, "sag:c"), (2, "SAG:C"))]
    site.answers = [rows]
    assert [row.id for row in client.categories_by_idnumber("sag:c")] == [1]


@pytest.mark.parametrize(("answer", "name"), [([{"id": 4, "name": "c", "parent": 0}], "c"), ([], None)])
def test_category_by_id_is_the_row_or_none(client: PushClient, site: Any, answer: Any, name: str | None) -> None:
    site.answers = [answer]
    assert getattr(client.category(4), "name", None) == name


def test_scale_size_counts_its_values(client: PushClient, site: Any) -> None:
    site.answers = [[{"id": 1, "name": "Not yet competent"}, {"id": 2, "name": "Competent"}]]
    assert client.scale_size(2) == 2


def test_create_course_sends_times_as_seconds(client: PushClient, site: Any) -> None:
    site.answers = [[{"id": 5, "shortname": "x"}]]
    paris = datetime(2026, 2, 2, 9, tzinfo=timezone(timedelta(hours=1)))
    assert client.create_course(fullname="x", shortname="x", categoryid=1, startdate=paris, enddate=None) == 5
    sent = site.forms[0]["courses"][0]
    assert (sent["startdate"], sent["enddate"], sent["summaryformat"]) == ("1770019200", "0", "1")


def test_create_course_with_a_naive_time_sends_nothing(client: PushClient, site: Any) -> None:
    with pytest.raises(ValueError, match="naive"):
        client.create_course(fullname="x", startdate=datetime(2026, 2, 2))  # noqa: DTZ001
    assert site.forms == []


@pytest.mark.parametrize("answer", [[], [{"id": 1}, {"id": 2}], [{"shortname": "x"}], None, [{"id": "5"}]])
def test_create_course_with_an_odd_answer_is_unknown(client: PushClient, site: Any, answer: Any) -> None:
    site.answers = [answer]
    with pytest.raises(AnswerLost):
        client.create_course(fullname="x", shortname="x", categoryid=1)


def test_frameworks_keeps_exact_matches_only(client: PushClient, site: Any) -> None:
    row = {
        "id": 1, "idnumber": "sag:f@1", "shortname": "F", "description": "", "visible": True, "scaleid": 2,
        "scaleconfiguration": "[]", "contextid": 1,
    }  # fmt: skip
    site.answers = [[row, {**row, "id": 2, "idnumber": "sag:f@10"}]]
    assert [found.id for found in client.frameworks("sag:f@1")] == [1]
    assert site.forms[0]["context"] == {"contextlevel": "system", "instanceid": "0"}


def test_competencies_reads_page_after_page(client: PushClient, site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(push, "PAGE", 2)
    site.answers = [[competency(1), competency(2)], [competency(3)]]
    assert [row.id for row in client.competencies(9)] == [1, 2, 3]
    assert [form["skip"] for form in site.forms] == ["0", "2"]


def test_competencies_on_a_full_last_page_asks_once_more(
    client: PushClient, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(push, "PAGE", 1)
    site.answers = [[competency(1)], []]
    assert len(client.competencies(9)) == 1


@pytest.mark.parametrize("field", ["parentid", "sortorder", "competencyframeworkid"])
def test_update_competency_with_what_moodle_ignores_is_refused(client: PushClient, site: Any, field: str) -> None:
    with pytest.raises(ValueError, match=field):
        client.update_competency(1, **{field: 2})
    assert site.forms == []


def test_update_framework_answered_no_is_refused(client: PushClient, site: Any) -> None:
    site.answers = [False]
    with pytest.raises(MoodleRefused):
        client.update_framework(1, shortname="x")


@pytest.mark.parametrize("answer", [True, False])
def test_add_competency_to_course_says_whether_it_was_new(client: PushClient, site: Any, answer: bool) -> None:
    site.answers = [answer]
    assert client.add_competency_to_course(1, 2) is answer


def test_users_by_field_asks_for_a_hundred_at_a_time_and_for_each_once(client: PushClient, site: Any) -> None:
    site.responder = lambda name, form: [{"id": int(value)} for value in form["values"]]
    assert [row.id for row in client.users_by_field("id", [*range(1, 151), 1])] == list(range(1, 151))
    assert [len(form["values"]) for form in site.forms] == [100, 50]


def test_users_by_field_of_nobody_sends_nothing(client: PushClient, site: Any) -> None:
    assert client.users_by_field("idnumber", []) == []
    assert site.forms == []


def test_users_by_field_never_shows_a_person(client: PushClient, site: Any) -> None:
    row = {"id": 4, "username": "zoe", "fullname": "Zoé O", "email": "z@example.org", "idnumber": "P-1"}
    site.answers = [[row]]
    (user,) = client.users_by_field("idnumber", ["P-1"])
    assert user.email == "z@example.org"
    assert "id=4" in repr(user)
    assert not any(text in repr(user) for text in ("zoe", "Zoé", "example", "P-1"))


def test_module_details_gives_the_error_of_each(client: PushClient, site: Any) -> None:
    gone = {"exception": "x", "errorcode": "invalidcoursemodule", "message": "x"}
    client.transport.can_batch = False
    cm = {"id": 1, "course": 7, "modname": "page", "instance": 3, "idnumber": None}
    site.answers = [{"cm": cm, "warnings": []}, gone, {"cm": {**cm, "id": 3, "idnumber": "sag:p@1:M1"}, "warnings": []}]
    found = client.module_details([1, 2, 3])
    assert isinstance(found[1], NotFound)
    assert [getattr(one, "idnumber", "error") for one in found] == ["", "error", "sag:p@1:M1"]


def test_module_details_without_an_idnumber_tells_that_it_is_not_told(client: PushClient, site: Any) -> None:
    client.transport.can_batch = False
    site.answers = [{"cm": {"id": 1, "course": 7, "modname": "page", "instance": 3}, "warnings": []}]
    (details,) = client.module_details([1])
    assert not isinstance(details, Exception)
    assert details.idnumber is None


def test_site_info_is_asked_once_and_tells_whether_batches_are_open(client: PushClient, site: Any) -> None:
    info = {
        "release": "5.1", "version": "1", "sitename": "s", "siteurl": "u", "userid": 1, "username": "ws_push",
        "functions": [{"name": "core_course_get_contents", "version": "1"}],
    }  # fmt: skip
    site.answers = [info]
    assert client.site_info() is client.site_info()
    assert client.has("core_course_get_contents")
    assert client.transport.can_batch is False
    assert "ws_push" not in repr(client.site_info())


def test_course_sections_of_another_shape_names_the_field(client: PushClient, site: Any) -> None:
    site.answers = [[{"id": "secret", "section": 0, "name": "n", "summary": "", "visible": 1, "modules": []}]]
    with pytest.raises(NotMoodle, match=r"0\.id") as caught:
        client.course_sections(1)
    assert "secret" not in str(caught.value)
