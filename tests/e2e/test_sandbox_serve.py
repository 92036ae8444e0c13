"""``sandbox serve`` as somebody runs it: it prints how to reach it, serves, keeps its state, and ends when told."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

RUN = "from moodle_sync.cli.sandbox import sandbox; sandbox(standalone_mode=False)"


@contextmanager
def serving(*words: str) -> Iterator[dict[str, Any]]:
    command = [sys.executable, "-c", RUN, "serve", "--json", *words]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.send_signal(signal.SIGTERM)
            _, log = process.communicate(timeout=30)
    assert (process.returncode, log) == (0, "")


def call(told: dict[str, Any], wsfunction: str, **params: str) -> Any:
    form = {"wstoken": told["push_token"], "wsfunction": wsfunction, "moodlewsrestformat": "json"}
    return requests.post(f"{told['url']}/webservice/rest/server.php", data=form | params, timeout=30).json()


def test_serve_prints_how_to_reach_it_and_keeps_its_state(tmp_path: Path) -> None:
    state, actors = tmp_path / "state.json", tmp_path / "actors.json"
    words = ("--version", "4.5", "--without-companion", "--state", str(state), "--actors", str(actors))
    with serving(*words) as told:
        info = call(told, "core_webservice_get_site_info")
        assert info["release"].startswith("4.5")
        assert not [one for one in info["functions"] if one["name"].startswith("local_moodlesync_")]
        [made] = call(told, "core_course_create_categories", **{"categories[0][name]": "Kept"})
    people = json.loads(actors.read_text(encoding="utf-8"))
    assert (len(people["learners"]), len(people["trainers"])) == (12, 2)
    assert actors.stat().st_mode & 0o077 == state.stat().st_mode & 0o077 == 0
    with serving(*words) as again:
        assert again["push_token"] == told["push_token"]
        names = {one["id"]: one["name"] for one in call(again, "core_course_get_categories")}
        assert names[made["id"]] == "Kept"
