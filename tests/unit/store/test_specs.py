from __future__ import annotations

from typing import Any

import pytest
from databases import Database
from sqlalchemy.exc import IntegrityError

from moodle_sync import canonical
from moodle_sync.errors import PlanRefused, VerificationFailed
from moodle_sync.store import Store
from moodle_sync.store.specs import SpecVersions
from moodle_sync.store.tables import binding, spec_version

PROGRAMME = {"programme": "pouvoir-dagir", "version": "2026-02", "hours": "70"}


@pytest.fixture
def specs(store: Store, clock: Any) -> SpecVersions:
    return SpecVersions(store, clock)


def test_put_gives_the_digest_and_get_the_content(specs: SpecVersions) -> None:
    digest = specs.put("programme", PROGRAMME)
    assert digest == canonical.digest(PROGRAMME)
    assert specs.put("programme", dict(reversed(PROGRAMME.items()))) == digest
    assert specs.get(digest) == PROGRAMME
    assert specs.get("00" * 32) is None


def test_put_float_is_refused(specs: SpecVersions) -> None:
    with pytest.raises(TypeError):
        specs.put("programme", {"hours": 70.5})


def test_get_altered_content_is_found(specs: SpecVersions, database: Database) -> None:
    digest = specs.put("programme", PROGRAMME)
    database.drop_guards("spec_version_no_update")
    with database.raw() as connection:
        (content,) = connection.execute("SELECT content FROM spec_version").fetchone()
        connection.execute("UPDATE spec_version SET content = ?", (content.replace(b"70", b"35"),))
    with pytest.raises(VerificationFailed):
        specs.get(digest)


def test_bind_is_for_good(specs: SpecVersions) -> None:
    first, second = specs.put("programme", PROGRAMME), specs.put("programme", {**PROGRAMME, "version": "2026-03"})
    assert specs.bound("sag:pouvoir-dagir@2026-02") is None
    specs.bind("sag:pouvoir-dagir@2026-02", first)
    specs.bind("sag:pouvoir-dagir@2026-02", first)
    with pytest.raises(PlanRefused, match="is bound to"):
        specs.bind("sag:pouvoir-dagir@2026-02", second)
    assert specs.bound("sag:pouvoir-dagir@2026-02") == first


def test_bind_content_that_is_not_stored_is_refused(specs: SpecVersions) -> None:
    with pytest.raises(ValueError, match="no spec version"):
        specs.bind("sag:a@1", "00" * 32)


@pytest.mark.parametrize(
    "statement",
    [
        spec_version.delete(),
        spec_version.update().values(kind="x"),
        binding.delete(),
        binding.update().values(course="x"),
    ],
)
def test_stored_versions_and_bindings_refuse_change(specs: SpecVersions, store: Store, statement: Any) -> None:
    specs.bind("sag:a@1", specs.put("programme", PROGRAMME))
    with pytest.raises(IntegrityError, match="append-only"), store.write() as transaction:
        transaction.execute(statement)
