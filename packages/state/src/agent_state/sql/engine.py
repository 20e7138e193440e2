"""Connections: to a SQLite file with the settings it needs here, or to PostgreSQL by URL."""

import sqlite3
from pathlib import Path

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from agent_state.errors import IndexUnreachable

CONNECT_SECONDS = 5
STATEMENT_MS = 20_000
LOCK_MS = 10_000


def sqlite_engine(path: Path, *, create: bool, busy_seconds: float, network: bool) -> Engine:
    """Return an engine with one connection; transactions that announce themselves as writing take the lock at once.

    ``create`` makes the file if it is not there, ``busy_seconds`` is how long a statement waits for other processes.

    Readers and a writer do not wait for each other, thanks to a write-ahead log. That needs memory which all
    processes share, so on a ``network`` file system a rollback journal is used instead.
    """
    journal = "DELETE" if network else "WAL"
    name = f"{path.absolute().as_uri()}?mode={'rwc' if create else 'rw'}"

    def connect() -> sqlite3.Connection:
        connection = sqlite3.connect(
            name, uri=True, timeout=busy_seconds, isolation_level=None, check_same_thread=False
        )
        try:
            (mode,) = connection.execute("PRAGMA journal_mode").fetchone()
            if mode.upper() != journal:
                connection.execute(f"PRAGMA journal_mode = {journal}")
            connection.execute(f"PRAGMA synchronous = {'NORMAL' if journal == 'WAL' else 'FULL'}")
        except BaseException:
            connection.close()
            raise
        return connection

    engine = create_engine("sqlite://", creator=connect, poolclass=QueuePool, pool_size=1, max_overflow=0)

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writing = connection.get_execution_options().get("writing", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

    return engine


def postgres_engine(url: str, where: str) -> Engine:
    """Return an engine for PostgreSQL; a plain ``postgresql://`` URL means the psycopg driver.

    Raises:
        IndexUnreachable: it is no such URL, or the driver is not installed.
    """
    try:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        if parsed.get_backend_name() != "postgresql":
            raise IndexUnreachable(where, f"{parsed.drivername} is not supported")
        engine = create_engine(
            parsed,
            pool_size=1,
            max_overflow=0,
            pool_pre_ping=True,
            connect_args={"connect_timeout": CONNECT_SECONDS},
        )
    except SQLAlchemyError as error:
        raise IndexUnreachable(where, str(error)) from error
    except ImportError as error:
        raise IndexUnreachable(where, "the driver is not installed: pip install 'agent-state[postgres]'") from error

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, entry: ConnectionPoolEntry) -> None:
        cursor = connection.cursor()
        cursor.execute(f"SET statement_timeout = {STATEMENT_MS}")
        cursor.execute(f"SET lock_timeout = {LOCK_MS}")
        cursor.close()
        connection.commit()

    return engine
