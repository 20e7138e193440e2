"""The revisions of the index's tables, run by Alembic."""
