"""What the first lines of a rollout tell, read without decoding more of it than is needed."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import msgspec
from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.event import UserMessageEvent
from agent_protocol.rollout.line import RolloutItem, SessionMeta
from msgspec import UNSET

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.rollout.cursor import parse_time
from agent_state.rollout.reader import raw_lines
from agent_state.store import StoredThread

HEAD_RECORDS = 10
"""Records in which the session meta is looked for."""
SEARCH_RECORDS = 200
"""Further records in which the first user message is looked for."""
REQUEST_MARKER = "## My request for Codex:"
"""What an editor puts between the context it adds and what the user typed."""


@dataclass(frozen=True, slots=True)
class Head:
    """The session meta and the first user message, as far as they were found."""

    meta: SessionMeta | None
    first_user_message: str | None


class _Line(msgspec.Struct, frozen=True):
    type: str
    payload: msgspec.Raw


class _Payload(msgspec.Struct, frozen=True):
    type: str = ""


@cache
def _line_decoder() -> "msgspec.json.Decoder[_Line]":
    return msgspec.json.Decoder(_Line)


@cache
def _payload_decoder() -> "msgspec.json.Decoder[_Payload]":
    return msgspec.json.Decoder(_Payload)


def read_head(path: Path) -> Head:
    """Look for the session meta and the first user message near the beginning of the file.

    Raises:
        RolloutMissing: there is no such file.
        RolloutReadError: it cannot be read.
    """
    meta: SessionMeta | None = None
    for number, item in _landmarks(path):
        if meta is None and number <= HEAD_RECORDS and isinstance(item, SessionMeta):
            meta = item
        if isinstance(item, UserMessageEvent):
            return Head(meta, request_text(item.message))
        if meta is None and number >= HEAD_RECORDS:
            break
    return Head(meta, None)


def request_text(message: str) -> str:
    """Return what the user typed: without the context an editor put before it, and trimmed."""
    _, marker, request = message.partition(REQUEST_MARKER)
    return (request if marker else message).strip()


def stored_thread(path: Path, head: Head, archived: bool) -> StoredThread:
    """Return the description of the thread whose head was read.

    Raises:
        RolloutInvalid: the head has no session meta.
        RolloutMissing, RolloutReadError: the file cannot be looked at.
    """
    meta = head.meta
    if meta is None:
        raise RolloutInvalid(path, "it has no session meta")
    return StoredThread(
        thread_id=meta.id,
        path=path,
        preview=head.first_user_message or "",
        model_provider=meta.model_provider,
        created_at=parse_time(meta.timestamp),
        updated_at=modified_at(path),
        cwd=meta.cwd,
        cli_version=meta.cli_version,
        source=meta.source,
        git=None if meta.git is UNSET else meta.git,
        archived=archived,
    )


def modified_at(path: Path) -> datetime:
    """Return when the file was last written, in whole seconds.

    Raises:
        RolloutMissing, RolloutReadError: the file cannot be looked at.
    """
    try:
        return datetime.fromtimestamp(int(os.stat(path).st_mtime), UTC)
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error


def _landmarks(path: Path) -> Iterator[tuple[int, RolloutItem | None]]:
    """Yield the number of each record with its item where it is a meta or a user message, within the limits."""
    for number, raw in enumerate(raw_lines(path), start=1):
        if number > HEAD_RECORDS + SEARCH_RECORDS:
            return
        yield number, decode_line(raw).item if _is_landmark(raw) else None


def _is_landmark(raw: bytes) -> bool:
    try:
        line = _line_decoder().decode(raw)
        if line.type == "event_msg":
            return _payload_decoder().decode(line.payload).type == "user_message"
        return line.type == "session_meta"
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
