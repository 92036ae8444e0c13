"""All specs of an organisation together, what belongs to what, and the digest that a session is bound to. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from pathlib import Path
from typing import Any

from moodle_sync.canonical import JSON, decimal_text, digest
from moodle_sync.errors import SpecError
from moodle_sync.inputs.document import Document
from moodle_sync.spec.files import SpecFile
from moodle_sync.spec.models import (
    AnyActivity,
    Assignment,
    Feedback,
    FileResource,
    Framework,
    Module,
    Programme,
    Quiz,
    Rubric,
    Session,
    Spec,
    Survey,
)
from moodle_sync.spec.questions import QuestionFile

CLOSURE_SCHEMA = 1
"""Number of the shape of :func:`programme_closure`. A new optional field must default to None, which is left out, so
that the digests of bound sessions stay as they are."""

# Not what learners were promised: where the course stands in Moodle, and what the organisation still has to confirm.
# Confirming a decision as it was written must not unbind the sessions that run by it; nor must naming the version of a
# framework that was the latest anyway, whose whole content is in the closure.
_NOT_BINDING = {"to_confirm", "category", "framework_version"}


@dataclass(frozen=True)
class Specs:
    """Every spec under one folder. ``sources`` holds, by :func:`source_key`, the file that an object was read from."""

    root: Path
    programmes: Mapping[tuple[str, str], Programme]
    frameworks: Mapping[tuple[str, str], Framework]
    rubrics: Mapping[str, Rubric]
    sessions: Mapping[str, Session]
    questions: Mapping[str, QuestionFile]
    surveys: Mapping[str, Survey] = field(default_factory=dict)
    files: Mapping[str, SpecFile] = field(default_factory=dict)
    sources: Mapping[str, Document] = field(default_factory=dict)

    def source(self, item: Spec) -> Document:
        """The document of a programme, framework, rubric or session; an empty one when it came from no file."""
        return self.sources.get(source_key(item)) or Document(self.root, {})

    def programme_of(self, session: Session) -> Programme:
        """The programme version that a session runs. Raises SpecError when there is none."""
        found = self.programmes.get((session.programme, session.version))
        if found is None:
            wanted = f"{session.programme} version {session.version}"
            raise SpecError(f"session {session.session}: there is no programme {wanted}")
        return found

    def latest_framework(self, key: str) -> Framework | None:
        """The framework of that key with the greatest version (numbers compared as numbers), or None."""
        versions = [item for (name, _), item in self.frameworks.items() if name == key]
        return max(versions, key=lambda item: _natural(item.version), default=None)

    def framework_of(self, programme: Programme) -> Framework:
        """The framework of a programme, in the version that it names or else the latest. Raises SpecError."""
        if programme.framework_version is None:
            found = self.latest_framework(programme.framework)
        else:
            found = self.frameworks.get((programme.framework, programme.framework_version))
        if found is None:
            raise SpecError(f"programme {programme.programme}: there is no framework {programme.framework}")
        return found

    def rubrics_of(self, programme: Programme) -> dict[str, Rubric]:
        """The rubrics that a programme's assignments use, by key, sorted. Raises SpecError for one that is missing."""
        keys = {item.rubric for _, item in activities(programme) if isinstance(item, Assignment) and item.rubric}
        missing = sorted(keys - set(self.rubrics))
        if missing:
            raise SpecError(f"programme {programme.programme}: there is no rubric {missing[0]}")
        return {key: self.rubrics[key] for key in sorted(keys)}

    def questions_of(self, programme: Programme) -> dict[str, QuestionFile]:
        """The question files that a programme's quizzes use, by path, sorted. SpecError for one that is missing."""
        paths = {item.questions for _, item in activities(programme) if isinstance(item, Quiz)}
        missing = sorted(paths - set(self.questions))
        if missing:
            raise SpecError(f"programme {programme.programme}: there is no question file {missing[0]}")
        return {path: self.questions[path] for path in sorted(paths)}

    def surveys_of(self, programme: Programme) -> dict[str, Survey]:
        """The surveys that a programme's questionnaires use, by key, sorted. Raises SpecError for a missing one."""
        keys = {item.survey for _, item in activities(programme) if isinstance(item, Feedback)}
        missing = sorted(keys - set(self.surveys))
        if missing:
            raise SpecError(f"programme {programme.programme}: there is no survey {missing[0]}")
        return {key: self.surveys[key] for key in sorted(keys)}

    def files_of(self, programme: Programme) -> dict[str, SpecFile]:
        """The files that a programme hands out, by path, sorted. Raises SpecError for one that is missing."""
        paths = {item.path for _, item in activities(programme) if isinstance(item, FileResource)}
        missing = sorted(paths - set(self.files))
        if missing:
            raise SpecError(f"programme {programme.programme}: there is no file {missing[0]}")
        return {path: self.files[path] for path in sorted(paths)}

    def sessions_of(self, programme: Programme) -> list[Session]:
        """The sessions of a programme version, by key."""
        wanted = (programme.programme, programme.version)
        found = [item for item in self.sessions.values() if (item.programme, item.version) == wanted]
        return sorted(found, key=lambda item: item.session)


