"""Questionnaires and their items, as the companion writes them. One that somebody answered keeps its questions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moodle_sync.sandbox.cleaning import takes
from moodle_sync.sandbox.companion_frame import Item
from moodle_sync.sandbox.companion_payload import Payload, Reader, bad, failure
from moodle_sync.sandbox.companion_writable import Writable
from moodle_sync.sandbox.rows_site import CourseModule, Feedback, FeedbackItem
from moodle_sync.sandbox.world import MODULE_LEVEL

TIMES = {"opens": "timeopen", "due": "timeclose"}
OTHER = "other"
PLAIN = {"textfield": "text", "textarea": "longtext", "numeric": "number", "label": "label", "pagebreak": "pagebreak"}
CHOICES = {"scale": 2, "choice": 2, "choices": 1}
"""The types that have options, and how many at least."""
SILENT = ("label", "pagebreak")
DISPLAY = {"textfield": "30|255", "textarea": "30|5", "numeric": "-|-", "label": "", "pagebreak": ""}
LONGEST = {"4.5": 255, "5.1": 1333}
_MARKS = re.compile(r"\||####|>>>>>|<<<<<|[\x00-\x1f]")
_FOREIGN = re.compile(r"\?[1-9]\d{0,17}")


class FeedbackType(Writable):
    """A questionnaire."""

    rules = ("submit",)

    def readers(self) -> Mapping[str, Reader]:
        """Times, promises, items."""
        times: dict[str, Reader] = dict.fromkeys(TIMES, Payload.moment)
        own: dict[str, Reader] = {"anonymous": Payload.flag, "multiple": Payload.flag, "items": self._read_items}
        return {**times, **own}

    def new(self, name: str) -> Feedback:
        """An anonymous questionnaire without questions."""
        return Feedback(name=name)

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """All fields of its own."""
        times = {name: getattr(instance, column) or None for name, column in TIMES.items()}
        promises = {"anonymous": instance.anonymous == 1, "multiple": instance.multiple_submit}
        return times | promises | {"items": self._items(module)}

    def check(self, after: dict[str, Any], changes: dict[str, Any], item: Item) -> None:
        """Times in order."""
        self.in_order(after, changes, item, *TIMES)

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """Columns and items. Raises ``feedbackused`` once somebody answered."""
        answered = bool(self.scope.world.feedback_completed.where(feedback=instance.id))
        for name in ("anonymous", "multiple"):
            if name in changes and answered:
                raise self._used(item, name)
        for name, column in TIMES.items():
            if name in changes:
                setattr(instance, column, changes[name] or 0)
        if "anonymous" in changes:
            instance.anonymous = 1 if changes["anonymous"] else 2
        if "multiple" in changes:
            instance.multiple_submit = changes["multiple"]
        if "items" in changes:
            contextid = self.scope.world.context(MODULE_LEVEL, module.id)
            self.scope.caller.require("mod/feedback:edititems", contextid)
            self._write_items(module, item, answered=answered)

    def _used(self, item: Item, name: str) -> Exception:
        message = f'Somebody has answered the questionnaire "{item.key}": its questions and its promises stay.'
        return failure("feedbackused", message, item.at(name))

    def _rows(self, module: CourseModule) -> list[FeedbackItem]:
        rows = self.scope.world.feedback_items.where(feedback=module.instance)
        return sorted(rows, key=lambda row: (row.position, row.id))

    def _items(self, module: CourseModule) -> list[dict[str, Any]]:
        keys = self.scope.keys("item")
        prefix = f"{self.scope.key(module.idnumber)}/"
        found = []
        for row in self._rows(module):
            key = keys.get(row.id, "")
            found.append(_state(row, key.removeprefix(prefix) if key.startswith(prefix) else f"?{row.id}"))
        return found

    def _write_items(self, module: CourseModule, item: Item, *, answered: bool) -> None:
        world, wanted = self.scope.world, item.fields["items"]
        current = self._items(module)
        if answered and [_bare(one) for one in wanted] != [_bare(one) for one in current]:
            raise self._used(item, "items")
        rows = {row.id: row for row in self._rows(module)}
        ids = self._ids(wanted, rows, {one["key"]: one for one in current}, item)
        world.feedback_items.remove(*[row for number, row in rows.items() if number not in ids])
        saved: dict[str, int] = {}
        for place, (one, number) in enumerate(zip(wanted, ids, strict=True), 1):
            row = rows.get(number)
            columns = {} if one["type"] == OTHER else _columns(one, row)
            if row is None:
                row = world.feedback_items.add(FeedbackItem(feedback=module.instance))
            row.position = place
            for name, value in columns.items():
                setattr(row, name, value)
            saved[one["key"]] = row.id
        self._remember(item.key, saved)

    def _ids(
        self, wanted: list[dict[str, Any]], rows: dict[int, FeedbackItem], current: dict[str, Any], item: Item
    ) -> list[int]:
        known = self.scope.ids("item")
        found = []
        for place, one in enumerate(wanted):
            path = item.at(f"items[{place}]")
            foreign = one["key"].startswith("?")
            number = int(one["key"][1:]) if foreign else known.get(f"{item.key}/{one['key']}", 0)
            if foreign and (number not in rows or one["key"] not in current):
                raise failure("nosuchkey", f'There is no item "{one["key"]}" here.', f"{path}.key")
            if one["type"] == OTHER and one != current.get(one["key"]):
                raise bad(f"{path}.type", 'is "other": such an item can be kept as it was read, and nothing else')
            found.append(number if number in rows else 0)
        return found

    def _remember(self, activity: str, saved: dict[str, int]) -> None:
        prefix = f"{activity}/"
        for key in self.scope.ids("item"):
            if key.startswith(prefix) and key.removeprefix(prefix) not in saved:
                self.scope.forget("item", key)
        for key, number in saved.items():
            if not key.startswith("?"):
                self.scope.remember("item", prefix + key, number)

    def _read_items(self, payload: Payload, name: str) -> list[dict[str, Any]]:
        found: dict[str, dict[str, Any]] = {}
        for one in payload.inners(name):
            item = _read(one, LONGEST[self.scope.world.version])
            if item["key"] in found:
                raise bad(one.at("key"), "is there twice")
            found[item["key"]] = item
        return list(found.values())


def _read(payload: Payload, longest: int) -> dict[str, Any]:
    payload.only("key", "type", "question", "options", "required")
    key = payload.html("key")
    ours = not _FOREIGN.fullmatch(key)
    kind = payload.choice("type", [*CHOICES, *PLAIN.values(), OTHER])
    empty = kind == "pagebreak" and not payload.has("question")
    item: dict[str, Any] = {"key": payload.key("key") if ours else key, "type": kind}
    item["question"] = "" if empty else _question(payload, kind, longest, ours=ours)
    if kind in CHOICES:
        item["options"] = _options(payload, CHOICES[kind], ours=ours)
    elif payload.has("options") and payload.raw("options") != []:
        raise bad(payload.at("options"), f"is nothing that a {kind} has")
    item["required"] = payload.has("required") and payload.flag("required")
    if item["required"] and kind in SILENT:
        raise bad(payload.at("required"), f"must be false: nobody answers a {kind}")
    return item


def _question(payload: Payload, kind: str, longest: int, *, ours: bool) -> str:
    text = payload.html("question")
    if kind in ("label", OTHER):
        return text
    if kind == "pagebreak":
        if text:
            raise bad(payload.at("question"), "must be empty")
        return ""
    if ours:
        return payload.text("question", longest)
    if len(text) > longest:
        raise bad(payload.at("question"), f"is longer than {longest} characters")
    return text


def _options(payload: Payload, least: int, *, ours: bool) -> list[str]:
    found = payload.raw("options")
    if not isinstance(found, list) or len(found) < least:
        raise bad(payload.at("options"), f"must be an array of at least {least}")
    for place, option in enumerate(found):
        reason = ""
        if not isinstance(option, str) or option.strip() != option or not option:
            reason = "must be a text, without spaces at its ends"
        elif _MARKS.search(option):
            reason = "must be one line without |, ####, >>>>> and <<<<<: Moodle uses these"
        elif ours and not takes("text", option):
            reason = "must be plain text, without tags"
        if reason:
            raise bad(f"{payload.at('options')}[{place}]", reason)
    return list(found)


def _bare(one: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in one.items() if name != "question"}


def _state(row: FeedbackItem, key: str) -> dict[str, Any]:
    kind, options = (PLAIN[row.typ], None) if row.typ in PLAIN else _read_choices(row)
    question = {"label": row.presentation, "pagebreak": ""}.get(kind, row.name)
    state: dict[str, Any] = {"key": key, "type": kind, "question": question}
    if options is not None:
        state["options"] = options
    return state | {"required": row.required and kind not in SILENT}


def _read_choices(row: FeedbackItem) -> tuple[str, list[str] | None]:
    rated = row.typ == "multichoicerated"
    if not rated and row.typ != "multichoice":
        return OTHER, None
    subtype, lines, _ = _split(row.presentation)
    options = []
    for place, line in enumerate(lines, 1):
        points, _, text = line.partition("####") if rated else (str(place), "", line)
        if points != str(place) or not text.strip() or _MARKS.search(text.strip()):
            return OTHER, None
        options.append(text.strip())
    kind = "scale" if rated else "choices" if subtype == "c" else "choice"
    return (OTHER, None) if len(options) < CHOICES[kind] else (kind, options)


def _split(presentation: str) -> tuple[str, list[str], str]:
    subtype, _, rest = presentation.partition(">>>>>")
    lines, mark, behind = rest.partition("<<<<<")
    return subtype, [line.strip() for line in lines.split("|")], mark + behind


def _columns(one: dict[str, Any], row: FeedbackItem | None) -> dict[str, Any]:
    kind = one["type"]
    types = {word: typ for typ, word in PLAIN.items()}
    typ = types.get(kind) or ("multichoicerated" if kind == "scale" else "multichoice")
    same = row if row and row.typ == typ else None
    if kind == "label":
        presentation = one["question"]
    elif "options" in one:
        presentation = _presentation(one, same)
    else:
        presentation = same.presentation if same else DISPLAY[typ]
    return {
        "typ": typ,
        "name": {"label": "label", "pagebreak": ""}.get(kind, one["question"]),
        "presentation": presentation,
        "hasvalue": kind not in SILENT,
        "required": one["required"],
        # Without "not selected" among the options.
        "options": same.options if same else ("h" if kind in ("scale", "choice") else ""),
    }


def _presentation(one: dict[str, Any], row: FeedbackItem | None) -> str:
    radio = one["type"] != "choices"
    subtype, _, behind = _split(row.presentation) if row else ("", [], "")
    if subtype not in (("r", "d") if radio else ("c",)):
        subtype, behind = ("r" if radio else "c"), ""
    lines = one["options"]
    if one["type"] == "scale":
        lines = [f"{place}####{text}" for place, text in enumerate(lines, 1)]
    return f"{subtype}>>>>>{'|'.join(lines)}{behind}"
