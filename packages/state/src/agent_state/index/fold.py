"""From the lines of a rollout to its row: the same whether a turn has just ended or an old file is read."""

import os
from pathlib import Path
from typing import BinaryIO, TypeVar

import msgspec
from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.line import SessionMeta
from agent_protocol.wire import JsonValue
from msgspec import UNSET, UnsetType

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.index.row import ThreadRow, blank_row, encode_source
from agent_state.rollout.cursor import parse_time

REQUEST_MARKER = "## My request for Codex:"
"""What an editor puts between the context it adds and what the user typed."""
ONLY_IMAGES = "[Image]"
"""What stands for a message without text."""

_MARKS = (b'"session_meta"', b'"turn_context"', b'"token_count"', b'"user_message"')
_LARGEST = 2**63 - 1


class _Line(msgspec.Struct, frozen=True):
    type: str
    payload: msgspec.Raw


class _Event(msgspec.Struct, frozen=True):
    type: str = ""


class _UserMessage(msgspec.Struct, frozen=True):
    message: str
    images: tuple[str, ...] | None = None
    local_images: tuple[str, ...] | None = None


class _Total(msgspec.Struct, frozen=True):
    total_tokens: int = 0


class _Usage(msgspec.Struct, frozen=True):
    total_token_usage: _Total


class _TokenCount(msgspec.Struct, frozen=True):
    info: _Usage | None = None


class _TurnContext(msgspec.Struct, frozen=True):
    cwd: str
    approval_policy: JsonValue
    sandbox_policy: msgspec.Raw


T = TypeVar("T")
_DECODERS: dict[type, "msgspec.json.Decoder[JsonValue]"] = {}


class Fold:
    """What lines tell of their thread, added one by one. A fold may go on where an earlier one ended."""

    def __init__(self, row: ThreadRow | None = None) -> None:
        self.meta: SessionMeta | None = None
        """The first session meta: a forked thread has its parent's after its own."""
        self.first_user_message = row.first_user_message if row else None
        self._begun = row is not None and row.source is not None
        self._changes: dict[str, JsonValue] = {}

    def add(self, raw: bytes) -> None:
        """Take in one line; what cannot be read tells nothing."""
        if not any(mark in raw for mark in _MARKS):
            return
        line = _read(_Line, raw)
        if line is None:
            return
        if line.type == "event_msg":
            self._event(line.payload)
        elif line.type == "turn_context":
            self._turn_context(line.payload)
        elif line.type == "session_meta" and not self._begun:
            self._meta(raw)

    def onto(self, row: ThreadRow) -> ThreadRow:
        """Return ``row`` with what the lines told."""
        return msgspec.structs.replace(row, first_user_message=self.first_user_message, **self._changes)

    def _meta(self, raw: bytes) -> None:
        meta = decode_line(raw).item
        if not isinstance(meta, SessionMeta):
            return
        self.meta = meta
        self._begun = True
        created_at = parse_time(meta.timestamp)
        self._changes.update(
            id=meta.id,
            created_at=None if created_at is None else int(created_at.timestamp()),
            source=encode_source(meta.source),
            model_provider=meta.model_provider,
            cwd=meta.cwd,
            cli_version=meta.cli_version,
        )
        if meta.git is not UNSET:
            self._changes.update(
                git_sha=_given(meta.git.commit_hash),
                git_branch=_given(meta.git.branch),
                git_origin_url=_given(meta.git.repository_url),
            )

    def _turn_context(self, payload: msgspec.Raw) -> None:
        context = _read(_TurnContext, payload)
        if context is None:
            return
        policy = context.approval_policy
        self._changes.update(
            last_cwd=context.cwd,
            approval_mode=policy if isinstance(policy, str) else msgspec.json.encode(policy).decode(),
            sandbox_policy=bytes(context.sandbox_policy).decode(),
        )

    def _event(self, payload: msgspec.Raw) -> None:
        event = _read(_Event, payload)
        if event is None:
            return
        if event.type == "user_message" and self.first_user_message is None:
            message = _read(_UserMessage, payload)
            self.first_user_message = None if message is None else _said(message)
        elif event.type == "token_count":
            count = _read(_TokenCount, payload)
            if count is not None and count.info is not None:
                total = count.info.total_token_usage.total_tokens
                self._changes.update(tokens_used=min(max(total, 0), _LARGEST))


def read_row(home: Path, path: str, previous: ThreadRow | None = None) -> ThreadRow:
    """Return the row of the file at ``path`` below ``home``. Of a file that only grew, just the new lines are read.

    Raises:
        RolloutMissing: there is no such file.
        RolloutInvalid: it is not named as rollouts are.
        RolloutReadError: it cannot be read.
    """
    blank = blank_row(path)
    if blank is None:
        raise RolloutInvalid(home / path, "it is not named as one")
    try:
        with (home / path).open("rb") as file:
            status = os.fstat(file.fileno())
            row = previous if previous and _goes_on(file, previous, status.st_size) else blank
            fold, read_bytes = _folded(file, row)
    except FileNotFoundError as error:
        raise RolloutMissing(home / path) from error
    except OSError as error:
        raise RolloutReadError(home / path, error.errno or 0) from error
    archived_at = previous.archived_at if previous else None
    if blank.archived and archived_at is None:
        archived_at = status.st_mtime_ns // 1_000_000_000
    return msgspec.structs.replace(
        fold.onto(row),
        mtime_ns=status.st_mtime_ns,
        size_bytes=status.st_size,
        read_bytes=read_bytes,
        archived_at=archived_at,
    )


def _folded(file: BinaryIO, row: ThreadRow) -> tuple[Fold, int]:
    fold = Fold(row)
    end = row.read_bytes
    file.seek(end)
    for line in file:
        fold.add(line)
        if line.endswith(b"\n"):
            end += len(line)
    return fold, end


def _goes_on(file: BinaryIO, row: ThreadRow, size_bytes: int) -> bool:
    """Tell whether the file may still begin with what the row was read from: it grew, at the end of a line."""
    if row.source is None or not 0 < row.read_bytes < size_bytes or size_bytes <= row.size_bytes:
        return False
    file.seek(row.read_bytes - 1)
    return file.read(1) == b"\n"


def _said(message: _UserMessage) -> str | None:
    _, marker, request = message.message.partition(REQUEST_MARKER)
    text = (request if marker else message.message).strip()
    return text or (ONLY_IMAGES if message.images or message.local_images else None)


def _read(kind: type[T], data: bytes | msgspec.Raw) -> T | None:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    try:
        read: T = decoder.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return read


def _given(value: str | UnsetType) -> str | None:
    return None if value is UNSET else value
