"""From a folder of files to :class:`Specs`, or to one SpecError with every problem of every file.

Only what a file says alone is checked here; what needs a second file is checked by ``spec.rules``. Nothing is written.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from moodle_sync import ids
from moodle_sync.errors import Problem, SpecError
from moodle_sync.inputs.document import Document
from moodle_sync.inputs.messages import parse
from moodle_sync.inputs.yaml import read_yaml
from moodle_sync.spec.activity import ACTIVITY_KINDS
from moodle_sync.spec.files import SpecFile, read_file
from moodle_sync.spec.models import Framework, Programme, Rubric, Session, Spec, Survey
from moodle_sync.spec.questions import FORMATS, QuestionFile, read_questions
from moodle_sync.spec.specs import Specs, source_key

FOLDERS = ("courses", "frameworks", "rubrics", "surveys", "questions", "files", "sessions")
NAMED_BY = ("key", *ACTIVITY_KINDS, "date", "funder")

SpecT = TypeVar("SpecT", bound=Spec)

# a local key and a version are made of the same characters
_PATTERNS = {
    f"^{ids.KEY.pattern}$": 'a key: small letters without accents, digits and hyphens, such as "pouvoir-dagir"',
    f"^{ids.LOCAL_KEY.pattern}$": 'made of letters without accents, digits and hyphens, such as "M1" or "2026-02"',
    r"^[a-z][a-z0-9_]*$": 'a role: write it as in mappings/roles.yaml, such as "placement_test"',
    r"^[a-z][a-z0-9_]{0,59}$": 'a funder: write it as in mappings/retention.yaml, such as "opco"',
    r"^\d{2}:\d{2}-\d{2}:\d{2}$": 'a half-day: write it as "09:00-12:30"',
    r"^[1-9][0-9]?(d|mo)$": 'a delay: write days or months, such as "10d" or "4mo"',
    r"^https?://[^\s]{3,500}$": 'an address on the web: write it whole, such as "https://www.example.org/page"',
}


@dataclass(frozen=True)
class _Kind(Generic[SpecT]):
    """One of the folders of YAML files: its model, and the key and version that name a file."""

    folder: str
    model: type[SpecT]
    key: Callable[[SpecT], str]
    version: Callable[[SpecT], str | None]


def load_specs(root: Path) -> Specs:
    """Every spec under ``root``: the YAML of ``courses frameworks rubrics surveys sessions``, ``questions``, ``files``.

    A file is called by its key, or by key and version when a folder holds several: ``pouvoir-dagir@2026-02.yaml``.

    Raises:
        SpecError: with every problem of every file, each with its place, its field and what to do.
    """
    if not any((root / folder).is_dir() for folder in FOLDERS):
        message = f"there is none of the folders {', '.join(FOLDERS)} here: is this the folder of the specs?"
        raise SpecError("There are no specs to read.", [Problem(root, 0, 0, "", message)])
    reader = _Reader(root)
    programmes = reader.read(_Kind("courses", Programme, lambda one: one.programme, lambda one: one.version))
    frameworks = reader.read(_Kind("frameworks", Framework, lambda one: one.framework, lambda one: one.version))
    rubrics = reader.read(_Kind("rubrics", Rubric, lambda one: one.rubric, lambda one: None))
    surveys = reader.read(_Kind("surveys", Survey, lambda one: one.survey, lambda one: None))
    sessions = reader.read(_Kind("sessions", Session, lambda one: one.session, lambda one: None))
    questions, files = reader.questions(), reader.downloads()
    if reader.problems:
        raise SpecError(summary(reader.problems), reader.problems)
    return Specs(
        root=root,
        programmes={(one.programme, one.version): one for one in programmes},
        frameworks={(one.framework, one.version): one for one in frameworks},
        rubrics={one.rubric: one for one in rubrics},
        sessions={one.session: one for one in sessions},
        questions=questions,
        surveys={one.survey: one for one in surveys},
        files=files,
        sources=reader.sources,
    )


def summary(problems: list[Problem]) -> str:
    """``2 problems in 2 files. Nothing was sent to Moodle.``"""
    files = len({problem.file for problem in problems})
    counted = f"{len(problems)} problem{'s' * (len(problems) > 1)} in {files} file{'s' * (files > 1)}"
    return f"{counted}. Nothing was sent to Moodle."


class _Reader:
    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.sources: dict[str, Document] = {}

    def read(self, kind: _Kind[SpecT]) -> list[SpecT]:
        """The files of one folder that can be read; the problems of the others are kept."""
        found: list[SpecT] = []
        for file in self._files(kind.folder):
            if file.suffix in (".yml", ".json") or file.name.lower().endswith((".yaml.txt", ".yml.txt")):
                self._complain(file, f'rename it to "{file.name.split(".")[0]}.yaml": only *.yaml is read here')
            if file.suffix != ".yaml":
                continue
            document, problems = read_yaml(file, NAMED_BY)
            if document is not None:
                item, problems = parse(document, kind.model, _PATTERNS)
                if item is not None and self._accept(kind, document, item):
                    found.append(item)
            self.problems.extend(problems)
        return found

    def questions(self) -> Mapping[str, QuestionFile]:
        """The question files, by the path that a quiz names."""
        found: dict[str, QuestionFile] = {}
        for file in self._files("questions"):
            if file.suffix not in FORMATS:
                self._complain(file, f'"{file.suffix}" is no format for questions: write GIFT (.gift) or XML (.xml)')
                continue
            path = f"questions/{file.name}"
            item, problems = read_questions(file, path)
            if item is not None:
                found[path] = item
            self.problems.extend(problems)
        return found

    def downloads(self) -> Mapping[str, SpecFile]:
        """The files that learners download, by the path that an activity names."""
        found: dict[str, SpecFile] = {}
        for file in self._files("files"):
            path = f"files/{unicodedata.normalize('NFC', file.name)}"
            item = read_file(file, path)
            if isinstance(item, Problem):
                self.problems.append(item)
            else:
                found[path] = item
        return found

    def _accept(self, kind: _Kind[SpecT], document: Document, item: SpecT) -> bool:
        """Whether the file is called as its content says, and is the only one that says so."""
        key, version = kind.key(item), kind.version(item)
        names = [key] if version is None else [key, f"{key}@{version}"]
        field = next(iter(kind.model.model_fields))
        if document.file.stem not in names:
            wanted = " or ".join(f'"{name}.yaml"' for name in names)
            message = f'"{key}" stands in a file called "{document.file.name}": rename it to {wanted}, or mend the key'
            self.problems.append(document.problem((field,), message))
            return False
        first = self.sources.get(source_key(item))
        if first is not None:
            also = f"{first.file.parent.name}/{first.file.name}"
            message = f'"{key}" version "{version}" is also in {also}: give one of the two another version'
            self.problems.append(document.problem(("version",), message))
            return False
        self.sources[source_key(item)] = document
        return True

    def _files(self, folder: str) -> Iterator[Path]:
        """The files of a folder in order of their names, without hidden ones, notes and editors' copies."""
        directory = self.root / folder
        for file in sorted(directory.iterdir()) if directory.is_dir() else ():
            note = file.suffix == ".md" and folder != "files"  # learners may download Markdown like anything else
            aside = file.name.startswith((".", "#", "README")) or file.name.endswith("~")
            if file.is_file() and not (aside or note):
                yield file

    def _complain(self, file: Path, message: str) -> None:
        self.problems.append(Problem(file, 0, 0, "", message))
