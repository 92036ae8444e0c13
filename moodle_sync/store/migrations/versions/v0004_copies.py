"""What left the ledger: copies of its files, and what was handed out with people's data in it. Released: never edit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Creates the three tables; what is there is left as it is."""
    op.create_table(
        "copy",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("made_at", TEXT, nullable=False),
        sa.Column("until", TEXT, nullable=True),
        sa.Column("clean", NUMBER, nullable=False),
        sa.CheckConstraint("kind IN ('store', 'keystore')", name=op.f("ck_copy_kind")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_copy")),
        sa.UniqueConstraint("path", name=op.f("uq_copy_path")),
        sqlite_strict=True,
    )
    op.create_table(
        "handout",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("kind", TEXT, nullable=False),
        sa.Column("path", TEXT, nullable=False),
        sa.Column("sha256", TEXT, nullable=True),
        sa.Column("made_at", TEXT, nullable=False),
        sa.Column("owed", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handout")),
        sa.UniqueConstraint("path", name=op.f("uq_handout_path")),
        sqlite_strict=True,
    )
    op.create_table(
        "handout_subject",
        sa.Column("handout", NUMBER, nullable=False),
        sa.Column("subject", TEXT, nullable=False),
        sa.ForeignKeyConstraint(["handout"], ["handout.id"], name=op.f("fk_handout_subject_handout")),
        sa.PrimaryKeyConstraint("handout", "subject", name=op.f("pk_handout_subject")),
        sqlite_strict=True,
    )
    op.create_index("ix_handout_subject_subject", "handout_subject", ["subject"], unique=False)


def downgrade() -> None:
    """What says where people's data went is never dropped."""
    raise NotImplementedError("the ledger's tables are never dropped")
