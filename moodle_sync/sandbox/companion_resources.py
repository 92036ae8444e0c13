"""Pages, links, files, texts and forums, as the companion writes them."""

from __future__ import annotations

import base64
import binascii
import hashlib
import html
import re
from collections.abc import Mapping
from typing import Any

from moodle_sync.sandbox.companion_frame import Item
from moodle_sync.sandbox.companion_payload import Payload, Reader, bad
from moodle_sync.sandbox.companion_writable import Writable
from moodle_sync.sandbox.rows_site import CourseModule, Forum, Label, Page, Resource, Url

LARGEST = 2 * 1024 * 1024
LONGEST_ADDRESS = 2000
LONGEST_LABEL = 50
_ADDRESS = re.compile(r"https?://[^\s/?#:@]+(:\d+)?([/?#]\S*)?", re.IGNORECASE)
_NO_FILE_NAME = re.compile(r"[\x00-\x1f&<>\"`|':\\/]")
_TAGS = re.compile(r"<[^<>]*>")


class Plain(Writable):
    """A type that cannot be written: it has the fields that all have."""


class PageType(Writable):
    """A page."""

    def readers(self) -> Mapping[str, Reader]:
        """``content``."""
        return {"content": Payload.html}

    def new(self, name: str) -> Page:
        """An empty page."""
        return Page(name=name)

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """``content``."""
        return {"content": instance.content}

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """The content, with a new revision."""
        if "content" in changes:
            instance.content = changes["content"]
            instance.revision += 1


class UrlType(Writable):
    """A link."""

    needs = ("name", "url")

    def readers(self) -> Mapping[str, Reader]:
        """``url``."""
        return {"url": _address}

    def new(self, name: str) -> Url:
        """A link to nowhere yet."""
        return Url(name=name)

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """``url``."""
        return {"url": instance.externalurl}

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """The address."""
        if "url" in changes:
            instance.externalurl = changes["url"]


class ForumType(Writable):
    """A forum for general use."""

    def new(self, name: str) -> Forum:
        """An empty forum."""
        return Forum(name=name)


class LabelType(Writable):
    """A text on the course page: it has neither a name of its own nor completion here."""

    lacks = ("name", "completion")
    needs = ()

    def new(self, name: str) -> Label:
        """An empty text."""
        return Label(name=_label_name(""))

    def write_texts(self, module: CourseModule, instance: Any, changes: dict[str, Any]) -> None:
        """The text; the name follows it, unless somebody gave another by hand."""
        derived = instance.name == _label_name(instance.intro)
        super().write_texts(module, instance, changes)
        if derived:
            instance.name = _label_name(instance.intro)


class ResourceType(Writable):
    """A file to download."""

    needs = ("name", "file")

    def readers(self) -> Mapping[str, Reader]:
        """``file``."""
        return {"file": lambda p, f: _file(p.inner(f))}

    def new(self, name: str) -> Resource:
        """No file yet."""
        return Resource(name=name)

    def state(self, module: CourseModule, instance: Any) -> dict[str, Any]:
        """``file``: name, digest and size."""
        told = {"name": instance.filename, "sha256": instance.sha256, "size": instance.size}
        return {"file": told if instance.filename else None}

    def differs(self, name: str, wanted: Any, current: Any, module: CourseModule, item: Item) -> bool:
        """A file is compared by name, digest and size."""
        if name == "file":
            wanted = {key: value for key, value in wanted.items() if key != "content"}
        return super().differs(name, wanted, current, module, item)

    def write(self, module: CourseModule, instance: Any, changes: dict[str, Any], item: Item) -> None:
        """The file, with a new revision."""
        if "file" in changes:
            file = changes["file"]
            instance.filename, instance.content = file["name"], file["content"]
            instance.sha256, instance.size = file["sha256"], file["size"]
            instance.revision += 1


def _address(payload: Payload, name: str) -> str:
    value = payload.text(name, LONGEST_ADDRESS)
    if not _ADDRESS.fullmatch(value):
        raise bad(payload.at(name), "must be an absolute address that starts with http:// or https://")
    if html.unescape(value) != value:
        raise bad(payload.at(name), "holds HTML entities: write the characters themselves")
    return value


def _file(payload: Payload) -> dict[str, Any]:
    payload.only("name", "base64")
    name = payload.text("name", 255)
    if _NO_FILE_NAME.search(name) or name.strip() != name or ".." in name:
        marks = "/ \\ : & < > \" ' ` | (which Moodle takes out of it)"
        raise bad(payload.at("name"), f"must be a file name, without {marks} or spaces at its ends")
    text = payload.html("base64")
    try:
        content = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        content = b""
    if len(content) > LARGEST:
        raise bad(payload.at("base64"), "holds more than 2 MB: put the file in Moodle by hand")
    if not content or base64.b64encode(content).decode() != text:
        raise bad(payload.at("base64"), "must be the file in base64, not empty, without line breaks")
    return {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content), "content": text}


def _label_name(intro: str) -> str:
    text = " ".join(html.unescape(_TAGS.sub(" ", intro)).split())
    if len(text) > LONGEST_LABEL:
        return text[:LONGEST_LABEL] + "..."
    return text or "Text and media area"
