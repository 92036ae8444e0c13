"""From a folder of mapping files to :class:`Mappings`, or to one SpecError with every problem of every file."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from moodle_sync.errors import Problem, SpecError
from moodle_sync.inputs.document import Document, Field
from moodle_sync.inputs.messages import parse
from moodle_sync.inputs.suggest import did_you_mean
from moodle_sync.inputs.yaml import read_yaml
from moodle_sync.mapping.models import Referential, Role, RolesFile, Scale, ScalesFile
from moodle_sync.mapping.retention import ANY, Retention, RetentionFile

NAMED_BY = ("indicator", "role", "scale", "data_class", "funder", "policy", "key")
REFERENTIALS = "qualiopi"

ModelT = TypeVar("ModelT", bound=BaseModel)

_PATTERNS = {
    r"^[a-z][a-z0-9_]*$": 'a name: small letters, digits and underscores, such as "placement_test"',
    r"^[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?$": 'an edition: letters, digits and hyphens, such as "V9-2024-01-08"',
    r"^[a-z0-9][a-z0-9._-]{0,63}$": 'a policy: small letters, digits, dots and dashes, such as "opco-3y"',
    r"^[1-9][0-9]?(mo|y)$": 'a duration: write months or years, such as "18mo" or "3y"',
}


@dataclass(frozen=True)
class Mappings:
    """Everything under mappings/, by edition and by name."""

    referentials: dict[str, Referential]
    roles: dict[str, Role]
    scales: dict[str, Scale]
    retention: Retention

    def referential(self, edition: str | None = None) -> Referential:
        """The referential of an edition, or the one in force last. Raises SpecError when there is none of that name."""
        if edition is None:
            return max(self.referentials.values(), key=lambda one: one.in_force_from)
        if edition not in self.referentials:
            known = ", ".join(sorted(self.referentials))
            raise SpecError(f'there is no edition "{edition}" of the referential in the mappings; known: {known}')
        return self.referentials[edition]

    def default_role(self, kind: str) -> Role | None:
        """The role of a page, assignment or quiz for which the programme names none, or None."""
        return next((role for role in self.roles.values() if kind in role.default_for), None)

    def may_evidence(self, role: str, indicator: int) -> bool:
        """Whether results of that role may be offered for that indicator. False for an unknown role."""
        found = self.roles.get(role)
        return found is not None and indicator in found.evidences


def load_mappings(root: Path) -> Mappings:
    """The mappings under ``root``: ``roles``, ``scales`` and ``retention.yaml``, ``qualiopi/<edition>.yaml``.

    Raises:
        SpecError: with every problem of every file, each with its place.
    """
    problems: list[Problem] = []
    roles_file = _read(root / "roles.yaml", RolesFile, problems)
    scales_file = _read(root / "scales.yaml", ScalesFile, problems)
    retention_file = _read(root / "retention.yaml", RetentionFile, problems)
    referentials: dict[str, Referential] = {}
    for file in sorted((root / REFERENTIALS).glob("*.yaml")):
        found = _read(file, Referential, problems)
        if found is not None:
            problems.extend(_check_referential(*found))
            referentials[found[1].rnq] = found[1]
    if not referentials and not problems:
        message = f"there is no edition of the referential here: put one in {REFERENTIALS}/<edition>.yaml"
        problems.append(Problem(root, 0, 0, "", message))
    if roles_file is not None:
        problems.extend(_check_roles(*roles_file))
    if scales_file is not None:
        document, scales = scales_file
        problems.extend(_repeated(document, "scales", "scale", (one.scale for one in scales.scales)))
        for index, scale in enumerate(scales.scales):
            path: Field = ("scales", index, "items")
            problems.extend(_repeated_at(document, path, "key", (item.key for item in scale.items)))
    if retention_file is not None:
        problems.extend(_check_retention(*retention_file))
    if problems or roles_file is None or scales_file is None or retention_file is None:
        raise SpecError("The mappings cannot be used as they stand.", problems)
    return Mappings(
        referentials=referentials,
        roles={role.role: role for role in roles_file[1].roles},
        scales={scale.scale: scale for scale in scales_file[1].scales},
        retention=_retention(retention_file[1]),
    )


def _retention(file: RetentionFile) -> Retention:
    return Retention(
        edition=file.edition,
        classes={one.data_class: one for one in file.classes},
        funders={one.funder: one for one in file.funders},
        policies={one.policy: one for one in file.policies},
    )


def _read(file: Path, model: type[ModelT], problems: list[Problem]) -> tuple[Document, ModelT] | None:
    document, found = read_yaml(file, NAMED_BY)
    item = None
    if document is not None:
        item, found = parse(document, model, _PATTERNS)
    problems.extend(found)
    return None if document is None or item is None else (document, item)


def _check_referential(document: Document, referential: Referential) -> list[Problem]:
    numbers = [one.indicator for one in referential.indicators]
    problems = list(_repeated(document, "indicators", "indicator", map(str, numbers)))
    if document.file.stem != referential.rnq:
        message = f'the file is called "{document.file.name}" and says "{referential.rnq}": make them the same'
        problems.append(document.problem(("rnq",), message))
    missing = [str(number) for number in range(1, 33) if number not in numbers]
    if missing and not problems:
        # an indicator that is not there would be one that nobody reports as missing
        problems.append(document.problem(("indicators",), f"indicators without a line: {', '.join(missing)}"))
    return problems


def _check_roles(document: Document, file: RolesFile) -> list[Problem]:
    problems = list(_repeated(document, "roles", "role", (role.role for role in file.roles)))
    defaults: dict[str, str] = {}
    for index, role in enumerate(file.roles):
        for kind in role.default_for:
            if kind in defaults:
                message = f'"{defaults[kind]}" is already the role of every {kind} without one: keep one of the two'
                problems.append(document.problem(("roles", index, "default_for"), message))
            defaults.setdefault(kind, role.role)
    return problems


def _check_retention(document: Document, file: RetentionFile) -> list[Problem]:
    classes = [one.data_class for one in file.classes]
    funders = [one.funder for one in file.funders]
    problems = list(_repeated(document, "classes", "data_class", classes))
    problems += _repeated(document, "funders", "funder", funders)
    problems += _repeated(document, "policies", "policy", (one.policy for one in file.policies))
    taken: dict[str, str] = {}
    for index, one in enumerate(file.classes):
        for kind in one.kinds:
            if kind in taken:
                message = f'"{kind}" is in the class "{taken[kind]}" already: keep one of the two'
                problems.append(document.problem(("classes", index, "kinds"), message))
            taken.setdefault(kind, one.data_class)
    if ANY in funders:
        message = f'"{ANY}" stands for every funder: give this one another name'
        problems.append(document.problem(("funders", funders.index(ANY), "funder"), message))
    for index, policy in enumerate(file.policies):
        for field, names, known in (("classes", policy.classes, classes), ("funders", policy.funders, [*funders, ANY])):
            for name in names:
                if name not in known:
                    message = f'this file has no "{name}" under {field}{did_you_mean(name, known)}'
                    problems.append(document.problem(("policies", index, field), message))
    return problems


def _repeated(document: Document, part: str, field: str, keys: Iterable[str]) -> list[Problem]:
    return _repeated_at(document, (part,), field, keys)


def _repeated_at(document: Document, path: Field, field: str, keys: Iterable[str]) -> list[Problem]:
    seen: set[str] = set()
    problems = []
    for index, key in enumerate(keys):
        if key in seen:
            problems.append(document.problem((*path, index, field), f'"{key}" is already there: keep one of the two'))
        seen.add(key)
    return problems
