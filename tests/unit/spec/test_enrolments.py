from datetime import date
from pathlib import Path

import pytest

from moodle_sync.errors import SpecError
from moodle_sync.spec.enrolments import EnrolmentLine, load_enrolments


def write(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "s.csv"
    path.write_bytes(text.encode(encoding))
    return path


def test_load_enrolments_missing_file_is_nobody(tmp_path: Path) -> None:
    assert load_enrolments(tmp_path / "none.csv") == ()


@pytest.mark.parametrize("text", ["person,role\nAP-001,student\n", "\ufeffperson;role;start;end\nAP-001;student;;\n"])
def test_load_enrolments_comma_semicolon_and_mark_are_read(tmp_path: Path, text: str) -> None:
    assert load_enrolments(write(tmp_path, text)) == (EnrolmentLine("AP-001", "student", None, None),)


def test_load_enrolments_dates_are_read(tmp_path: Path) -> None:
    [line] = load_enrolments(write(tmp_path, "person,role,start,end\nAP-001,teacher,2026-02-02,2026-03-31\n"))
    assert (line.start, line.end) == (date(2026, 2, 2), date(2026, 3, 31))


def test_load_enrolments_group_is_one_of_the_session_or_none(tmp_path: Path) -> None:
    path = write(tmp_path, "person,role,group\nAP-001,student,nord\nAP-002,student, \nAP-003,teacher,sud\n")
    assert [line.group for line in load_enrolments(path, ["nord", "sud"])] == ["nord", "", "sud"]


@pytest.mark.parametrize(
    ("groups", "known"), [(("nord", "sud"), "it has nord, sud"), ((), "it has none")], ids=["two-groups", "no-group"]
)
def test_load_enrolments_unknown_group_is_told_with_the_known_ones(
    tmp_path: Path, groups: tuple[str, ...], known: str
) -> None:
    path = write(tmp_path, "person;role;group\nAP-001;student;\nAP-002;student;Nord\n")
    with pytest.raises(SpecError) as caught:
        load_enrolments(path, groups)
    [problem] = caught.value.problems
    assert (problem.line, problem.where) == (3, "group")
    assert problem.message == f"the session has no such group; {known}"
    assert "AP-" not in str(caught.value)


def test_load_enrolments_every_problem_has_its_line_and_names_nobody(tmp_path: Path) -> None:
    text = "person,role,start,end\nAP-001,student,,\nAP-001,student,,\n,student,,\nAP-2,boss,,\nAP-3,student,2/2/26,\n"
    text += "AP-4,student,2026-03-01,2026-02-01\nAP-5,student,,,,more\n"
    with pytest.raises(SpecError) as caught:
        load_enrolments(write(tmp_path, text))
    assert [(p.line, p.where) for p in caught.value.problems] == [
        (3, "person"),
        (4, "person"),
        (5, "role"),
        (6, "start"),
        (7, "end"),
        (8, ""),
    ]
    assert "AP-" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "encoding"), [("", "utf-8"), ("name,role\nx,student\n", "utf-8"), ("person,role\né,student\n", "latin-1")]
)
def test_load_enrolments_unusable_file_is_one_clear_error(tmp_path: Path, text: str, encoding: str) -> None:
    with pytest.raises(SpecError):
        load_enrolments(write(tmp_path, text, encoding))
