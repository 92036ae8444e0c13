"""Every table of the store, as the last migration leaves it. The migration test holds the two together.

STRICT on SQLite; on PostgreSQL ``entry`` is parted by shard (``store.partitions``). Times are RFC 3339 text, JSON is
text that nothing searches, bytes are bytes. What is sealed (``entry``) holds no personal data; what holds some
(``payload``, ``pending``, ``current``, ``subject``) can be deleted, and is encrypted or keyed under a key that lies in
the keystore.

A payload is written once, when it is staged, under a number that is never given again. What waits (``pending``), what
is sealed (``entry``) and the last known state (``current``) name it by that number: sealing moves no payload.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)
Number = BigInteger().with_variant(Integer, "sqlite")  # STRICT knows INTEGER (64 bits), not BIGINT
Words = Text().with_variant(Text(collation="C"), "postgresql")  # one order everywhere, whatever the server's locale


class Bytes(LargeBinary):
    """Bytes as the drivers take and give them, without a look at each value on the way."""

    def bind_processor(self, dialect: Dialect) -> None:
        """None is needed."""

    def result_processor(self, dialect: Dialect, coltype: object) -> None:
        """None is needed."""


def _table(name: str, *parts: Any, **options: Any) -> Table:
    return Table(name, metadata, *parts, sqlite_strict=True, **options)


def _text(name: str, **options: Any) -> Column[str]:
    return Column(name, Words, nullable=options.pop("nullable", False), **options)


def _number(name: str, **options: Any) -> Column[int]:
    return Column(name, Number, nullable=options.pop("nullable", False), **options)


def _bytes(name: str, **options: Any) -> Column[bytes]:
    return Column(name, Bytes, nullable=options.pop("nullable", False), **options)


# ---- the ledger: never changed once written ------------------------------------------------------------------------

meta = _table("meta", _text("name", primary_key=True), _text("value"))
signer = _table("signer", _bytes("public", primary_key=True), _text("since"))

entry = _table(
    "entry",
    _number("shard"),
    _number("idx"),
    _bytes("leaf"),
    _bytes("leaf_hash"),
    _number("payload", nullable=True),  # its number, also when it was erased; no part of the leaf
    PrimaryKeyConstraint("shard", "idx"),
    CheckConstraint("idx >= 0", name="idx"),
    CheckConstraint("length(leaf_hash) = 32", name="leaf_hash"),
)
Index("ix_entry_payload", entry.c.payload)
tile = _table(
    "tile",
    _number("shard"),
    _number("level"),
    _number("n"),
    _bytes("hashes"),
    PrimaryKeyConstraint("shard", "level", "n"),
)
frontier = _table(
    "frontier", _number("shard", primary_key=True, autoincrement=False), _number("size"), _bytes("hashes")
)
head = _table("head", _number("shard", primary_key=True, autoincrement=False), _number("size"), _bytes("root"))
checkpoint = _table(
    "checkpoint",
    _number("shard"),
    _number("size"),
    _text("note"),
    _text("made_at"),
    PrimaryKeyConstraint("shard", "size"),
)
publication = _table(
    "publication",
    _number("shard"),
    _number("size"),
    _text("place"),
    _text("at"),
    PrimaryKeyConstraint("shard", "size", "place"),
    ForeignKeyConstraint(["shard", "size"], ["checkpoint.shard", "checkpoint.size"]),
)

# ---- the ledger: deletable, encrypted or keyed -----------------------------------------------------------------

subject = _table(
    "subject",
    _text("pseudonym", primary_key=True),
    _text("scope"),
    _text("site"),
    _bytes("lookup"),
    _bytes("identity"),
    _text("key_id"),
    UniqueConstraint("scope", "lookup"),
)
payload = _table(
    "payload",
    _number("id", primary_key=True),
    _text("subject"),
    _bytes("nonce"),
    _bytes("ciphertext"),
    _bytes("commitment"),
    _text("key_id"),
)
Index("ix_payload_subject", payload.c.subject)
batch = _table(  # what the pending rows of one scope of a run have in common
    "batch",
    _number("id", primary_key=True),
    _text("run_id"),
    _text("kind"),
    _text("site"),
    _text("session", nullable=True),
    _text("programme", nullable=True),
    _text("observed_at"),
    ForeignKeyConstraint(["run_id"], ["run.id"]),
)
pending = _table(
    "pending",
    _number("id", primary_key=True, autoincrement=False),  # of a row about a subject: the number of its payload
    _number("batch"),
    _text("plan", nullable=True),
    _text("subject", nullable=True),
    _number("previous", nullable=True),  # the payload of the state before it
    _bytes("commitment", nullable=True),
    _text("content", nullable=True),
    ForeignKeyConstraint(["batch"], ["batch.id"]),
    CheckConstraint("(commitment IS NULL) <> (content IS NULL)", name="secret_or_public"),
    CheckConstraint("(subject IS NULL) = (commitment IS NULL)", name="subject"),
)
current = _table(
    "current",
    _text("subject"),
    _bytes("ref"),
    _number("payload"),
    _bytes("value_mac"),
    _number("gone"),
    PrimaryKeyConstraint("subject", "ref"),
    ForeignKeyConstraint(["subject"], ["subject.pseudonym"]),
    sqlite_with_rowid=False,
)
Index("ix_current_payload", current.c.payload)

erasure = _table(
    "erasure",
    _number("id", primary_key=True),
    _text("state"),
    _text("scope", nullable=True),
    _text("subjects", nullable=True),
    _text("policy"),
    _text("reason"),
    _text("counts"),
    _text("started"),
    _text("finished", nullable=True),
    _text("terms", nullable=True),
    CheckConstraint("state IN ('started', 'erased', 'done')", name="state"),
    CheckConstraint("(state = 'started') = (subjects IS NOT NULL)", name="subjects"),
)
refusal = _table(
    "refusal",
    _number("id", primary_key=True),
    _text("subject"),
    _text("policy"),
    _text("reason"),
    _text("until"),
    _text("at"),
    ForeignKeyConstraint(["subject"], ["subject.pseudonym"]),
)
Index("ix_refusal_subject", refusal.c.subject)

# ---- what left the ledger: copies of its files, and what was handed out -----------------------------------------

copy = _table(
    "copy",
    _number("id", primary_key=True),
    _text("kind"),
    _text("path"),
    _text("made_at"),
    _text("until", nullable=True),
    _number("clean"),
    UniqueConstraint("path"),
    CheckConstraint("kind IN ('store', 'keystore')", name="kind"),
)
handout = _table(
    "handout",
    _number("id", primary_key=True),
    _text("kind"),
    _text("path"),
    _text("sha256", nullable=True),
    _text("made_at"),
    _number("owed"),
    UniqueConstraint("path"),
)
handout_subject = _table(
    "handout_subject",
    _number("handout"),
    _text("subject"),
    PrimaryKeyConstraint("handout", "subject"),
    ForeignKeyConstraint(["handout"], ["handout.id"]),
)
Index("ix_handout_subject_subject", handout_subject.c.subject)

# ---- what both wings share -------------------------------------------------------------------------------------

run = _table(
    "run",
    _number("seq", primary_key=True),
    _text("id"),
    _text("site"),
    _text("kind"),
    _text("session", nullable=True),
    _text("plan_digest", nullable=True),
    _text("started"),
    _text("finished", nullable=True),
    _text("outcome", nullable=True),
    _text("release", nullable=True),
    _text("counts"),
    UniqueConstraint("id"),
)
spec_version = _table("spec_version", _text("digest", primary_key=True), _text("kind"), _bytes("content"))
binding = _table(
    "binding",
    _text("course", primary_key=True),
    Column("digest", Words, ForeignKey("spec_version.digest"), nullable=False),
    _text("bound_at"),
)

# ---- the course wing -------------------------------------------------------------------------------------------

site_pin = _table(
    "site_pin", _text("name", primary_key=True), _text("url"), _text("site_id"), _text("namespace"), _text("pinned_at")
)
baseline = _table(
    "baseline",
    _text("site"),
    _text("kind"),
    _text("objkey"),
    _text("value"),
    PrimaryKeyConstraint("site", "kind", "objkey"),
)
journal = _table(
    "journal",
    _number("id", primary_key=True),
    _text("run_id"),
    _number("seq"),
    _number("step", nullable=True),
    _text("state"),
    _text("plan_digest", nullable=True),
    _text("kind"),
    _text("objkey"),
    _text("action"),
    _text("detail"),
    _text("at"),
    ForeignKeyConstraint(["run_id"], ["run.id"]),
    ForeignKeyConstraint(["step"], ["journal.id"]),
    UniqueConstraint("run_id", "seq"),
    CheckConstraint("state IN ('started', 'done', 'failed', 'unknown')", name="state"),
    CheckConstraint("(state = 'started') = (step IS NULL)", name="step"),
)
Index("ix_journal_step", journal.c.step)
