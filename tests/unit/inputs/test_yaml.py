"""Every way in which a YAML file can be broken ends in one problem at the right place."""

from __future__ import annotations

from pathlib import Path

import pytest

from moodle_sync.inputs.yaml import read_yaml

BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 10)}]\n" for n in range(1, 9)
)

BROKEN = [
    ("tab", "a:\n\t- b\n", 2, 1, "indent with spaces"),
    ("tab-first", "\ta: 1\n", 1, 1, "indent with spaces"),
    ("unclosed-list", "a: [1\nb: 2\n", 2, 2, 'the "[" of line 1 is not closed'),
    ("unclosed-group", "a: {b: 1\n", 2, 1, 'the "{" of line 1 is not closed'),
    ("stray-bracket", "a: [b, c]]\n", 1, 10, 'no "[" before it'),
    ("two-colons", "title: Note : synthèse\n", 1, 13, "put the text in quotes"),
    ("unclosed-quote", "a: 'x\nb: 2\n", 3, 1, "opened on line 1 and never closed"),
    ("bad-indent", "a: 1\n  b: 2\n", 2, 4, "align this line"),
    ("block-indent", "a: |\n  x\n y\n", 3, 2, "check its indent"),
    ("text-after-quote", 'a: "x" y\n', 1, 8, "check its indent"),
    ("at-sign", "a: @x\n", 1, 4, 'cannot begin with "@"'),
    ("percent", "a: 1\nb: %x\n", 2, 4, 'cannot begin with "%"'),
    ("escape", 'a: "C:\\quoi"\n', 1, 8, "use single quotes"),
    ("unknown-alias", "a: *x\n", 1, 4, '"&x", which is not written above'),
    ("alias-of-itself", "a: &x [*x]\n", 1, 8, "not written above"),
    ("alias-as-name", "a: &x b\n*x : c\n", 2, 1, "write the name"),
    (
        "alias-too-deep",
        f"a: &x {'[' * 30 + ']' * 30}\nb: {'[' * 20}*x",
        2,
        24,
        "more than 40 levels",
    ),
    ("directive", "%YAML 3.0\n---\na: 1\n", 1, 1, "this is not YAML"),
    ("alias-bomb", BOMB, 5, 38, "more than 100000 values"),
    ("nesting", "a: " + "[" * 5000, 1, 43, "more than 40 levels"),
    ("tag", "a: !!python/object x\n", 1, 4, "delete it"),
    ("two-documents", "a: 1\n---\nb: 1\n", 2, 1, "one document a file"),
    ("list-as-name", "? [a]\n: 1\n", 1, 3, "a name is expected"),
    ("duplicate", "a: 1\nb: 2\na: 3\n", 3, 1, '"a" is already there on line 1'),
    ("duplicate-group", "a: {x: 1}\na: {x: 1}\n", 2, 1, "already there on line 1"),
    ("duplicate-by-nfd", "\u00e9: 1\ne\u0301: 2\n", 2, 1, "already there on line 1"),
    ("nul", "a: x\0y\n", 1, 5, "NUL"),
    ("control", "a: 1\nb: x\x0cy\n", 2, 5, "U+000C"),
    ("latin-1", b"a: 1\nb: caf\xe9\n", 2, 7, "not UTF-8"),
    ("utf-16", "a: 1\n".encode("utf-16"), 1, 1, "UTF-16"),
    ("empty", "", 1, 1, "empty"),
    ("blank", " \n\n", 1, 1, "empty"),
    ("comments", "# nothing\n", 1, 1, "nothing but comments"),
    ("too-big", b"a: 1\n" + b"#" * 2_000_000, 0, 0, "more than 2 MB"),
]


def _write(folder: Path, content: str | bytes) -> Path:
    file = folder / "x.yaml"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return file


@pytest.mark.parametrize(
    ("content", "line", "column", "words"), [case[1:] for case in BROKEN], ids=[case[0] for case in BROKEN]
)
def test_read_yaml_broken_file_gives_one_problem_at_its_place(
    tmp_path: Path, content: str | bytes, line: int, column: int, words: str
) -> None:
    document, problems = read_yaml(_write(tmp_path, content))
    assert document is None
    assert [(one.line, one.column) for one in problems] == [(line, column)], problems
    assert words in problems[0].message
    assert "\0" not in str(problems[0])


def test_read_yaml_two_duplicates_gives_both_with_their_names(tmp_path: Path) -> None:
    text = "items:\n  - key: M1\n    hours: 1\n    hours: 2\ntitle: a\ntitle: b\n"
    _, problems = read_yaml(_write(tmp_path, text))
    assert [(one.line, one.where) for one in problems] == [(4, "items.M1.hours"), (6, "title")]


def test_read_yaml_missing_file_gives_a_problem(tmp_path: Path) -> None:
    document, problems = read_yaml(tmp_path / "none.yaml")
    assert document is None
    assert "cannot be read" in problems[0].message


def test_read_yaml_folder_gives_a_problem(tmp_path: Path) -> None:
    document, problems = read_yaml(tmp_path)
    assert document is None
    assert "Is a directory" in problems[0].message


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("9:30", "9:30"),
        ("no", "no"),
        ("oui", "oui"),
        ("2026-02-02", "2026-02-02"),
        ("012", 12),
        ("-3", -3),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("true", True),
        ("~", None),
        ("", None),
        ("'12'", "12"),
        ("0x1F", "0x1F"),
        (".inf", ".inf"),
        ("9" * 30, "9" * 30),
        ("cafe\u0301", "caf\u00e9"),
    ],
)
def test_read_yaml_plain_scalar_gives_value_of_core_schema(tmp_path: Path, written: str, value: object) -> None:
    document, problems = read_yaml(_write(tmp_path, f"a: {written}\n"))
    assert problems == []
    assert document is not None
    assert document.data == {"a": value}
    assert type(document.data["a"]) is type(value)


def test_read_yaml_windows_file_gives_the_same_places(tmp_path: Path) -> None:
    text = "a: 1\nb:\n  - key: M1\n    c: |\n      un\n      deux\n"
    plain, _ = read_yaml(_write(tmp_path, text))
    windows, _ = read_yaml(_write(tmp_path, b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()))
    assert plain is not None
    assert plain == windows
    assert plain.data["b"][0]["c"] == "un\ndeux\n"


def test_read_yaml_alias_gives_a_copy_placed_where_it_is_used(tmp_path: Path) -> None:
    document, problems = read_yaml(_write(tmp_path, "a: &x [1, {b: 2}]\nc: *x\n"))
    assert problems == []
    assert document is not None
    assert document.data["c"] == [1, {"b": 2}]
    assert document.data["c"] is not document.data["a"]
    assert document.place(("c", 1, "b")) == (2, 4)
