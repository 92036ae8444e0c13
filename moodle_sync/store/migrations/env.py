"""What alembic runs: the revisions, over the connection and inside the transaction that ``schema.migrate`` opened."""

from __future__ import annotations

from alembic import context

from moodle_sync.store.tables import metadata

context.configure(connection=context.config.attributes["connection"], target_metadata=metadata, transactional_ddl=True)
with context.begin_transaction():
    context.run_migrations()
