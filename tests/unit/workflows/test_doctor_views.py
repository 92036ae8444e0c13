"""Which missing capability hides an activity from one account that the other account sees."""

from __future__ import annotations

from typing import Any

import pytest

from moodle_sync.moodle.wire.site import ModuleRow, SectionRow
from moodle_sync.workflows.doctor.needs import needs
from moodle_sync.workflows.doctor.views import left_out, modules, shown

HIDDEN = "moodle/course:viewhiddenactivities"
RESTRICTED = "moodle/course:ignoreavailabilityrestrictions"


def module(cmid: int, modname: str = "quiz", **changes: Any) -> ModuleRow:
    values = {"visible": True, "availability": "", **changes}
    return ModuleRow.model_construct(id=cmid, modname=modname, instance=cmid, contextid=cmid, name="n", **values)


def section(number: int, *rows: ModuleRow, visible: bool = True) -> SectionRow:
    return SectionRow.model_construct(id=number, section=number, name="", summary="", visible=visible, modules=rows)


def test_shown_activities_tell_of_what_lets_them_be_seen() -> None:
    told = shown([section(1, module(1), module(2, "page", visible=False)), section(2, visible=False)])
    expected = ("mod/quiz:view", "mod/page:view", HIDDEN, "moodle/course:viewhiddensections")
    assert told == dict.fromkeys(expected, True)
    assert shown([section(1, module(1, uservisible=False))]) == {}


@pytest.mark.parametrize(
    ("own", "unseen", "missing"),
    [
        ((), module(1), {"mod/quiz:view": False}),
        ((module(2),), module(1, visible=False), {HIDDEN: False}),
        ((module(2),), module(1, availability="{}"), {RESTRICTED: False}),
        ((module(2),), module(1), {"mod/quiz:view": False}),
        ((module(2), module(1, uservisible=False)), module(1, availability="{}"), {RESTRICTED: False}),
    ],
)
def test_activity_with_one_possible_reason_names_it(
    own: tuple[ModuleRow, ...], unseen: ModuleRow, missing: dict[str, bool]
) -> None:
    assert left_out(needs("pull"), [section(1, *own)], [section(1, *own[:1], unseen)]) == (missing, set())


@pytest.mark.parametrize(
    ("unseen", "causes"),
    [
        (module(1, visible=False), (HIDDEN, "mod/quiz:view")),
        (module(1, availability="{}"), (RESTRICTED, "mod/quiz:view")),
        (module(1, availability=None), (RESTRICTED, "mod/quiz:view")),
        (module(1, visible=False, availability="{}"), (HIDDEN, RESTRICTED, "mod/quiz:view")),
    ],
)
def test_activity_with_several_possible_reasons_decides_none(unseen: ModuleRow, causes: tuple[str, ...]) -> None:
    assert left_out(needs("pull"), [section(1)], [section(1, unseen)]) == ({}, {causes})


def test_conditions_that_are_not_told_decide_nothing() -> None:
    own, unseen = module(2), module(1, availability=None)
    found = left_out(needs("pull"), [section(1, own)], [section(1, own, unseen)])
    assert found == ({}, {(RESTRICTED, "mod/quiz:view")})


def test_reason_that_is_certain_explains_the_doubtful_ones() -> None:
    other = [section(1, module(1), module(2, visible=False))]
    assert left_out(needs("pull"), [section(1)], other) == ({"mod/quiz:view": False}, set())


def test_section_that_one_account_does_not_see_is_not_compared() -> None:
    assert left_out(needs("pull"), [section(1)], [section(1), section(2, module(1))]) == ({}, set())


def test_what_an_account_need_not_see_is_not_held_against_it() -> None:
    own = [section(1, module(2))]
    assert left_out(needs("push"), own, [section(1, module(2), module(1, availability="{}"))]) == ({}, set())
    assert left_out(needs("pull"), [section(1)], [section(1, module(1, "forum"))]) == ({}, set())


def test_modules_are_those_that_the_account_is_let_into() -> None:
    rows = [section(1, module(1), module(2, "page")), section(2, module(3, uservisible=False))]
    assert [row.id for row in modules(rows)] == [1, 2]
    assert [row.id for row in modules(rows, "page")] == [2]
