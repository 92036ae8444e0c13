"""Both routes see the same: the course of the loop, pulled again with a token that does not see the companion.

What people do is read through the same core functions by both routes. The companion tells one thing more, which Moodle
tells a reading account by no other way: the idnumber of an activity that has no grade.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from livesupport.folder import Folder
from livesupport.site import PREFIX, LiveSite
from livesupport.story import count, current, done, pull
from livesupport.tool import moodle_sync

from moodle_sync.workflows.demo.people import Course

pytestmark = pytest.mark.needs_companion("both routes are compared")

GRADED = {"assign", "quiz"}
"""Types of activity that the gradebook names by idnumber. Which page, link, download, forum or questionnaire of ours an
activity is, the core route is told of none."""

SUIVI = ("feedback_analysis", "suivi")


@pytest.fixture
def core_route(live: LiveSite, folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    if not live.core_pull_token:
        pytest.skip(f"{PREFIX}CORE_PULL_TOKEN is not set: a token of the pull account, for core functions alone")
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", live.core_pull_token)


@pytest.fixture
def apart(folder: Folder, tmp_path: Path) -> Folder:
    """The same course, with a ledger of its own that has not seen anything."""
    shutil.copytree(folder.path, tmp_path / "apart", ignore=shutil.ignore_patterns("data", "outside"))
    made = replace(folder, path=tmp_path / "apart")
    done(moodle_sync(made, "ledger", "init"))
    return made


@pytest.mark.usefixtures("core_route")
def test_pull_by_the_core_route_adds_nothing_to_what_the_companion_told(folder: Folder, course: Course) -> None:
    document = pull(folder)
    assert (document["new_entries"], document["sealed"]) == (0, 0)
    [pulled] = document["courses"]
    assert pulled["staged"]["unchanged"] == pulled["facts"] > 0
    # What no entry ever named stays unnamed, and that is said.
    silent = len(ungraded(course) - named(list(values(folder).values())))
    untold, reopened = pulled["warnings"]
    assert untold == f"the idnumber of {silent} activities is not told to this account: install the companion"
    assert "opened again" in reopened, "the questionnaire that is to close after the session"


@pytest.mark.usefixtures("core_route")
def test_first_pull_by_the_core_route_lacks_the_keys_of_ungraded_activities_and_nothing_else(
    live: LiveSite, folder: Folder, apart: Folder, course: Course, monkeypatch: pytest.MonkeyPatch
) -> None:
    count("pull by the core route", pull(apart)["requests"])
    assert done(moodle_sync(apart, "ledger", "verify", "--payloads"))["ok"]
    by_companion, by_core = values(folder), values(apart)
    # Open again, it is not summed up by a ledger that has never seen it closed.
    [suivi] = [name for name, value in by_companion.items() if (value["kind"], value.get("activity")) == SUIVI]
    assert suivi not in by_core
    del by_companion[suivi]
    untold = ungraded(course)
    assert by_core == {name: without(value, untold) for name, value in by_companion.items()}
    differing = [value["kind"] for name, value in by_companion.items() if by_core[name] != value]
    assert set(differing) == {"activity_completion", "course_completion", "feedback_analysis"}
    # Once the companion is seen, what it tells more is a new state of those very objects; then both agree.
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", live.pull_token)
    [pulled] = pull(apart)["courses"]
    staged = {"new": 0, "changed": len(differing), "vanished": 0, "unchanged": len(by_core) - len(differing)}
    assert pulled["staged"] == staged
    assert values(apart) == by_companion
    monkeypatch.setenv("MOODLE_SYNC_PULL_TOKEN", live.core_pull_token)
    assert pull(apart)["new_entries"] == 0


def values(folder: Folder) -> dict[str, dict[str, Any]]:
    """What is compared of every object that is there now, by its object_id.

    Without how many were asked: that is counted on the day on which a questionnaire is summed up.
    """
    found = {name: fact.value() for name, fact in current(folder).items()}
    return {name: {field: one for field, one in value.items() if field != "asked"} for name, value in found.items()}


def ungraded(course: Course) -> set[str]:
    """The local keys of our activities in the course that the gradebook does not know."""
    return {key for key, module in course.modules.items() if key and module.modname not in GRADED}


def without(value: Any, untold: set[str]) -> Any:
    """A value as it is where these activities are not told by their keys, down to the criteria of a completion."""
    if isinstance(value, list):
        return [without(item, untold) for item in value]
    if isinstance(value, dict):
        return {
            name: None if name == "activity" and item in untold else without(item, untold)
            for name, item in value.items()
        }
    return value


def named(values: Any) -> set[str]:
    """The local keys of activities that a value names, at any depth."""
    if isinstance(values, list):
        return {key for item in values for key in named(item)}
    if isinstance(values, dict):
        own = {values["activity"]} if isinstance(values.get("activity"), str) else set()
        return own | {key for item in values.values() for key in named(item)}
    return set()
