"""moodle-sync as an administrator runs it: words in, exit code and one JSON document out."""

import contextlib
import io
import json
from dataclasses import dataclass
from typing import Any

from livesupport.folder import Folder
from moodle_sync.cli.main import run


@dataclass(frozen=True)
class Answer:
    """What one command answered."""

    code: int
    document: Any
    log: str


def moodle_sync(folder: Folder, *words: str) -> Answer:
    """Run one command in the working folder."""
    out, log = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(log):
        code = run([*words, "--config", str(folder.path / "config.toml"), "--json"])
    text = out.getvalue()
    return Answer(code, json.loads(text) if text.strip() else None, log.getvalue())


def to_do(answer: Answer) -> list[tuple[str, str, str, tuple[str, ...]]]:
    """A plan's changes as (action, kind, key, field names), without those that no open route can make."""
    return [
        (change["action"], change["kind"], change["key"], tuple(field["name"] for field in change["fields"]))
        for change in answer.document["changes"]
        if change["action"] != "blocked"
    ]
