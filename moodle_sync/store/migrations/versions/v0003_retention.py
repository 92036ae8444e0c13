"""What of a session an erasure by a retention policy is about. Released: never edit."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"

TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    """Adds the column; erasures that are there were about whole subjects, and have none."""
    op.add_column("erasure", sa.Column("terms", TEXT, nullable=True))


def downgrade() -> None:
    """What says that somebody was erased is never dropped."""
    raise NotImplementedError("the ledger's tables are never dropped")
