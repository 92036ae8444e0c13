from __future__ import annotations

import base64
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from databases import Database

from moodle_sync.errors import LedgerUnusable
from moodle_sync.ledger import Ledger, Places
from moodle_sync.store import init_store
from moodle_sync.store.sites import SitePins

FILES = ("keystore.db", "signing.key", "master.key")
NAMES = ("ledger.db", *FILES)


def _init(places: Places, clock: Any, environ: dict[str, str] | None = None) -> None:
    Ledger.init(places, clock=clock, environ=environ or {})


def _message(places: Places, clock: Any) -> str:
    try:
        _init(places, clock)
    except LedgerUnusable as error:
        return error.message
    return ""


def test_init_every_file_is_private_and_nothing_else_is_left(
    places: Places, clock: Any, database: Database, tmp_path: Path
) -> None:
    old = os.umask(0)
    try:
        _init(places, clock)
    finally:
        os.umask(old)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert found == dict.fromkeys(NAMES if database.kind == "sqlite" else FILES, 0o600)


def test_init_master_key_of_the_environment_is_used_and_not_written(places: Places, clock: Any, tmp_path: Path) -> None:
    environ = {"MOODLE_SYNC_MASTER_KEY": base64.b64encode(bytes(32)).decode()}
    _init(places, clock, environ)
    assert not (tmp_path / "master.key").exists()
    Ledger.open(places, clock=clock, environ=environ).close()
    with pytest.raises(LedgerUnusable, match="master key is missing"):
        Ledger.open(places, clock=clock, environ={})


def test_init_a_second_time_is_refused_and_changes_nothing(
    ledger: Ledger, places: Places, clock: Any, tmp_path: Path
) -> None:
    ledger.close()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(LedgerUnusable, match="a ledger already"):
        _init(places, clock)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_init_half_made_names_what_is_there_and_what_is_not(
    places: Places, clock: Any, database: Database, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    nothing = database.keep()
    _init(places, clock)
    whole, ledger = {name: (tmp_path / name).read_bytes() for name in FILES}, database.keep()
    words = dict(zip(NAMES, ("ledger", "keystore", "signing key", "master key"), strict=True))
    tried = 0
    for count in (1, 2, 3):
        for names in combinations(NAMES, count):
            for name in FILES:
                (tmp_path / name).unlink(missing_ok=True)
                if name in names:
                    (tmp_path / name).write_bytes(whole[name])
            (ledger if "ledger.db" in names else nothing)()
            with pytest.raises(LedgerUnusable, match="half a ledger") as caught:
                _init(places, clock)
            there, missing = caught.value.message.split(", but no ")
            assert {name for name in NAMES if words[name] in there.removeprefix("half a ledger is there")} == set(names)
            assert {name for name in NAMES if words[name] in missing} == set(NAMES) - set(names)
            assert {name for name in FILES if (tmp_path / name).exists()} == set(names) - {"ledger.db"}
            tried += 1
    tell(f"half-made ledgers on {database.kind}: {tried} tried, all named")


def test_init_killed_anywhere_is_named_or_can_be_run_again(
    places: Places,
    clock: Any,
    database: Database,
    tmp_path: Path,
    tell: Callable[[str], None],
    killed_at: Callable[..., bool],
) -> None:
    nothing = database.keep()
    survived = named = point = 0
    while True:
        for path in tmp_path.iterdir():
            if path.is_file():
                path.unlink()
        nothing()
        point += 1 if database.kind == "sqlite" else 2  # on a server most of them are the tables being made
        if not killed_at(point, lambda: _init(places, clock)):
            break
        message = _message(places, clock)
        if not message:
            survived += 1
            Ledger.open(places, clock=clock, environ={}).close()
        else:
            named += 1
            assert "half a ledger" in message or "a ledger already" in message
    tried = f"init on {database.kind} killed at {survived + named} points"
    tell(f"{tried}: {survived} run again, {named} named as half-made")
    assert survived > 10
    assert named <= 20  # between the first move and the last


def test_init_takes_a_store_of_the_course_wing(places: Places, clock: Any) -> None:
    init_store(places.store_url).close()
    with pytest.raises(LedgerUnusable, match="no ledger yet"):
        Ledger.open(places, clock=clock, environ={})
    _init(places, clock)
    with Ledger.open(places, clock=clock, environ={}) as ledger:
        assert SitePins(ledger.store).get("main") is None


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "x" * 201])
def test_init_bad_origin_makes_nothing(places: Places, clock: Any, tmp_path: Path, origin: str) -> None:
    with pytest.raises(LedgerUnusable, match="origin"):
        _init(replace(places, origin=origin), clock)
    assert list(tmp_path.iterdir()) == []


def test_init_missing_directory_is_named_and_nothing_is_made(places: Places, clock: Any, tmp_path: Path) -> None:
    with pytest.raises(LedgerUnusable, match="no directory"):
        _init(replace(places, signing_key=tmp_path / "keys" / "signing.key"), clock)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", FILES)
def test_open_secret_that_others_can_read_is_refused(ledger: Ledger, places: Places, tmp_path: Path, name: str) -> None:
    (tmp_path / name).chmod(0o640)
    with pytest.raises(LedgerUnusable, match="chmod 600"):
        Ledger.open(places, environ={})


@pytest.mark.parametrize("name", NAMES)
def test_open_missing_part_is_named(
    ledger: Ledger, places: Places, database: Database, tmp_path: Path, name: str
) -> None:
    ledger.close()
    if name == "ledger.db" and database.kind == "postgres":
        database.close()
        with pytest.raises(LedgerUnusable, match="does not exist"):
            Ledger.open(places, environ={})
        return
    (tmp_path / name).unlink()
    with pytest.raises(LedgerUnusable, match=name):
        Ledger.open(places, environ={})
    assert not (tmp_path / name).exists()


def test_open_wrong_master_key_says_which_is_which_and_not_the_key(ledger: Ledger, places: Places) -> None:
    wrong = base64.b64encode(bytes(range(32))).decode()
    with pytest.raises(LedgerUnusable, match="not the one of this keystore") as caught:
        Ledger.open(places, environ={"MOODLE_SYNC_MASTER_KEY": wrong})
    assert ledger.keystore.master.id in str(caught.value)
    assert wrong not in str(caught.value)


@pytest.mark.parametrize("text", ["short", "====", base64.b64encode(bytes(31)).decode(), "é" * 44])
def test_open_something_that_is_no_master_key_is_refused_without_showing_it(
    ledger: Ledger, places: Places, text: str
) -> None:
    with pytest.raises(LedgerUnusable, match="not base64 of 32 bytes") as caught:
        Ledger.open(places, environ={"MOODLE_SYNC_MASTER_KEY": text})
    assert text not in str(caught.value)


def test_open_other_origin_is_refused(ledger: Ledger, places: Places) -> None:
    with pytest.raises(LedgerUnusable, match="An origin never changes"):
        Ledger.open(replace(places, origin="example.net/other"), environ={})
