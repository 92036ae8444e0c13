"""alembic's migrations of the store, one file a revision; run by ``store.schema.migrate`` and by nothing else."""
