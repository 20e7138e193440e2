"""Reading and writing of rollout lines: a tolerant reader, an exact writer."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import TypeVar, get_args

import msgspec
from msgspec import UNSET, UnsetType

from agent_protocol.rollout.error import RecordError, RolloutLineError, stopped_at
from agent_protocol.rollout.error_info import CodexErrorKind
from agent_protocol.rollout.event import EventMsg, KnownEvent, RawResponseItemEvent, UnknownEvent
from agent_protocol.rollout.event_base import Event
from agent_protocol.rollout.line import (
    Compacted,
    RolloutItem,
    RolloutLine,
    SessionMeta,
    TurnContext,
    UnknownLine,
)
from agent_protocol.rollout.response_item import decode_response_item, encode_response_item
from agent_protocol.rollout.source import SessionSource
from agent_protocol.wire import JsonValue, Record

T = TypeVar("T")
Members = dict[str, JsonValue]

_EVENT_ALIASES = {"turn_started": "task_started", "turn_complete": "task_complete"}
_RETIRED_MODES = ("code", "pair_programming", "execute", "custom")


class _Envelope(Record, frozen=True, kw_only=True):
    timestamp: str
    type: str
    payload: msgspec.Raw


class _Tag(Record, frozen=True, kw_only=True):
    type: str


class _StoredCompacted(Record, frozen=True, kw_only=True):
    message: str
    replacement_history: tuple[msgspec.Raw, ...] | UnsetType = UNSET


class _EncodedItem(Record, frozen=True, kw_only=True, tag_field="type", tag="raw_response_item"):
    item: msgspec.Raw


_DECODERS: dict[type, "msgspec.json.Decoder[JsonValue]"] = {}


def _decode(kind: type[T], data: bytes | msgspec.Raw) -> T:
    decoder = _DECODERS.get(kind)
    if decoder is None:
        decoder = _DECODERS[kind] = msgspec.json.Decoder(kind)
    decoded: T = decoder.decode(data)
    return decoded


@cache
def _event_decoder() -> "msgspec.json.Decoder[KnownEvent]":
    return msgspec.json.Decoder(KnownEvent)


def format_timestamp(moment: datetime) -> str:
    """Return ``moment`` (aware) as lines carry it: UTC, whole milliseconds, ``Z``."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def decode_line(data: bytes) -> RolloutLine:
    """Return the line in ``data`` (with or without its line break).

    Unknown line types, events and response items come back as :class:`UnknownLine`, ``UnknownEvent`` and
    ``UnknownItem``; so do known ones whose payload does not fit.

    Raises:
        RolloutLineError: not JSON, or not an object with timestamp, type and payload.
    """
    raw = data.removesuffix(b"\n")
    try:
        envelope = _decode(_Envelope, raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RolloutLineError(str(error), stopped_at(str(error), len(raw))) from error
    return RolloutLine(timestamp=envelope.timestamp, item=_item(envelope.type, envelope.payload), raw=raw)


def encode_line(line: RolloutLine) -> bytes:
    """Return the bytes of ``line`` without a line break: those it was read from, if it was read."""
    if line.raw is not None:
        return line.raw
    kind, payload = _encoded(line.item)
    return _joined({"timestamp": line.timestamp, "type": kind, "payload": msgspec.Raw(payload)})


def new_line(item: RolloutItem, timestamp: str) -> RolloutLine:
    """Return a line that says ``item`` and is written at ``timestamp`` (see :func:`format_timestamp`)."""
    return RolloutLine(timestamp=timestamp, item=item)


def restamp(line: RolloutLine, timestamp: str) -> RolloutLine:
    """Return ``line`` with another timestamp; the text of all its other members stays as it was."""
    if line.raw is None:
        return new_line(line.item, timestamp)
    members = msgspec.json.decode(line.raw, type=dict[str, msgspec.Raw])
    return RolloutLine(timestamp=timestamp, item=line.item, raw=_joined({**members, "timestamp": timestamp}))


def decode_event(raw: bytes | msgspec.Raw) -> EventMsg:
    """Return the event in ``raw``; one of an unknown kind or shape becomes an :class:`UnknownEvent`.

    Raises:
        RecordError: ``raw`` is not a JSON object with a type.
    """
    try:
        return _event_decoder().decode(raw)
    except msgspec.ValidationError:
        return _mended_event(bytes(raw))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RecordError(str(error), stopped_at(str(error), len(bytes(raw)))) from error


def encode_event(event: EventMsg) -> bytes:
    """Return the JSON text of ``event``."""
    match event:
        case UnknownEvent():
            return event.raw
        case RawResponseItemEvent():
            return msgspec.json.encode(_EncodedItem(item=msgspec.Raw(encode_response_item(event.item))))
        case _:
            return msgspec.json.encode(event)


def _joined(members: Members) -> bytes:
    return msgspec.json.encode(members)


def _encoded(item: RolloutItem) -> tuple[str, bytes]:
    match item:
        case SessionMeta():
            return "session_meta", msgspec.json.encode(item)
        case TurnContext():
            return "turn_context", msgspec.json.encode(item)
        case Compacted():
            return "compacted", msgspec.json.encode(_stored(item))
        case UnknownLine():
            return item.kind, item.payload
        case Event() | UnknownEvent():
            return "event_msg", encode_event(item)
        case _:
            return "response_item", encode_response_item(item)


def _stored(item: Compacted) -> _StoredCompacted:
    if item.replacement_history is UNSET:
        return _StoredCompacted(message=item.message)
    history = tuple(msgspec.Raw(encode_response_item(entry)) for entry in item.replacement_history)
    return _StoredCompacted(message=item.message, replacement_history=history)


def _item(kind: str, payload: msgspec.Raw) -> RolloutItem:
    reader = _READERS.get(kind)
    if reader is None:
        return UnknownLine(kind=kind, payload=bytes(payload), reason="unknown line type")
    try:
        return reader(payload)
    except (RecordError, msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return UnknownLine(kind=kind, payload=bytes(payload), reason=str(error))


def _compacted(payload: msgspec.Raw) -> Compacted:
    stored = _mended(_StoredCompacted, payload, _as_is)
    if stored.replacement_history is UNSET:
        return Compacted(message=stored.message)
    return Compacted(
        message=stored.message,
        replacement_history=tuple(decode_response_item(entry) for entry in stored.replacement_history),
    )


def _mended(kind: type[T], payload: msgspec.Raw, mend: Callable[[Members], None]) -> T:
    """Decode ``payload``; if that fails, once more without nulls and with older spellings translated."""
    try:
        return _decode(kind, payload)
    except msgspec.ValidationError:
        converted: T = msgspec.convert(_translated(bytes(payload), mend), kind)
        return converted


def _translated(raw: bytes, mend: Callable[[Members], None]) -> Members:
    members = msgspec.json.decode(raw, type=Members)
    kept = {name: value for name, value in members.items() if value is not None}
    mend(kept)
    return kept


def _mended_event(raw: bytes) -> EventMsg:
    try:
        kind = _decode(_Tag, raw).type
    except msgspec.ValidationError as error:
        raise RecordError(str(error), 0) from error
    try:
        known: KnownEvent = msgspec.convert(_translated(raw, _mend_event), KnownEvent)
        return known
    except msgspec.ValidationError:
        return UnknownEvent(kind=kind, raw=raw)


def _as_is(members: Members) -> None:
    """Leave the members as they are."""


def _mend_event(members: Members) -> None:
    members["type"] = _EVENT_ALIASES.get(members["type"], members["type"])
    info = members.get("codex_error_info")
    if isinstance(info, str) and info not in get_args(CodexErrorKind):
        members["codex_error_info"] = "other"
    if members.get("collaboration_mode_kind") in _RETIRED_MODES:
        members["collaboration_mode_kind"] = "default"


def _mend_meta(members: Members) -> None:
    try:
        msgspec.convert(members.get("source", "vscode"), SessionSource)
    except msgspec.ValidationError:
        members["source"] = "unknown"


def _mend_turn_context(members: Members) -> None:
    mode = members.get("collaboration_mode")
    if isinstance(mode, dict) and mode.get("mode") in _RETIRED_MODES:
        members["collaboration_mode"] = {**mode, "mode": "default"}


_READERS: dict[str, Callable[[msgspec.Raw], RolloutItem]] = {
    "session_meta": lambda payload: _mended(SessionMeta, payload, _mend_meta),
    "turn_context": lambda payload: _mended(TurnContext, payload, _mend_turn_context),
    "compacted": _compacted,
    "response_item": decode_response_item,
    "event_msg": decode_event,
}
