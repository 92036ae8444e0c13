"""A payload is written once, under a number that pending rows, entries and last states name. Released: never edit.

Payloads that are sealed are numbered in the order of their entries, those that wait in the order in which they would
have been sealed. No leaf, hash, node, checkpoint, ciphertext or commitment is another one after it.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from moodle_sync.store import guards_postgres, partitions
from moodle_sync.store.guards import GUARDS

revision = "0005"
down_revision: str | None = "0004"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
REPLACED = {
    "payload": ("ix_payload_subject", ("pk_payload", "uq_payload_commitment")),
    "pending": ("ix_pending_subject", ("pk_pending", "uq_pending_commitment")),
    "current": ("ix_current_pending", ("pk_current",)),
}

# A place that a pending row points at is numbered too, should its payload be gone.
_NUMBER = (
    "CREATE TEMPORARY TABLE sealed (shard BIGINT, idx BIGINT, number BIGINT, PRIMARY KEY (shard, idx))",
    "CREATE TEMPORARY TABLE waiting (old BIGINT PRIMARY KEY, number BIGINT)",
    "INSERT INTO sealed SELECT shard, idx, row_number() OVER (ORDER BY shard, idx) FROM ("
    "SELECT shard, idx FROM payload_0004 UNION "
    "SELECT prev_shard, prev_idx FROM pending_0004 WHERE prev_shard IS NOT NULL) AS places",
    "INSERT INTO waiting SELECT p.id, (SELECT count(*) FROM sealed)"
    " + row_number() OVER (ORDER BY r.seq, p.subject IS NULL, p.subject, p.ref, p.id)"
    " FROM pending_0004 p JOIN run r ON r.id = p.run_id",
)
# A last state that names nothing goes on naming nothing: it is for verify to say so.
_FILL = (
    "INSERT INTO payload (id, subject, nonce, ciphertext, commitment, key_id)"
    " SELECT s.number, p.subject, p.nonce, p.ciphertext, p.commitment, p.key_id"
    " FROM payload_0004 p JOIN sealed s ON s.shard = p.shard AND s.idx = p.idx ORDER BY s.number",
    "INSERT INTO payload (id, subject, nonce, ciphertext, commitment, key_id)"
    " SELECT w.number, p.subject, p.nonce, p.ciphertext, p.commitment, p.key_id"
    " FROM pending_0004 p JOIN waiting w ON w.old = p.id WHERE p.subject IS NOT NULL ORDER BY w.number",
    "INSERT INTO batch (run_id, kind, site, session, programme, observed_at)"
    " SELECT DISTINCT p.run_id, CASE r.kind WHEN 'attest' THEN 'attested' ELSE 'observed' END, p.site, p.session,"
    " p.programme, p.observed_at FROM pending_0004 p JOIN run r ON r.id = p.run_id ORDER BY 1, 4",
    "INSERT INTO pending (id, batch, plan, subject, previous, commitment, content)"
    " SELECT w.number, t.id, p.plan, p.subject, COALESCE(b.number, s.number), p.commitment, p.content"
    " FROM pending_0004 p JOIN waiting w ON w.old = p.id JOIN batch t ON t.run_id = p.run_id AND t.site = p.site"
    " AND COALESCE(t.session, '') = COALESCE(p.session, '') AND COALESCE(t.programme, '') = COALESCE(p.programme, '')"
    " AND t.observed_at = p.observed_at LEFT JOIN waiting b ON b.old = p.prev_pending"
    " LEFT JOIN sealed s ON s.shard = p.prev_shard AND s.idx = p.prev_idx ORDER BY w.number",
    "INSERT INTO current (subject, ref, payload, value_mac, gone)"
    " SELECT c.subject, c.ref, COALESCE(w.number, s.number, 0), c.value_mac, c.gone FROM current_0004 c"
    " LEFT JOIN waiting w ON w.old = c.pending LEFT JOIN sealed s ON s.shard = c.shard AND s.idx = c.idx"
    " ORDER BY c.subject, c.ref",
)
_POINT = "UPDATE entry SET payload = s.number FROM sealed s WHERE s.shard = entry.shard AND s.idx = entry.idx"


def upgrade() -> None:
    """Numbers every payload, and fills the new tables from the old ones."""
    server = op.get_bind().dialect.name == "postgresql"
    for table, (index, keys) in REPLACED.items():
        op.drop_index(index, table)
        op.rename_table(table, f"{table}_0004")
        for key in keys if server else ():  # the names of keys are those of indexes there, and are taken
            op.execute(f"ALTER TABLE {table}_0004 RENAME CONSTRAINT {key} TO {key}_0004")
    _make()
    for statement in (*_NUMBER, *_FILL):
        op.execute(statement)
    for table in REPLACED:
        op.drop_table(f"{table}_0004")
    op.add_column("entry", sa.Column("payload", NUMBER, nullable=True))
    _point_on_server() if server else _point_in_file()
    for table in ("sealed", "waiting"):
        op.drop_table(table)
    op.create_index("ix_entry_payload", "entry", ["payload"], unique=False)
    op.create_index("ix_payload_subject", "payload", ["subject"], unique=False)
    op.create_index("ix_current_payload", "current", ["payload"], unique=False)


def downgrade() -> None:
    """A ledger is never taken back."""
    raise NotImplementedError("the ledger's tables are never dropped")


def _make() -> None:
    op.create_table(
        "payload",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("nonce", sa.LargeBinary(), nullable=False),
        sa.Column("ciphertext", sa.LargeBinary(), nullable=False),
        sa.Column("commitment", sa.LargeBinary(), nullable=False),
        sa.Column("key_id", TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_payload")),
        sqlite_strict=True,
    )
    op.create_table(
        "batch",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("run_id", TEXT, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("site", TEXT, nullable=False),
        sa.Column("session", TEXT, nullable=True),
        sa.Column("programme", TEXT, nullable=True),
        sa.Column("observed_at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["run.id"], name=op.f("fk_batch_run_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_batch")),
        sqlite_strict=True,
    )
    op.create_table(
        "pending",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("batch", NUMBER, nullable=False),
        sa.Column("plan", TEXT, nullable=True),
        sa.Column("subject", TEXT, nullable=True),
        sa.Column("previous", NUMBER, nullable=True),
        sa.Column("commitment", sa.LargeBinary(), nullable=True),
        sa.Column("content", TEXT, nullable=True),
        sa.CheckConstraint("(commitment IS NULL) <> (content IS NULL)", name=op.f("ck_pending_secret_or_public")),
        sa.CheckConstraint("(subject IS NULL) = (commitment IS NULL)", name=op.f("ck_pending_subject")),
        sa.ForeignKeyConstraint(["batch"], ["batch.id"], name=op.f("fk_pending_batch")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pending")),
        sqlite_strict=True,
    )
    op.create_table(
        "current",
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("ref", sa.LargeBinary(), nullable=False),
        sa.Column("payload", NUMBER, nullable=False),
        sa.Column("value_mac", sa.LargeBinary(), nullable=False),
        sa.Column("gone", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["subject.pseudonym"], name=op.f("fk_current_subject")),
        sa.PrimaryKeyConstraint("subject", "ref", name=op.f("pk_current")),
        sqlite_strict=True,
        sqlite_with_rowid=False,
    )


def _point_in_file() -> None:
    op.execute("DROP TRIGGER entry_no_update")
    op.execute(_POINT)
    op.execute(GUARDS["entry_no_update"])


def _point_on_server() -> None:
    parts = sa.text("SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'entry'::regclass")
    guard = next(one for one in guards_postgres.GUARDS if one.name == "entry_no_update")
    places = ["entry", *op.get_bind().execute(parts).scalars()]
    for place in places:
        op.execute(f"ALTER TABLE {place} DISABLE TRIGGER {guard.name}")
    op.execute(_POINT)
    for place in places:
        op.execute(guard.always(place))
    for table in REPLACED:
        for statement in partitions.without_statistics(table):
            op.execute(statement)
    last = "(SELECT max(number) FROM (SELECT number FROM sealed UNION SELECT number FROM waiting) AS numbers)"
    op.execute(f"SELECT setval(pg_get_serial_sequence('payload', 'id'), {last}) WHERE {last} IS NOT NULL")
