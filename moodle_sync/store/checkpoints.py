"""Signed checkpoints, where each was published, and the public keys that signed: rows are only ever added."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import insert, select

from moodle_sync.store.engine import Transaction
from moodle_sync.store.tables import checkpoint, meta, publication, signer


class CheckpointRow(NamedTuple):
    """A signed note over the first ``size`` leaves of a shard."""

    shard: int
    size: int
    note: str
    made_at: str


def every(transaction: Transaction, shard: int | None = None) -> list[CheckpointRow]:
    """All checkpoints (of one shard), oldest first."""
    query = select(checkpoint).order_by(checkpoint.c.shard, checkpoint.c.size)
    if shard is not None:
        query = query.where(checkpoint.c.shard == shard)
    return [CheckpointRow(*row) for row in transaction.execute(query)]


def last(transaction: Transaction, shard: int | None = None) -> CheckpointRow | None:
    """The newest checkpoint (of one shard), or None."""
    query = select(checkpoint).order_by(checkpoint.c.shard.desc(), checkpoint.c.size.desc()).limit(1)
    if shard is not None:
        query = query.where(checkpoint.c.shard == shard)
    row = transaction.execute(query).one_or_none()
    return None if row is None else CheckpointRow(*row)


def add(transaction: Transaction, row: CheckpointRow) -> None:
    """Stores a checkpoint."""
    transaction.execute(insert(checkpoint).values(row._asdict()))


def places(transaction: Transaction) -> dict[tuple[int, int], list[str]]:
    """``{(shard, size): [places]}`` of everything published."""
    found: dict[tuple[int, int], list[str]] = {}
    order = (publication.c.shard, publication.c.size, publication.c.place)
    for shard, size, place in transaction.execute(select(*order).order_by(*order)):
        found.setdefault((shard, size), []).append(place)
    return found


class LastRow(NamedTuple):
    """The newest checkpoint that a place got, and when."""

    shard: int
    size: int
    at: str


def last_by_place(transaction: Transaction) -> dict[str, LastRow]:
    """The newest checkpoint of each place that ever got one."""
    columns = (publication.c.place, publication.c.shard, publication.c.size, publication.c.at)
    rows = transaction.execute(select(*columns).order_by(publication.c.shard, publication.c.size))
    return {place: LastRow(shard, size, at) for place, shard, size, at in rows}


def published(transaction: Transaction, shard: int, size: int, place: str, at: str) -> None:
    """Notes that a checkpoint is at a place now; one that another process noted in the meantime stays as it is."""
    there = (publication.c.shard == shard, publication.c.size == size, publication.c.place == place)
    if transaction.execute(select(publication.c.at).where(*there)).one_or_none() is None:
        transaction.execute(insert(publication).values(shard=shard, size=size, place=place, at=at))


def signers(transaction: Transaction) -> list[bytes]:
    """The public keys (Ed25519, 32 bytes) that this ledger signed with, oldest first."""
    return list(transaction.execute(select(signer.c.public).order_by(signer.c.since, signer.c.public)).scalars())


def is_signer(transaction: Transaction, public: bytes) -> bool:
    """Whether this ledger signs with a key; with any, as long as none is noted."""
    known = signers(transaction)
    return not known or public in known


def add_signer(transaction: Transaction, public: bytes, since: str) -> None:
    """Notes a public key; one that is known changes nothing."""
    if public not in signers(transaction):
        transaction.execute(insert(signer).values(public=public, since=since))


def get_meta(transaction: Transaction, name: str) -> str | None:
    """A setting of the ledger that was fixed when it was made (``origin``), or None."""
    return transaction.execute(select(meta.c.value).where(meta.c.name == name)).scalar_one_or_none()


def set_meta(transaction: Transaction, name: str, value: str) -> None:
    """Fixes a setting; setting it twice is refused by the table."""
    transaction.execute(insert(meta).values(name=name, value=value))
