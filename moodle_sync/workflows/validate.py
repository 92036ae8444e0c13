"""validate: load every spec, check what needs more than one file, and list what is still to be confirmed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from moodle_sync.config import Settings
from moodle_sync.errors import Problem, SpecError
from moodle_sync.mapping.loader import load_mappings
from moodle_sync.spec.loader import load_specs, summary
from moodle_sync.spec.rules import check
from moodle_sync.spec.specs import Specs

JSON = Any


@dataclass(frozen=True)
class Validated:
    """Specs without a problem, with their warnings and what the organisation has to confirm."""

    specs: Specs
    warnings: tuple[Problem, ...]
    to_confirm: tuple[Problem, ...]

    def lines(self) -> list[str]:
        """For a person."""
        sessions, programmes = len(self.specs.sessions), len(self.specs.programmes)
        lines = [f"{item}" for item in (*self.warnings, *self.to_confirm)]
        lines.append(
            f"{programmes} programmes and {sessions} sessions are sound: "
            f"{len(self.warnings)} warnings, {len(self.to_confirm)} decisions to confirm."
        )
        return lines

    def document(self) -> JSON:
        """For a program."""
        return {
            "sessions": sorted(self.specs.sessions),
            "warnings": [str(item) for item in self.warnings],
            "to_confirm": [str(item) for item in self.to_confirm],
        }


def validate(settings: Settings) -> Validated:
    """Every spec of the configured folder, checked.

    Raises:
        SpecError: with every problem of every file.
    """
    mappings = load_mappings(settings.paths.mappings)
    specs = load_specs(settings.paths.specs)
    found = check(specs, settings.site.namespace, roles=mappings.roles, funders=mappings.retention.funders)
    if found.problems:
        raise SpecError(summary(list(found.problems)), found.problems)
    return Validated(specs, tuple(found.warnings), tuple(found.to_confirm))
