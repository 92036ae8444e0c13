"""What all types of activity have in common when the companion writes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moodle_sync.sandbox.companion_frame import Item, Scope
from moodle_sync.sandbox.companion_payload import Reader, bad
from moodle_sync.sandbox.rows_site import CourseModule
from moodle_sync.sandbox.structure import rename_module


class Writable:
    """One type of activity. ``rules`` are the conditions of completion that it has beside viewing."""

    rules: tuple[str, ...] = ()
    lacks: tuple[str, ...] = ()
    """Fields that all types have, and this one has not."""
    needs: tuple[str, ...] = ("name",)
    """Fields that a new one needs."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope

    def readers(self) -> Mapping[str, Reader]:
        """How the fields of its own are read."""
        return {}

    def new(self, name: str) -> Any:
        """A row with the site's defaults."""
        raise NotImplementedError

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """The fields of its own, as they are."""
        return {}

    def differs(self, name: str, wanted: Any, current: Any, module: CourseModule, item: Item) -> bool:
        """Whether a field is to be written."""
        return bool(wanted != current)

    def check(self, after: dict[str, Any], changes: dict[str, Any], item: Item) -> None:
        """Raises ``badpayload`` for what can only be judged beside what Moodle holds."""

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """Write the fields of its own that differ."""

    def write_texts(self, module: CourseModule, instance: Any, changes: dict[str, Any]) -> None:
        """Write the name and the description that differ."""
        if "name" in changes:
            rename_module(self.scope.world, module, changes["name"])
        if "intro" in changes:
            instance.intro, instance.introformat = changes["intro"], 1

    def in_order(self, after: dict[str, Any], changes: dict[str, Any], item: Item, *names: str) -> None:
        """Raises ``badpayload`` when times that are written would not follow each other."""
        if not set(names) & set(changes):
            return
        before = None
        for name in names:
            if after[name] is None:
                continue
            if before is not None and after[name] < after[before]:
                culprit = name if name in changes else before
                raise bad(item.at(culprit), f'"{name}" would be before "{before}"')
            before = name
