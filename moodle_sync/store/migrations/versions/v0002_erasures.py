"""Erasures as they are carried out, and those that were refused. Released: never edit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates both tables; what is there is left as it is."""
    op.create_table(
        "erasure",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("state", TEXT, nullable=False),
        sa.Column("scope", TEXT, nullable=True),
        sa.Column("subjects", TEXT, nullable=True),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("counts", TEXT, nullable=False),
        sa.Column("started", TEXT, nullable=False),
        sa.Column("finished", TEXT, nullable=True),
        sa.CheckConstraint("state IN ('started', 'erased', 'done')", name=op.f("ck_erasure_state")),
        sa.CheckConstraint("(state = 'started') = (subjects IS NOT NULL)", name=op.f("ck_erasure_subjects")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_erasure")),
        sqlite_strict=True,
    )
    op.create_table(
        "refusal",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.Column("policy", TEXT, nullable=False),
        sa.Column("reason", TEXT, nullable=False),
        sa.Column("until", TEXT, nullable=False),
        sa.Column("at", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["subject"], ["subject.pseudonym"], name=op.f("fk_refusal_subject")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refusal")),
        sqlite_strict=True,
    )
    op.create_index("ix_refusal_subject", "refusal", ["subject"], unique=False)


def downgrade() -> None:
    """What says that somebody was erased is never dropped."""
    raise NotImplementedError("the ledger's tables are never dropped")
