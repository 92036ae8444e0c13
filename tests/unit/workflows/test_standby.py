"""A standby can be verified, says so when it is behind, and refuses in a sentence whatever writes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from databases import PostgresDatabase
from ledgerscene import COURSE, SESSION, Scene
from pgserver import ROLE, Standby

from moodle_sync.errors import LedgerUnusable
from moodle_sync.workflows import backup, erasure, exports, proofs
from moodle_sync.workflows.doctor.findings import Mark
from moodle_sync.workflows.doctor.ledger import check_ledger
from moodle_sync.workflows.erasure import Target
from moodle_sync.workflows.ledger import verify
from moodle_sync.workflows.report import session_report

pytestmark = pytest.mark.only("postgres")


@pytest.fixture
def standby(scene: Scene, database: PostgresDatabase) -> Iterator[Standby]:
    with database.server.standby() as standby:
        yield standby


def _at(scene: Scene, url: str) -> Scene:
    ledger = scene.settings.ledger.model_copy(update={"store": url})
    return replace(scene, settings=scene.settings.model_copy(update={"ledger": ledger}))


def test_standby_is_verified_with_every_payload_and_refuses_whatever_writes(
    scene: Scene, standby: Standby, database: PostgresDatabase, tell: Callable[[str], None]
) -> None:
    there, out = _at(scene, standby.url(database.url)), scene.folder / "out"
    for name in ("disk", "vault", "out"):
        (scene.folder / name).mkdir()
    found = verify(there.settings, payloads=True)
    assert (found.ok, found.entries, found.standby) == (True, 20, True), found.lines()
    there.grades = {**there.grades, 810051: "12.5"}
    me = Target("EXT-4471", None)
    writing: dict[str, Callable[[], Any]] = {
        "pull": there.pull,
        "erase": lambda: erasure.erase(there.settings, me, policy="rgpd-17", reason="request", yes=True),
        "backup": lambda: backup.backup(there.settings, scene.folder / "disk", scene.folder / "vault"),
        "export": lambda: exports.export(there.settings, out / "all.csv", session=None, form="csv"),
        "prove": lambda: proofs.prove_entry(there.settings, "2026/0", out / "pack"),
        "report": lambda: session_report(there.settings, SESSION, file=out / "page.html", as_of=None),
    }
    for name, act in writing.items():
        with pytest.raises(LedgerUnusable, match="only follows another one") as caught:
            act()
        assert "name the primary" in caught.value.hint, name
    assert not list(out.iterdir()), "what left the ledger would not be in its register"
    marks = {one.name: one.mark for one in check_ledger(there.settings)}
    assert marks["standby"] is Mark.WARNING
    assert verify(scene.settings, payloads=True).ok
    tell(f"{len(writing)} commands that write refused on a standby, which verifies")


def test_standby_that_is_behind_says_that_it_may_be_and_holds_when_it_has_caught_up(
    scene: Scene, standby: Standby, database: PostgresDatabase
) -> None:
    there = _at(scene, standby.url(database.url))
    standby.pause()
    scene.grades[810051] = "12.5"
    scene.pull(COURSE)
    behind = verify(there.settings, payloads=False)
    assert (behind.ok, behind.entries) == (False, 20)
    assert "Wait until it has caught up" in behind.lines()[-1]
    assert "Keep every file" not in behind.lines()[-1]
    assert behind.document()["standby"] is True
    standby.catch_up()
    did = erasure.erase(scene.settings, Target("EXT-4471", None), policy="rgpd-17", reason="request", yes=True)
    assert did.entries == 6
    standby.catch_up()
    found = verify(there.settings, payloads=True)
    assert (found.ok, found.entries) == (True, 23), found.lines()


def test_standby_that_took_over_without_everything_is_not_written_to(
    scene: Scene, standby: Standby, database: PostgresDatabase
) -> None:
    """It would seal other entries in the places of those that it never received, and sign them."""
    there = _at(scene, standby.url(database.url))

    def meanwhile() -> None:
        scene.grades[810051] = "12.5"
        scene.pull(COURSE)

    standby.take_over(meanwhile)
    there.grades = {**there.grades, 810051: "13.5"}
    with pytest.raises(LedgerUnusable, match=r"1 published checkpoints are not in this ledger.* 22 entries of 2026"):
        there.pull(COURSE)
    found = verify(there.settings, payloads=True)
    assert (found.ok, found.entries, found.standby) == (False, 20, False)


def test_auditor_who_may_only_select_verifies_there_and_on_the_primary(
    scene: Scene, standby: Standby, database: PostgresDatabase
) -> None:
    with database.server.admin(database.name) as admin:
        admin.execute("DROP ROLE IF EXISTS auditor")
        admin.execute("CREATE ROLE auditor LOGIN")
        admin.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO auditor")
    try:
        scene.grades[810051] = "12.5"
        scene.pull(COURSE)
        standby.catch_up()
        for url in (database.url, standby.url(database.url)):
            found = verify(_at(scene, url.replace(ROLE, "auditor")).settings, payloads=True)
            assert (found.ok, found.entries) == (True, 22), found.lines()
    finally:
        with database.server.admin(database.name) as admin:
            admin.execute("DROP OWNED BY auditor; DROP ROLE auditor")
