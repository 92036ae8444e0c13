"""A filled rubric read against the programme's rubric: which level of which criterion, or why that cannot be said.

Criteria are matched by their texts and levels by their points: Moodle's ids change when a rubric is edited or a course
restored, and a filling of other texts is evidence of something else.
"""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from moodle_sync.compliance import sentences
from moodle_sync.facts.models import CriterionFilling, RubricFilling
from moodle_sync.spec.grid import expand
from moodle_sync.spec.models import Criterion, Rubric


@dataclass(frozen=True)
class Reading:
    """A filling in the terms of the programme's rubric. ``problem`` is a French sentence, empty when it can be read."""

    problem: str
    points: Mapping[str, Decimal]
    """Points by criterion key; a criterion left open is not in it."""
    total: int
    """How many criteria the programme's rubric has."""

    @property
    def complete(self) -> bool:
        """Whether every criterion was rated."""
        return len(self.points) == self.total


def read(filling: RubricFilling, rubric: Rubric) -> Reading:
    """The filling in the terms of the rubric; with a problem when its criteria or levels are not the rubric's."""
    total = len(rubric.criteria)
    wanted = Counter(_plain(criterion.title) for criterion in rubric.criteria)
    found = Counter(_plain(line.criterion) for line in filling.criteria)
    repeated = any(n > 1 for n in wanted.values())
    if wanted != found or repeated:
        missing, added = sorted((wanted - found).elements()), sorted((found - wanted).elements())
        return Reading(sentences.other_rubric(missing, added), {}, total)
    by_title = {_plain(line.criterion): line for line in filling.criteria}
    points: dict[str, Decimal] = {}
    for criterion in rubric.criteria:
        score = by_title[_plain(criterion.title)].score
        if score is None:
            continue
        if score not in {level.points for level in expand(criterion)}:
            return Reading(sentences.other_level(criterion.title, score), {}, total)
        points[criterion.key] = score
    return Reading("", points, total)


def criterion_of(line: CriterionFilling, rubric: Rubric | None) -> Criterion | None:
    """The programme's criterion that a filled line is about, by its text."""
    wanted = _plain(line.criterion)
    return next((item for item in rubric.criteria if _plain(item.title) == wanted), None) if rubric else None


def _plain(text: str) -> str:
    # Moodle and the spec may differ in composed letters and in line breaks; nothing else is forgiven
    return " ".join(unicodedata.normalize("NFC", text).split())
