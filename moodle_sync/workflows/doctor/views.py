"""What one account sees of a course and the other does not: the missing capabilities of which Moodle says nothing.

Pure: two answers of ``core_course_get_contents`` go in. Sections that one of the two does not see at all are not
compared, since only the pushing account has to see hidden ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from moodle_sync.moodle.wire.site import ModuleRow, SectionRow
from moodle_sync.workflows.doctor.asking import Told
from moodle_sync.workflows.doctor.needs import Needs

_HIDDEN_SECTIONS = "moodle/course:viewhiddensections"
_HIDDEN = "moodle/course:viewhiddenactivities"
_RESTRICTED = "moodle/course:ignoreavailabilityrestrictions"


def shown(sections: Sequence[SectionRow]) -> Told:
    """The capabilities without which this account would not be told of what it is told of."""
    told: Told = {}
    if any(section.visible is False for section in sections):
        told[_HIDDEN_SECTIONS] = True
    for module in modules(sections):
        told[_view(module)] = True
        if not module.visible:
            told[_HIDDEN] = True
    return told


def left_out(
    wanted: Needs, own: Sequence[SectionRow], other: Sequence[SectionRow]
) -> tuple[Told, set[tuple[str, ...]]]:
    """Why activities that the other account sees are not shown to this one.

    Returns:
        The capabilities that must be missing, as False; and groups of which one at least is, nobody knows which.
        An activity that this account need not see (it lacks by right what the other has) counts for neither.
    """
    named = {one.name for one in wanted.capabilities}
    types = {module.modname for module in modules(own)}
    ids = {module.id for module in modules(own)}
    common = {section.id for section in own}
    missing: Told = {}
    unclear: set[tuple[str, ...]] = set()
    for module in modules(section for section in other if section.id in common):
        if module.id in ids:
            continue
        causes = _causes(module, types)
        if not named.issuperset(causes):
            continue
        if len(causes) == 1:
            missing[causes[0]] = False
        else:
            unclear.add(causes)
    return missing, {causes for causes in unclear if not missing.keys() & set(causes)}


def _causes(module: ModuleRow, types: set[str]) -> tuple[str, ...]:
    """What can hide this activity from an account that sees these types; at least one."""
    causes = []
    if not module.visible:
        causes.append(_HIDDEN)
    if module.availability != "":
        causes.append(_RESTRICTED)
    if module.modname not in types or module.availability is None or not causes:
        causes.append(_view(module))
    return tuple(causes)


def _view(module: ModuleRow) -> str:
    return f"mod/{module.modname}:view"


def modules(sections: Iterable[SectionRow], modname: str = "") -> list[ModuleRow]:
    """The activities that the account is let into, in page order; of one type, or all."""
    rows = [module for section in sections for module in section.modules if module.uservisible]
    return [row for row in rows if modname in ("", row.modname)]
