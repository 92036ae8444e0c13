"""The sandbox as a whole: who is on it, what it keeps, its clock, its roles."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from moodle_sync.errors import ConfigError
from moodle_sync.sandbox import VERSIONS, Sandbox
from moodle_sync.sandbox.accounts import PULL, PUSH
from moodle_sync.sandbox.rows_site import Category, User
from moodle_sync.sandbox.world import COURSE_LEVEL, World

ROLES = Path(__file__).resolve().parents[3] / "docs" / "reference" / "roles.md"


def test_actors_are_twelve_learners_two_trainers_and_an_editor() -> None:
    people = Sandbox("5.1").actors()
    assert [len(people["learners"]), len(people["trainers"])] == [12, 2]
    everybody = [*people["learners"], *people["trainers"], people["editor"]]
    assert len({one["token"] for one in everybody} | {one["idnumber"] for one in everybody}) == 30
    assert all(one["email"].endswith("@example.invalid") for one in everybody)
    assert len({one["lastname"] for one in everybody}) == 15


def test_version_that_is_not_served_is_refused() -> None:
    with pytest.raises(ValueError, match=r"only of 4\.5, 5\.1"):
        Sandbox("3.9")


def test_state_file_brings_everything_back(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    with Sandbox("4.5", state=file) as first:
        first.world.categories.add(Category(name="Gardée"))
        first.world.users.remove(first.world.users.add(User(username="gone")))
        context = first.world.context(COURSE_LEVEL, 7)
    again = Sandbox("4.5", state=file)
    assert again.push_token == first.push_token
    assert again.world.categories.one(name="Gardée")
    assert again.world.context(COURSE_LEVEL, 7) == context
    for name, table in first.world.tables().items():
        kept = again.world.tables()[name]
        assert (kept.rows, kept.next) == (table.rows, table.next), name
    assert file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("text", ["{}", "[]", "no json", '{"format": 9, "version": "5.1", "companion": true}'])
def test_state_that_is_none_is_refused_by_name(tmp_path: Path, text: str) -> None:
    file = tmp_path / "state.json"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        Sandbox("5.1", state=file)
    assert str(file) in str(caught.value)


def test_state_of_another_version_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "state.json"
    Sandbox("5.1", state=file).start().stop()
    with pytest.raises(ConfigError, match=r"Moodle 5\.1 with the companion"):
        Sandbox("4.5", state=file)


def test_clock_is_put_where_it_is_told() -> None:
    sandbox = Sandbox("5.1", now=lambda: datetime(2026, 2, 3, 8, tzinfo=UTC))
    sandbox.set_time(1_800_000_000)
    assert sandbox.world.now() == 1_800_000_000
    sandbox.advance(60)
    assert sandbox.world.now() == 1_800_000_060


@pytest.mark.parametrize("version", VERSIONS)
def test_site_without_the_companion_has_none_of_its_functions(version: str) -> None:
    sandbox = Sandbox(version, companion=False)
    info = sandbox.call(sandbox.push_token, "core_webservice_get_site_info")
    assert not [one for one in info["functions"] if "moodlesync" in one["name"]]
    assert info["release"].startswith(version)


def test_roles_of_the_service_accounts_are_those_that_are_asked_for() -> None:
    _, push, pull = re.split(r"^## ", ROLES.read_text(encoding="utf-8"), flags=re.MULTILINE)
    for text, role in ((push, PUSH), (pull, PULL)):
        told = set(re.findall(r"`([a-z_]+(?:/[a-z_]+)+:[a-z]+)`", text))
        assert len(told) > 20
        assert told - {"local/moodlesync:read", "local/moodlesync:write"} <= set(role)


def test_transaction_that_raises_undoes_everything_but_the_ids() -> None:
    world = World("5.1")
    kept = world.categories.add(Category(name="a"))

    def change() -> None:
        with world.transaction():
            world.categories.add(Category(name="b"))
            kept.name = "changed"
            raise KeyError

    with pytest.raises(KeyError):
        change()
    assert [row.name for row in world.categories] == ["a"]
    assert world.categories.add(Category()).id == 3, "a database gives no id twice"


def test_table_refuses_an_id_that_is_taken() -> None:
    world = World("5.1")
    world.categories.add(Category(id=5))
    with pytest.raises(ValueError, match="Category 5"):
        world.categories.add(Category(id=5))


def test_actors_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "actors.json"
    sandbox = Sandbox("5.1")
    sandbox.write_actors(file)
    assert json.loads(file.read_text(encoding="utf-8")) == sandbox.actors()
    assert file.stat().st_mode & 0o077 == 0
