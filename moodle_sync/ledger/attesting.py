"""Stages what people of the organisation attest: the same way as what Moodle says, under the kind ``attested``.

All of a call is staged, or nothing. Attested twice with the same content adds nothing; with another content it is a
correction that points at the entry before.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from moodle_sync.errors import LedgerError
from moodle_sync.facts.attested import AttestedFact
from moodle_sync.facts.models import Person
from moodle_sync.ledger.staging import Staged, Work
from moodle_sync.store import Store, runs, subjects
from moodle_sync.store.engine import Transaction
from moodle_sync.store.keystore import Keystore, Salt
from moodle_sync.store.pending import Batch


def stage_attested(
    store: Store,
    keystore: Keystore,
    site: str,
    facts: Sequence[AttestedFact],
    *,
    people: Mapping[int, Person],
    programmes: Mapping[str, str | None],
    now: str,
) -> Staged:
    """Stages attested facts; all of it is on disk when this returns, or nothing is. ``now`` is RFC 3339.

    ``people`` are those whom the mapping may not know yet in a session; ``programmes`` says by course which programme
    version it is bound to.

    Raises:
        LedgerError: two facts say different things of one object.
        LedgerUnusable: another process is writing, or the keystore lacks keys of this ledger's subjects.
    """
    scopes: dict[str, dict[str, AttestedFact]] = {}
    for fact in sorted(facts, key=lambda fact: fact.object_id):
        other = scopes.setdefault(fact.course, {}).setdefault(fact.object_id, fact)
        if other.value() != fact.value():
            raise LedgerError(f"two different things are attested of one {fact.kind}")
    keys: dict[str, bytes] = {}
    salts: list[Salt] = []
    total = Staged(0, 0, 0, 0)
    with store.write() as transaction:
        run_id = runs.start(transaction, site=site, kind="attest", at=now)
        for course, found in sorted(scopes.items()):
            batch = Batch(run_id, "attested", site, course, programmes.get(course), now)
            work = Work(transaction, keystore, batch, _new(transaction, keystore, site, course, people))
            for fact in found.values():
                work.compare(fact)
            staged = work.store()
            total = Staged(
                total.new + staged.new, total.changed + staged.changed, 0, total.unchanged + staged.unchanged
            )
            keys |= work.new_keys
            salts += list(work.salts)
            if staged.added:
                content = {"source": "attest", "new": staged.new, "changed": staged.changed}
                work.close(None, content)
        counts = {name: getattr(total, name) for name in ("new", "changed", "unchanged")}
        runs.finish(transaction, run_id, at=now, outcome="done", counts=counts)
        keystore.add(keys, salts)  # the keys first: see staging.stage
    return total


def _new(
    transaction: Transaction, keystore: Keystore, site: str, course: str, people: Mapping[int, Person]
) -> dict[int, Person]:
    """Those of whom the mapping knows nothing in this scope: a name known elsewhere may be an older one."""
    known = {row.lookup for row in subjects.in_scope(transaction, course, site)}
    return {userid: one for userid, one in people.items() if keystore.master.lookup(site, userid) not in known}
