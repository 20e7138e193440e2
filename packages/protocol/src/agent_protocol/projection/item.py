"""Events and core items as items of the protocol: the same functions for live events and for stored ones."""

from collections.abc import Callable
from typing import TypeVar

from msgspec import UNSET, UnsetType

from agent_protocol.projection import command, tool_call
from agent_protocol.projection.review import review_hint, review_text
from agent_protocol.projection.user_input import wire_input
from agent_protocol.rollout.event import (
    CollabAgentInteractionBeginEvent,
    CollabAgentInteractionEndEvent,
    CollabAgentSpawnBeginEvent,
    CollabAgentSpawnEndEvent,
    CollabCloseBeginEvent,
    CollabCloseEndEvent,
    CollabResumeBeginEvent,
    CollabResumeEndEvent,
    CollabWaitingBeginEvent,
    CollabWaitingEndEvent,
    EnteredReviewModeEvent,
    EventMsg,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExitedReviewModeEvent,
    ItemCompletedEvent,
    ItemStartedEvent,
    McpToolCallBeginEvent,
    McpToolCallEndEvent,
    PatchApplyEndEvent,
    ViewImageToolCallEvent,
    WebSearchEndEvent,
)
from agent_protocol.rollout.line import RolloutItem
from agent_protocol.rollout.response_item import (
    FindInPageAction,
    OpenPageAction,
    OtherAction,
    SearchAction,
    WebSearchAction,
)
from agent_protocol.rollout.turn_item import (
    AgentMessageTurnItem,
    ContextCompactionTurnItem,
    PlanTurnItem,
    ReasoningTurnItem,
    TurnItem,
    UserMessageTurnItem,
    WebSearchTurnItem,
)
from agent_protocol.v2 import item as v2
from agent_protocol.wire import JsonValue

T = TypeVar("T")


def thread_item(item: TurnItem) -> v2.ThreadItem:
    """Return the protocol's form of a core item."""
    match item:
        case UserMessageTurnItem(id=item_id, content=content):
            return v2.UserMessageThreadItem(id=item_id, content=[wire_input(part) for part in content])
        case AgentMessageTurnItem(id=item_id, content=parts):
            return v2.AgentMessageThreadItem(id=item_id, text="".join(part.text for part in parts))
        case PlanTurnItem(id=item_id, text=text):
            return v2.PlanThreadItem(id=item_id, text=text)
        case ReasoningTurnItem(id=item_id, summary_text=summary, raw_content=raw):
            return v2.ReasoningThreadItem(id=item_id, summary=summary, content=raw)
        case WebSearchTurnItem(id=item_id, query=query, action=action):
            return v2.WebSearchThreadItem(id=item_id, query=query, action=search_action(action))
        case ContextCompactionTurnItem(id=item_id):
            return v2.ContextCompactionThreadItem(id=item_id)


def started_item(event: EventMsg) -> v2.ThreadItem | None:
    """Return the item that ``event`` starts, if it starts one. Patches are not here: see the notifications."""
    if isinstance(event, ItemStartedEvent):
        return thread_item(event.item)
    convert = _STARTED.get(type(event))
    return None if convert is None else convert(event)


def completed_item(record: RolloutItem) -> v2.ThreadItem | None:
    """Return the item that ``record`` completes, if it is an event that completes one and carries its id."""
    if isinstance(record, ItemCompletedEvent):
        return thread_item(record.item)
    convert = _COMPLETED.get(type(record))
    return None if convert is None else convert(record)


def review_item(event: EnteredReviewModeEvent | ExitedReviewModeEvent, item_id: str) -> v2.ThreadItem:
    """Return the item that marks the begin or the end of a review."""
    if isinstance(event, EnteredReviewModeEvent):
        return v2.EnteredReviewModeThreadItem(id=item_id, review=event.user_facing_hint or review_hint(event.target))
    return v2.ExitedReviewModeThreadItem(id=item_id, review=review_text(event.review_output))


def web_search_item(event: WebSearchEndEvent) -> v2.WebSearchThreadItem:
    """Return the item of a stored search."""
    return v2.WebSearchThreadItem(id=event.call_id, query=event.query, action=search_action(event.action))


def search_action(action: WebSearchAction) -> v2.WebSearchAction:
    """Return the protocol's form of what a search did."""
    match action:
        case SearchAction():
            return v2.SearchWebSearchAction(query=_given(action.query), queries=_given(action.queries))
        case OpenPageAction():
            return v2.OpenPageWebSearchAction(url=_given(action.url))
        case FindInPageAction():
            return v2.FindInPageWebSearchAction(url=_given(action.url), pattern=_given(action.pattern))
        case OtherAction():
            return v2.OtherWebSearchAction()


def image_view(event: ViewImageToolCallEvent) -> v2.ImageViewThreadItem:
    """Return the item of an image the model looked at."""
    return v2.ImageViewThreadItem(id=event.call_id, path=event.path)


def _given(value: T | UnsetType) -> T | None:
    return None if value is UNSET else value


_Converters = dict[type, Callable[[JsonValue], v2.ThreadItem]]

_STARTED: _Converters = {
    ExecCommandBeginEvent: command.command_started,
    McpToolCallBeginEvent: tool_call.mcp_started,
    CollabAgentSpawnBeginEvent: tool_call.collab_started,
    CollabAgentInteractionBeginEvent: tool_call.collab_started,
    CollabWaitingBeginEvent: tool_call.collab_started,
    CollabCloseBeginEvent: tool_call.collab_started,
    CollabResumeBeginEvent: tool_call.collab_started,
    ViewImageToolCallEvent: image_view,
}
_COMPLETED: _Converters = {
    ExecCommandEndEvent: command.command_completed,
    PatchApplyEndEvent: command.file_change_completed,
    McpToolCallEndEvent: tool_call.mcp_completed,
    CollabAgentSpawnEndEvent: tool_call.collab_completed,
    CollabAgentInteractionEndEvent: tool_call.collab_completed,
    CollabWaitingEndEvent: tool_call.collab_completed,
    CollabCloseEndEvent: tool_call.collab_completed,
    CollabResumeEndEvent: tool_call.collab_completed,
    ViewImageToolCallEvent: image_view,
}
COMPLETING = frozenset({ItemCompletedEvent, *_COMPLETED})
"""The events that :func:`completed_item` may find an item in."""
