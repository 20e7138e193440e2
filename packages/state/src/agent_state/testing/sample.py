"""Threads to test with: ids, rows and rollout files that differ by their number."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from agent_protocol.rollout.codec import encode_line, format_timestamp, new_line
from agent_protocol.rollout.event import UserMessageEvent
from agent_protocol.rollout.line import GitInfo, RolloutItem, SessionMeta
from agent_protocol.rollout.source import SessionSource

from agent_state.index.fold import read_row
from agent_state.index.row import ThreadRow
from agent_state.rollout.path import ARCHIVED, new_path
from agent_state.store import NewThread

BEGIN = datetime(2026, 2, 27, 12, 0, 0, tzinfo=UTC)
"""When thread number 0 was created; the others follow, one an hour unless told otherwise."""
HELLO: tuple[RolloutItem, ...] = (UserMessageEvent(message="hello"),)


def sample_id(number: int) -> str:
    """Return the id of a thread."""
    return f"019c4a07-d809-74c3-bc4b-{number:012d}"


def sample_meta(
    number: int,
    *,
    created_at: datetime = BEGIN,
    source: SessionSource = "cli",
    provider: str | None = "openai",
    cwd: str = "/work",
    git: GitInfo | None = None,
) -> SessionMeta:
    """Return the first line of a thread."""
    meta = SessionMeta(
        id=sample_id(number),
        timestamp=format_timestamp(created_at),
        cwd=cwd,
        originator="sample",
        cli_version="1.2.3",
        source=source,
        model_provider=provider,
    )
    return meta if git is None else msgspec.structs.replace(meta, git=git)


def sample_thread(number: int, *, hours: float | None = None) -> NewThread:
    """Return a thread for a store to create."""
    created_at = _created_at(number, hours)
    return NewThread(meta=sample_meta(number, created_at=created_at), created_at=created_at)


def sample_row(number: int, *, hours: float | None = None, archived: bool = False, **changes: object) -> ThreadRow:
    """Return the row of a thread that is listed."""
    stamp = _created_at(number, hours)
    name = f"rollout-{stamp:%Y-%m-%dT%H-%M-%S}-{sample_id(number)}.jsonl"
    folder = ARCHIVED if archived else f"sessions/{stamp:%Y/%m/%d}"
    row = ThreadRow(
        path=f"{folder}/{name}",
        id=sample_id(number),
        stamp=int(stamp.timestamp()),
        mtime_ns=int(stamp.timestamp()) * 1_000_000_000 + number,
        size_bytes=100 + number,
        read_bytes=100 + number,
        created_at=int(stamp.timestamp()),
        source="cli",
        model_provider="openai",
        cwd="/work",
        cli_version="1.2.3",
        first_user_message=f"question {number}",
    )
    return msgspec.structs.replace(row, **changes)


def write_rollout(
    home: Path,
    number: int,
    *,
    hours: float | None = None,
    items: Sequence[RolloutItem] = HELLO,
    archived: bool = False,
    mtime: float | None = None,
    source: SessionSource = "cli",
    provider: str | None = "openai",
    cwd: str = "/work",
    git: GitInfo | None = None,
) -> Path:
    """Write the file of a thread and return its path."""
    created_at = _created_at(number, hours)
    path = new_path(home, sample_id(number), created_at, UTC)
    if archived:
        path = home / ARCHIVED / path.name
    meta = sample_meta(number, created_at=created_at, source=source, provider=provider, cwd=cwd, git=git)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(line_of(item) for item in (meta, *items)))
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


def append_to(path: Path, items: Sequence[RolloutItem]) -> None:
    """Add lines to a file, as another program would."""
    with path.open("ab") as file:
        file.write(b"".join(line_of(item) for item in items))


def line_of(item: RolloutItem) -> bytes:
    """Return a line of a rollout."""
    return encode_line(new_line(item, format_timestamp(BEGIN))) + b"\n"


def row_of(home: Path, path: Path) -> ThreadRow:
    """Return the row of a file."""
    return read_row(home, path.relative_to(home).as_posix())


def _created_at(number: int, hours: float | None) -> datetime:
    return BEGIN + timedelta(hours=number if hours is None else hours)
