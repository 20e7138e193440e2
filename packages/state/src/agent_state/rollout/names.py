"""Names of threads: an append-only file in which the last line of an id counts."""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from agent_protocol.wire import Record

from agent_state.errors import RolloutReadError, RolloutWriteError
from agent_state.rollout.mend import mend_tail

_CHUNK = 8192


class NameEntry(Record, frozen=True, kw_only=True):
    """One line: from ``updated_at`` (RFC 3339) on, the thread is called so."""

    id: str
    thread_name: str
    updated_at: str = ""


def names_path(home: Path) -> Path:
    """Return where the names of a home are."""
    return home / "session_index.jsonl"


def append_name(home: Path, thread_id: str, name: str, now: datetime) -> None:
    """Call the thread ``name`` from now on.

    Raises:
        RolloutWriteError: it could not be written.
    """
    path = names_path(home)
    updated_at = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"
    line = msgspec.json.encode(NameEntry(id=thread_id, thread_name=name, updated_at=updated_at)) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fd = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o666)
        try:
            mend_tail(fd)
            os.write(fd, line)
        finally:
            os.close(fd)
    except OSError as error:
        raise RolloutWriteError(path, error.errno or 0) from error


def names_of(home: Path, thread_ids: Iterable[str]) -> dict[str, str]:
    """Return the names of those threads that have one; blank names count as none given.

    Raises:
        RolloutReadError: the file cannot be read.
    """
    wanted = set(thread_ids)
    names: dict[str, str] = {}
    for entry in _backwards(names_path(home)):
        if len(names) == len(wanted):
            break
        if entry.id in wanted and entry.thread_name.strip():
            names.setdefault(entry.id, entry.thread_name)
    return names


def known_names(home: Path, limit: int) -> list[str]:
    """Return the names given last, newest first and each once; blank names count as none given.

    Raises:
        RolloutReadError: the file cannot be read.
    """
    names = (entry.thread_name for entry in _backwards(names_path(home)) if entry.thread_name.strip())
    found: dict[str, None] = {}
    for name in names:
        found.setdefault(name)
        if len(found) == limit:
            break
    return list(found)


def id_of_name(home: Path, name: str) -> str | None:
    """Return the id that was given exactly this name last, even if it has had another since.

    Raises:
        RolloutReadError: the file cannot be read.
    """
    if not name.strip():
        return None
    return next((entry.id for entry in _backwards(names_path(home)) if entry.thread_name == name), None)


def _backwards(path: Path) -> Iterator[NameEntry]:
    decoder = msgspec.json.Decoder(NameEntry)
    for line in _lines_backwards(path):
        try:
            yield decoder.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            continue


def _lines_backwards(path: Path) -> Iterator[bytes]:
    try:
        with path.open("rb") as file:
            end = file.seek(0, os.SEEK_END)
            rest = b""
            while end:
                start = max(0, end - _CHUNK)
                file.seek(start)
                first, *lines = (file.read(end - start) + rest).split(b"\n")
                yield from reversed(lines)
                rest, end = first, start
            yield rest
    except FileNotFoundError:
        return
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error
