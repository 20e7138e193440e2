"""What a projection gives out, and the state it needs."""

from dataclasses import dataclass
from typing import TypeAlias, TypeVar

from agent_protocol.registry import AnyNotification, Notification
from agent_protocol.v2.item import (
    ITEM_COMPLETED,
    ITEM_STARTED,
    ItemCompletedNotification,
    ItemStartedNotification,
    ThreadItem,
)
from agent_protocol.v2.turn import TurnError
from agent_protocol.wire import Wire

P = TypeVar("P", bound=Wire)

Notice: TypeAlias = tuple[AnyNotification, Wire]
"""A notification and its params."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when an event happened; ``at_ms`` is in Unix milliseconds."""

    thread_id: str
    turn_id: str
    at_ms: int


@dataclass(frozen=True, slots=True)
class ProjectionState:
    """What the projection of a thread remembers from one event to the next."""

    announced_turn_id: str | None = None
    open_commands: frozenset[str] = frozenset()
    open_file_changes: frozenset[str] = frozenset()
    last_error: TurnError | None = None


def notice(method: Notification[P], params: P) -> Notice:
    """Pair a notification with params of its own type."""
    return method, params


def started(item: ThreadItem, place: Place) -> Notice:
    """Return the notice that ``item`` started."""
    return notice(
        ITEM_STARTED,
        ItemStartedNotification(item=item, thread_id=place.thread_id, turn_id=place.turn_id, started_at_ms=place.at_ms),
    )


def completed(item: ThreadItem, place: Place) -> Notice:
    """Return the notice that ``item`` is complete."""
    return notice(
        ITEM_COMPLETED,
        ItemCompletedNotification(
            item=item, thread_id=place.thread_id, turn_id=place.turn_id, completed_at_ms=place.at_ms
        ),
    )
