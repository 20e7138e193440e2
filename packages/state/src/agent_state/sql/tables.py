"""The tables, as queries see them. What creates and changes them are the migrations."""

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, MetaData, Table, Text

metadata = MetaData()

_key = Text().with_variant(Text(collation="C"), "postgresql")
"""Text that is compared byte by byte everywhere, as paths and ids must be."""

threads = Table(
    "threads",
    metadata,
    Column("path", _key, primary_key=True),
    Column("id", _key, nullable=False),
    Column("stamp", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("read_bytes", BigInteger, nullable=False),
    Column("created_at", BigInteger),
    Column("source", Text),
    Column("model_provider", Text),
    Column("cwd", Text, nullable=False),
    Column("cli_version", Text, nullable=False),
    Column("git_sha", Text),
    Column("git_branch", Text),
    Column("git_origin_url", Text),
    Column("first_user_message", Text),
    Column("tokens_used", BigInteger, nullable=False),
    Column("last_cwd", Text),
    Column("approval_mode", Text),
    Column("sandbox_policy", Text),
    Column("archived_at", BigInteger),
    # Derived from the columns above, for queries alone.
    Column("updated_at", BigInteger, nullable=False),
    Column("archived", Boolean, nullable=False),
    Column("listed", Boolean, nullable=False),
    Column("kind", Text),
    # A checksum of the columns above the derived ones.
    Column("seal", BigInteger, nullable=False),
)

# What listings filter by stands in these indexes as well, and so a check of the database covers it.
_filters = (threads.c.kind, threads.c.model_provider, threads.c.cwd)
Index(
    "threads_by_creation",
    threads.c.archived, threads.c.listed, threads.c.stamp.desc(), threads.c.id.desc(), *_filters,
)  # fmt: skip
Index(
    "threads_by_update",
    threads.c.archived, threads.c.listed, threads.c.updated_at.desc(), threads.c.id.desc(), *_filters,
)  # fmt: skip
Index("threads_by_id", threads.c.id, threads.c.archived, threads.c.stamp.desc())

filling = Table(
    "filling",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("status", Text, nullable=False),
    Column("owner", Text),
    Column("lease_until_ms", BigInteger, nullable=False),
    Column("home", Text, nullable=False),
)
"""One row: whether every file has its row, who is seeing to that, and the home it is all about."""

FILLING = "filling"
COMPLETE = "complete"
