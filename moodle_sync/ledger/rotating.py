"""New keys in place of old ones: the master key, and the one that signs. Killed anywhere, the old or the new one fits.

The master key changes in one transaction of the keystore; the mapping's lookups follow, and are finished by the next
opening for writing. A new signing key is named in an entry that the old key signs over, before it signs anything.
"""

from __future__ import annotations

import json
from datetime import datetime

from moodle_sync.canonical import JSON
from moodle_sync.clock import to_rfc3339
from moodle_sync.ledger import note, sealer
from moodle_sync.ledger.entries import number
from moodle_sync.store import Store, checkpoints, subjects
from moodle_sync.store.keys import MasterKey
from moodle_sync.store.keystore import Keystore


def rotate_master(store: Store, keystore: Keystore, new: MasterKey) -> int:
    """Wraps every subject's key under a new master key and makes the lookups anew; returns how many keys there are.

    Raises:
        VerificationFailed: a key or an identity was altered: nothing was changed.
    """
    count = keystore.rotate(new)
    finish_master(store, keystore)
    return count


def finish_master(store: Store, keystore: Keystore) -> None:
    """Makes the lookups that an older master key made anew, if any are left, and forgets how that one made them."""
    if not keystore.rotating():
        return
    master = keystore.master
    with store.write() as transaction:
        for row in subjects.every(transaction):
            key = keystore.key(row.pseudonym)
            if row.key_id != master.id and key is not None:
                person = json.loads(key.unseal_identity(row.pseudonym, row.identity))
                subjects.set_lookup(transaction, row.pseudonym, master.lookup(row.site, person["userid"]), master.id)
    keystore.rotated()
    keystore.scrub()


def announce_signer(store: Store, public: bytes, now: datetime, *, vouched: bool = True) -> str | None:
    """Seals an entry that names a new signing key, and takes it among the ledger's; None when it was there before.

    ``vouched``: the old key is about to sign over that entry. Where it cannot, the entry says so.
    """
    with store.write() as transaction:
        if public in checkpoints.signers(transaction):
            return None
        origin = checkpoints.get_meta(transaction, "origin") or ""
        content: dict[str, JSON] = {"signer": note.verifier_key(origin, public)}
        if not vouched:
            content["vouched"] = False
        sealed = sealer.seal_own(transaction, "checkpoint", None, content, now)
        checkpoints.add_signer(transaction, public, to_rfc3339(now))
    return number(sealed.shard, sealed.last or 0)
