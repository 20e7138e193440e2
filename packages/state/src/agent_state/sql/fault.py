"""Errors of database libraries, translated where the libraries are called."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from agent_state.errors import (
    IndexCorrupt,
    IndexFault,
    IndexLocked,
    IndexUnreachable,
    IndexUnwritable,
)

_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_PROTOCOL}
_UNWRITABLE = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_READONLY}
_UNREACHABLE = {sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_PERM, sqlite3.SQLITE_NOMEM}
_UNREACHABLE |= {sqlite3.SQLITE_AUTH, sqlite3.SQLITE_NOLFS, sqlite3.SQLITE_INTERRUPT}


@contextmanager
def translated(where: str) -> Iterator[None]:
    """Raise what goes wrong inside as an ``IndexFault`` of the index at ``where``."""
    try:
        yield
    except DBAPIError as error:
        raise _fault(where, error.orig or error) from error
    except SQLAlchemyError as error:
        raise IndexCorrupt(where, str(error)) from error
    except sqlite3.Error as error:
        raise _fault(where, error) from error
    except UnicodeDecodeError as error:
        # What SQLite says of damaged text may not be text either.
        raise IndexCorrupt(where, str(error)) from error
    except OSError as error:
        raise IndexUnreachable(where, str(error)) from error


def _fault(where: str, error: BaseException) -> IndexFault:
    detail = str(error).strip()
    if not isinstance(error, sqlite3.Error):
        return _postgres_fault(where, error, detail)
    code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
    if code in _LOCKED:
        return IndexLocked(where)
    if code in _UNWRITABLE:
        return IndexUnwritable(where, detail)
    if code in _UNREACHABLE:
        return IndexUnreachable(where, detail)
    # The statements are right, so what they fail on is a database that is not as it was made.
    return IndexCorrupt(where, detail)


def _postgres_fault(where: str, error: BaseException, detail: str) -> IndexFault:
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith(("42", "XX")):
        return IndexCorrupt(where, detail)
    if state in ("55P03", "57014", "40001", "40P01"):
        return IndexLocked(where)
    if state.startswith("53") or state == "25006":
        return IndexUnwritable(where, detail)
    return IndexUnreachable(where, detail)
