import re

from moodle_sync import errors


def subclasses(cls: type) -> set[type]:
    return {cls} | {deep for direct in cls.__subclasses__() for deep in subclasses(direct)}


def test_every_error_is_drawn_in_the_tree() -> None:
    drawn = set(re.findall(r"[A-Z][A-Za-z]+", errors.__doc__ or ""))
    ours = {cls.__name__ for cls in subclasses(errors.MoodleSyncError) if cls.__module__ == errors.__name__}
    assert ours <= drawn


def test_input_error_lists_problems_in_file_order() -> None:
    from pathlib import Path

    late = errors.Problem(Path("b.yaml"), 3, 1, "x", "second")
    early = errors.Problem(Path("a.yaml"), 9, 2, "", "first")
    text = str(errors.SpecError("2 problems in 2 files.", [late, early]))
    assert text.splitlines() == ["a.yaml:9:2", "    first", "b.yaml:3:1  x", "    second", "2 problems in 2 files."]
