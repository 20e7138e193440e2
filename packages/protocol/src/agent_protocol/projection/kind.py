"""What a line is good for, told from its first bytes; and which lines a reader needs for what."""

import re
from collections.abc import Iterator
from enum import IntEnum
from functools import cache
from typing import get_args

from msgspec import UNSET

from agent_protocol.projection.turn import TURN_EVENTS
from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.rollout.event import TaskStartedEvent, ThreadRolledBackEvent, TokenCountEvent
from agent_protocol.rollout.event_base import event_type
from agent_protocol.rollout.line import Compacted, RolloutItem, SessionMeta, TurnContext
from agent_protocol.rollout.response_item import InputImagePart, KnownResponseItem, MessageItem, UnknownItem

HEAD_BYTES = 512
"""How much of a line :func:`head_kind` wants to see."""


class LineKind(IntEnum):
    """What a line contributes. The numbers are stored; they keep their meaning."""

    OTHER = 0
    """Nothing is rebuilt from it: unknown, torn, or an event that only mattered live."""
    META = 1
    CONTEXT = 2
    """The settings of a model call."""
    TOKENS = 3
    """A token account, perhaps without figures."""
    SUMMARY = 4
    """A compaction to a summary."""
    REPLACEMENT = 5
    """A compaction that brings the history that goes on."""
    ITEM = 6
    """A model-facing item, perhaps of an unknown kind."""
    USER = 7
    """A message with the role of the user."""
    EVENT = 8
    """An event that shows in a turn."""
    STARTED = 9
    """The begin of a turn."""
    ROLLBACK = 10


TURN_KINDS = frozenset(
    {
        LineKind.META,
        LineKind.SUMMARY,
        LineKind.REPLACEMENT,
        LineKind.EVENT,
        LineKind.STARTED,
        LineKind.ROLLBACK,
    }
)
"""The kinds that turns are built from; of compactions it matters only that they happened."""
_ITEM_KINDS = frozenset({LineKind.ITEM, LineKind.USER, LineKind.SUMMARY, LineKind.REPLACEMENT, LineKind.ROLLBACK})
_SUMMARISED_KINDS = _ITEM_KINDS - {LineKind.ITEM}

_HEAD = re.compile(
    rb'\{"timestamp":"[^"\\]*","type":"(?P<line>[a-z_]+)","payload":\{'
    rb'(?:"type":"(?P<payload>[a-z_]+)"(?:,"id":"[^"\\]*")?(?:,"role":"(?P<role>[a-z]+)")?)?'
)
_KNOWN_ITEMS: tuple[type, ...] = get_args(KnownResponseItem)
_PLAIN_LINES = {b"session_meta": LineKind.META, b"turn_context": LineKind.CONTEXT}


def head_kind(head: bytes) -> LineKind | None:
    """Return the kind of the line that begins with ``head``, or ``None`` where that takes the whole line.

    A line that turns out to be torn further on may be told here as what it set out to be.
    """
    match = _HEAD.match(head)
    if match is None:
        return None
    line, payload, role = match.group("line", "payload", "role")
    if line == b"response_item":
        if payload is None or (payload == b"message" and role is None):
            return None
        return LineKind.USER if payload == b"message" and role == b"user" else LineKind.ITEM
    if line == b"event_msg":
        return None if payload is None else _event_kinds().get(payload, LineKind.OTHER)
    return None if line == b"compacted" else _PLAIN_LINES.get(line, LineKind.OTHER)


def line_kind(line: bytes) -> LineKind:
    """Return the kind of a whole line, with or without its line break."""
    try:
        return item_kind(decode_line(line).item)
    except RolloutLineError:
        return LineKind.OTHER


def item_kind(item: RolloutItem) -> LineKind:
    """Return the kind of a line that says ``item``."""
    match item:
        case SessionMeta():
            return LineKind.META
        case TurnContext():
            return LineKind.CONTEXT
        case Compacted():
            return LineKind.SUMMARY if item.replacement_history is UNSET else LineKind.REPLACEMENT
        case MessageItem(role="user"):
            return LineKind.USER
        case UnknownItem():
            return LineKind.ITEM
        case _:
            if isinstance(item, _KNOWN_ITEMS):
                return LineKind.ITEM
            return _event_kinds().get(event_type(type(item).__name__).encode(), LineKind.OTHER)


def turn_lines(kinds: bytes) -> Iterator[int]:
    """Yield the numbers of the lines that turns are built from; ``kinds`` has a :class:`LineKind` for each line."""
    return (number for number, kind in enumerate(kinds) if kind in TURN_KINDS)


def summarised_lines(kinds: bytes) -> Iterator[int]:
    """Yield the numbers of the lines that a summary was made of and the history still needs.

    Of what a summary stands for only the user's words go on, and the taking back of them; and what came before a
    replacement is not needed at all.
    """
    first, summary = _resume_point(kinds)
    return (number for number in range(first, summary) if kinds[number] in _SUMMARISED_KINDS)


def history_lines(kinds: bytes) -> Iterator[int]:
    """Yield the numbers of the lines that come after :func:`summarised_lines` in the making of the history."""
    _, summary = _resume_point(kinds)
    return (number for number in range(summary, len(kinds)) if kinds[number] in _ITEM_KINDS)


def _resume_point(kinds: bytes) -> tuple[int, int]:
    first = max(0, kinds.rfind(LineKind.REPLACEMENT))
    return first, max(first, kinds.rfind(LineKind.SUMMARY))


def without_images(item: RolloutItem) -> RolloutItem:
    """Return a message with the data of its images left out; other items as they are."""
    if not isinstance(item, MessageItem) or not any(isinstance(part, InputImagePart) for part in item.content):
        return item
    bare = InputImagePart(image_url="")
    return MessageItem(
        role=item.role, content=tuple(bare if isinstance(part, InputImagePart) else part for part in item.content)
    )


@cache
def _event_kinds() -> dict[bytes, LineKind]:
    kinds = {event_type(known.__name__).encode(): LineKind.EVENT for known in TURN_EVENTS}
    started, rolled_back, tokens = (
        event_type(known.__name__).encode() for known in (TaskStartedEvent, ThreadRolledBackEvent, TokenCountEvent)
    )
    return kinds | {
        started: LineKind.STARTED,
        b"turn_started": LineKind.STARTED,
        b"turn_complete": LineKind.EVENT,
        rolled_back: LineKind.ROLLBACK,
        tokens: LineKind.TOKENS,
    }
