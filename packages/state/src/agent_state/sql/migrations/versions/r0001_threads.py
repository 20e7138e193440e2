"""The rows of threads, and how far they are filled."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Create both tables."""
    key = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
    threads = op.create_table(
        "threads",
        sa.Column("path", key, primary_key=True),
        sa.Column("id", key, nullable=False),
        sa.Column("stamp", sa.BigInteger, nullable=False),
        sa.Column("mtime_ns", sa.BigInteger, nullable=False),
        sa.Column("size_bytes", sa.BigInteger, nullable=False),
        sa.Column("read_bytes", sa.BigInteger, nullable=False),
        sa.Column("created_at", sa.BigInteger),
        sa.Column("source", sa.Text),
        sa.Column("model_provider", sa.Text),
        sa.Column("cwd", sa.Text, nullable=False),
        sa.Column("cli_version", sa.Text, nullable=False),
        sa.Column("git_sha", sa.Text),
        sa.Column("git_branch", sa.Text),
        sa.Column("git_origin_url", sa.Text),
        sa.Column("first_user_message", sa.Text),
        sa.Column("tokens_used", sa.BigInteger, nullable=False),
        sa.Column("last_cwd", sa.Text),
        sa.Column("approval_mode", sa.Text),
        sa.Column("sandbox_policy", sa.Text),
        sa.Column("archived_at", sa.BigInteger),
        sa.Column("updated_at", sa.BigInteger, nullable=False),
        sa.Column("archived", sa.Boolean, nullable=False),
        sa.Column("listed", sa.Boolean, nullable=False),
        sa.Column("kind", sa.Text),
        sa.Column("seal", sa.BigInteger, nullable=False),
    )
    order = [threads.c.archived, threads.c.listed]
    filters = [threads.c.kind, threads.c.model_provider, threads.c.cwd]
    by_id = threads.c.id.desc()
    sa.Index("threads_by_creation", *order, threads.c.stamp.desc(), by_id, *filters).create(op.get_bind())
    sa.Index("threads_by_update", *order, threads.c.updated_at.desc(), by_id, *filters).create(op.get_bind())
    sa.Index("threads_by_id", threads.c.id, threads.c.archived, threads.c.stamp.desc()).create(op.get_bind())
    filling = op.create_table(
        "filling",
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("status", sa.Text, nullable=False),
        sa.Column("owner", sa.Text),
        sa.Column("lease_until_ms", sa.BigInteger, nullable=False),
        sa.Column("home", sa.Text, nullable=False),
    )
    op.bulk_insert(filling, [{"id": 1, "status": "filling", "owner": None, "lease_until_ms": 0, "home": ""}])


def downgrade() -> None:
    """Drop both tables; the index is made again from the files."""
    op.drop_table("filling")
    op.drop_table("threads")
