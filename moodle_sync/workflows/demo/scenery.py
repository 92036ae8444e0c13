"""The demo's working folder: the shipped programme, its session moved close to today, enrolments, configuration."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from moodle_sync.spec.models import Session
from moodle_sync.workflows.demo.story import ENROLLED
from moodle_sync.workflows.init import copy_example

JSON = Any
SETTLED = timedelta(days=40)
"""The last training day lies so far back that everything due is due, the questionnaire a month after included."""
_WEEK = 7


def write(folder: Path, url: str, actors: Mapping[str, JSON], today: date) -> None:
    """Write everything that the demo's commands read."""
    copy_example(folder)
    [file] = (folder / "course_specs" / "sessions").glob("*.yaml")
    _move(file, today - SETTLED)
    yaml = YAML()
    groups = [group["key"] for group in yaml.load(file.read_text(encoding="utf-8")).get("groups", [])]
    _enrol(folder / "enrolments" / f"{file.stem}.csv", actors, groups)
    (folder / "config.toml").write_text(
        f'[site]\nname = "demo"\nurl = "{url}"\nnamespace = "sag"\n\n'
        '[tokens]\npush_file = "secrets/push.token"\npull_file = "secrets/pull.token"\n'
        # Tokens of a real site must never reach the stand-in, and its tokens are of no use elsewhere.
        'push_env = "MOODLE_SYNC_DEMO_PUSH_TOKEN"\npull_env = "MOODLE_SYNC_DEMO_PULL_TOKEN"\n\n'
        '[ledger]\norigin = "demo.example.org/moodle-sync"\n',
        encoding="utf-8",
    )


def _move(file: Path, last: date) -> None:
    """Move a session by whole weeks, so that its last day is the latest one not after ``last``."""
    yaml = YAML()
    session = yaml.load(file.read_text(encoding="utf-8"))
    shift = timedelta(days=(last - session["days"][-1]["date"]).days // _WEEK * _WEEK)
    for day in session["days"]:
        day["date"] = day["date"] + shift
    session["title"] = "Pouvoir d'agir et coopération, session de démonstration"
    with file.open("w", encoding="utf-8") as stream:
        yaml.dump(session, stream)


def _enrol(file: Path, actors: Mapping[str, JSON], groups: list[str]) -> None:
    file.parent.mkdir(exist_ok=True)
    file.touch(mode=0o600)
    with file.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["person", "role", "group"])
        for number, learner in enumerate(actors["learners"][:ENROLLED]):
            writer.writerow([learner["idnumber"], "student", groups[number % len(groups)] if groups else ""])
        writer.writerows([trainer["idnumber"], "teacher", ""] for trainer in actors["trainers"])


def opening(session: Session) -> datetime:
    """When the course is made: a month before its first day."""
    first = session.days[0].date - timedelta(days=30)
    return datetime(first.year, first.month, first.day, 9, tzinfo=ZoneInfo(session.timezone))