def source_key(item: Spec) -> str:
    """The name of a top-level spec object: its kind, key and, if it has one, version."""
    if isinstance(item, Programme):
        return f"programme:{item.programme}@{item.version}"
    if isinstance(item, Framework):
        return f"framework:{item.framework}@{item.version}"
    if isinstance(item, Rubric):
        return f"rubric:{item.rubric}"
    if isinstance(item, Survey):
        return f"survey:{item.survey}"
    if isinstance(item, Session):
        return f"session:{item.session}"
    raise TypeError(f"{type(item).__name__} is not read from a file of its own")


def local_key(module: Module | None, activity: AnyActivity) -> str:
    """The key of an activity within its course: ``M1.synergies``, or ``positionnement`` outside the modules."""
    return f"{module.key}.{activity.key}" if module else activity.key


def activities(programme: Programme) -> list[tuple[str, AnyActivity]]:
    """Every activity of a programme with its key within the course, in the order of the file, outside ones last."""
    inside = [(local_key(module, item), item) for module in programme.modules for item in module.activities]
    return inside + [(local_key(None, item), item) for item in programme.outside_modules]


def programme_closure(specs: Specs, session: Session) -> dict[str, JSON]:
    """What a session is bound to, as JSON: programme, framework, rubrics, questions, surveys, digests of files.

    Decimals are text, nothing is a float, and a field without a value is left out. How it is
    written (spaces, comments, order of fields, defaults spelled out) does not show; what it says does.
    """
    programme = specs.programme_of(session)
    surveys = {key: plain(survey) for key, survey in specs.surveys_of(programme).items()}
    files = {path: item.sha256 for path, item in specs.files_of(programme).items()}
    return {
        "schema": CLOSURE_SCHEMA,
        "programme": plain(programme),
        "framework": plain(specs.framework_of(programme)),
        "rubrics": {key: plain(rubric) for key, rubric in specs.rubrics_of(programme).items()},
        "questions": {path: item.text for path, item in specs.questions_of(programme).items()},
        # Left out where there is none, as any other field without a value.
        **({"surveys": surveys} if surveys else {}),
        **({"files": files} if files else {}),
    }


def programme_digest(specs: Specs, session: Session) -> str:
    """SHA-256 in hex over :func:`programme_closure`: what a ledger line names as its programme."""
    return digest(programme_closure(specs, session))


def plain(item: Spec) -> dict[str, JSON]:
    """A spec object as JSON without floats, under the names that the files use; binding fields only."""
    dumped = item.model_dump(by_alias=True, exclude_none=True, exclude=_NOT_BINDING)
    return {key: _plain(value) for key, value in dumped.items()}


def _plain(value: Any) -> JSON:
    if isinstance(value, Decimal):
        return decimal_text(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _natural(version: str) -> tuple[tuple[int, int, str], ...]:
    """A version as something to compare: ``1-10`` comes after ``1-9``."""
    parts = re.findall(r"[0-9]+|[A-Za-z]+", version)
    return tuple((1, int(part), "") if part.isdigit() else (0, 0, part) for part in parts)
