"""From whatever revision a database has to the newest. Alembic is imported only where there is something to do."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from agent_state.errors import IndexCorrupt, IndexNewer

HEAD = "0001"
"""The newest revision."""

_LOCK = 0x6167656E74
"""What PostgreSQL is asked to let only one process do at a time."""


def sqlite_revision(path: Path, where: str, busy_seconds: float) -> str | None:
    """Return the revision of a database file, ``None`` if there is nothing in it yet.

    Raises:
        IndexCorrupt: it is a database of something else, or contradicts itself.
        IndexNewer: it is of a revision that is not known here.
        sqlite3.Error: it cannot be read.
    """
    if not path.exists():
        return None
    name = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(name, uri=True, timeout=busy_seconds, isolation_level=None)
    try:
        found = connection.execute(
            "SELECT version_num, (SELECT user_version FROM pragma_user_version) FROM alembic_version"
        ).fetchall()
    except sqlite3.OperationalError:
        if connection.execute("SELECT count(*) FROM sqlite_master").fetchone() != (0,):
            raise
        return None
    finally:
        connection.close()
    # The revision is written twice, so that a damaged one is not taken for a newer one.
    if len(found) != 1 or found[0] != (f"{found[0][1]:04}", found[0][1]):
        raise IndexCorrupt(where, f"its revision reads {found!r}")
    return _known(where, str(found[0][0]))


def upgrade_sqlite(engine: Engine, where: str) -> None:
    """Bring a database file to the newest revision; processes that do this at the same time wait for each other."""
    with engine.connect() as connection:
        connection = connection.execution_options(writing=True)
        with connection.begin():
            if _is_at_head(connection):
                return
            _migrate(connection, where)
            connection.exec_driver_sql(f"PRAGMA user_version = {int(HEAD)}")


def upgrade_postgres(engine: Engine, where: str) -> None:
    """Bring a PostgreSQL database to the newest revision.

    Raises:
        IndexNewer: it is of a revision that is not known here.
    """
    with engine.connect() as connection:
        found = _stored(connection)
    if found is not None and _known(where, found) == HEAD:
        return
    with engine.begin() as connection:
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
        if not _is_at_head(connection):
            _migrate(connection, where)


def _known(where: str, found: str) -> str:
    if found > HEAD:
        raise IndexNewer(where, found, HEAD)
    return found


def _is_at_head(connection: Connection) -> bool:
    return _stored(connection) == HEAD


def _stored(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return found


def _migrate(connection: Connection, where: str) -> None:
    from alembic.command import upgrade
    from alembic.config import Config
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations").replace("%", "%%"))
    config.attributes["connection"] = connection
    try:
        upgrade(config, "head")
    except CommandError as error:
        raise IndexCorrupt(where, str(error)) from error
