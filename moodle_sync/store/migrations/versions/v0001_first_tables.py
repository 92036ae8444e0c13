"""The first tables of the store: ledger, subjects, runs, and what the course wing keeps. Released: never edit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from moodle_sync.store import guards_postgres, partitions
from moodle_sync.store.guards import GUARDS

revision = "0001"
down_revision: str | None = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")

# A key of a table in partitions has to hold what it is parted by. The keystore keeps commitments apart over all years.
_UNIQUE = {"sqlite": ("commitment",), "postgresql": ("shard", "commitment")}


def upgrade() -> None:
    """Creates every table, and the guard rails of what is sealed."""
    _shared()
    _ledger()
    _heads()
    _people()
    _waiting()
    _course()
    if op.get_bind().dialect.name == "sqlite":
        for statement in GUARDS.values():
            op.execute(statement)
        return
    for statement in guards_postgres.statements("entry", "checkpoint", "spec_version", "binding"):
        op.execute(statement)
    for table in partitions.NO_STATISTICS:
        for statement in partitions.without_statistics(table):
            op.execute(statement)


def downgrade() -> None:
    """There is nothing before the first tables, and a ledger is never taken back."""
    raise NotImplementedError("the ledger's tables are never dropped")


def _shared() -> None:
    op.create_table(
        "run",
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("id", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=True),
        sa.Column("plan_digest", TEXT, nullable=True),
        sa.Column("started", TEXT, nullable=False),
        sa.Column("finished", TEXT, nullable=True),
        sa.Column("outcome", TEXT, nullable=True),
        sa.Column("release", TEXT, nullable=True),
        sa.Column("counts", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_run")),
        sa.UniqueConstraint("id", name=op.f("uq_run_id")),
        sqlite_strict=True,
    )
    op.create_table(
        "spec_version",
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_spec_version")),
        sqlite_strict=True,
    )
    op.create_table(
        "binding",
        sa.Column("course", TEXT, nullable=False),
        sa.Column("digest", TEXT, nullable=False),
        sa.Column("bound_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["spec_version.digest"], name=op.f("fk_binding_digest")),
        sa.PrimaryKeyConstraint("course", name=op.f("pk_binding")),
        sqlite_strict=True,
    )


def _ledger() -> None:
    op.create_table(
        "meta",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_meta")),
        sqlite_strict=True,
    )
    op.create_table(
        "signer",
        sa.Column("public", sa.LargeBinary(), nullable=False),
        sa.Column("since", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("public", name=op.f("pk_signer")),
        sqlite_strict=True,
    )
    op.create_table(
        "entry",
        sa.Column("shard", NUMBER, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("leaf", sa.LargeBinary(), nullable=False),
        sa.Column("leaf_hash", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("idx >= 0", name=op.f("ck_entry_idx")),
        sa.CheckConstraint("length(leaf_hash) = 32", name=op.f("ck_entry_leaf_hash")),
        sa.PrimaryKeyConstraint("shard", "idx", name=op.f("pk_entry")),
        sqlite_strict=True,
        postgresql_partition_by="LIST (shard)",
    )
    op.create_table(
        "tile",
        sa.Column("shard", NUMBER, nullable=False),
        sa.Column("level", NUMBER, nullable=False),
        sa.Column("n", NUMBER, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", "level", "n", name=op.f("pk_tile")),
        sqlite_strict=True,
    )
    op.create_table(
        "frontier",
        sa.Column("shard", NUMBER, autoincrement=False, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("hashes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_frontier")),
        sqlite_strict=True,
    )


def _heads() -> None:
    op.create_table(
        "head",
        sa.Column("shard", NUMBER, autoincrement=False, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("root", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("shard", name=op.f("pk_head")),
        sqlite_strict=True,
    )
    op.create_table(
        "checkpoint",
        sa.Column("shard", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("note", TEXT, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("shard", "size", name=op.f("pk_checkpoint")),
        sqlite_strict=True,
    )
    op.create_table(
        "publication",
        sa.Column("shard", NUMBER, nullable=False),
        sa.Column("size", NUMBER, nullable=False),
        sa.Column("place", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(
            ["shard", "size"], ["checkpoint.shard", "checkpoint.size"], name=op.f("fk_publication_shard_size")
        ),
        sa.PrimaryKeyConstraint("shard", "size", "place", name=op.f("pk_publication")),
        sqlite_strict=True,
    )


def _people() -> None:
    op.create_table(
        "subject",
        sa.Column("pseudonym", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("lookup", sa.LargeBinary(), nullable=False),
        sa.Column("identity", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("pseudonym", name=op.f("pk_subject")),
        sa.UniqueConstraint("scope", "lookup", name=op.f("uq_subject_scope_lookup")),
        sqlite_strict=True,
    )
    op.create_table(
        "payload",
        sa.Column("shard", NUMBER, nullable=False),
        sa.Column("idx", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["shard", "idx"], ["entry.shard", "entry.idx"], name=op.f("fk_payload_shard_idx")),
        sa.PrimaryKeyConstraint("shard", "idx", name=op.f("pk_payload")),
        sa.UniqueConstraint(*_UNIQUE[op.get_bind().dialect.name], name=op.f("uq_payload_commitment")),
        sqlite_strict=True,
        postgresql_partition_by="LIST (shard)",
    )
    op.create_index("ix_payload_subject", "payload", ["subject"], unique=False)


def _waiting() -> None:
    op.create_table(
        "pending",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=True),
        sa.Column("programme", TEXT, nullable=True),
        sa.Column("plan", TEXT, nullable=True),
        sa.Column("observed_at", TEXT, nullable=False),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("ref", sa.LargeBinary(), nullable=True),
        sa.Column("prev_shard", NUMBER, nullable=True),
        sa.Column("prev_idx", NUMBER, nullable=True),
        sa.Column("prev_pending", NUMBER, nullable=True),
        sa.Column("nonce", sa.LargeBinary(), nullable=True),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("key_id", TEXT, nullable=True),
        sa.Column("content", TEXT, nullable=True),
        sa.CheckConstraint("(ciphertext IS NULL) <> (content IS NULL)", name=op.f("ck_pending_secret_or_public")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_pending_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending")),
        sa.UniqueConstraint("commitment", name=op.f("uq_pending_commitment")),
        sqlite_strict=True,
    )
    op.create_index("ix_pending_subject", "pending", ["subject"], unique=False)
    op.create_table(
        "current",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("shard", NUMBER, nullable=True),
        sa.Column("idx", NUMBER, nullable=True),
        sa.Column("pending", NUMBER, nullable=True),
        sa.Column("value_mac", sa.LargeBinary(), nullable=False),
        sa.Column("gone", NUMBER, nullable=False),
        sa.CheckConstraint(
            "(pending IS NULL) = (shard IS NOT NULL AND idx IS NOT NULL)", name=op.f("ck_current_sealed_or_pending")
        ),
        sa.ForeignKeyConstraint(["subject"], ["subject.pseudonym"], name=op.f("fk_current_subject")),
        sa.PrimaryKeyConstraint("subject", "ref", name=op.f("pk_current")),
        sqlite_strict=True,
    )
    op.create_index("ix_current_pending", "current", ["pending"], unique=False)


def _course() -> None:
    op.create_table(
        "site_pin",
        sa.Column("name", TEXT, nullable=False),
        sa.Column("url", TEXT, nullable=False),
        sa.Column("site_id", TEXT, nullable=False),
        sa.Column("namespace", TEXT, nullable=False),
        sa.Column("pinned_at", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_site_pin")),
        sqlite_strict=True,
    )
    op.create_table(
        "baseline",
        sa.Column("site", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("objkey", TEXT, nullable=False),
        sa.Column("value", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("site", "kind", "objkey", name=op.f("pk_baseline")),
        sqlite_strict=True,
    )
    op.create_table(
        "journal",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("seq", NUMBER, nullable=False),
        sa.Column("step", NUMBER, nullable=True),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("plan_digest", TEXT, nullable=True),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("objkey", TEXT, nullable=False),
        sa.Column("action", TEXT, nullable=False),
        sa.Column("detail", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.CheckConstraint("(state = 'started') = (step IS NULL)", name=op.f("ck_journal_step")),
        sa.CheckConstraint("state IN ('started', 'done', 'failed', 'unknown')", name=op.f("ck_journal_state")),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_journal_run_id")),
        sa.ForeignKeyConstraint(["step"], ["journal.id"], name=op.f("fk_journal_step")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal")),
        sa.UniqueConstraint("run_id", "seq", name=op.f("uq_journal_run_id_seq")),
        sqlite_strict=True,
    )
    op.create_index("ix_journal_step", "journal", ["step"], unique=False)
