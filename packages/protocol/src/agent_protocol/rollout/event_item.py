"""Events of messages, reasoning and items, with their deltas."""

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event_base import Event
from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.rollout.turn_item import TextElement, TurnItem


class UserMessageEvent(Event, frozen=True, kw_only=True):
    """What the user sent: all text joined, image URLs, paths of image files."""

    message: str
    images: tuple[str, ...] | UnsetType = UNSET
    local_images: tuple[str, ...] = ()
    text_elements: tuple[TextElement, ...] = ()


class AgentMessageEvent(Event, frozen=True, kw_only=True):
    """One text part of a finished message of the assistant."""

    message: str


class AgentMessageDeltaEvent(Event, frozen=True, kw_only=True):
    """Older form of :class:`AgentMessageContentDeltaEvent`."""

    delta: str


class AgentMessageContentDeltaEvent(Event, frozen=True, kw_only=True):
    """More text of a message of the assistant."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class PlanDeltaEvent(Event, frozen=True, kw_only=True):
    """More text of a proposed plan."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class AgentReasoningEvent(Event, frozen=True, kw_only=True):
    """One finished summary of reasoning."""

    text: str


class AgentReasoningRawContentEvent(Event, frozen=True, kw_only=True):
    """One finished part of raw reasoning."""

    text: str


class AgentReasoningDeltaEvent(Event, frozen=True, kw_only=True):
    """Older form of :class:`ReasoningContentDeltaEvent`."""

    delta: str


class AgentReasoningRawContentDeltaEvent(Event, frozen=True, kw_only=True):
    """Older form of :class:`ReasoningRawContentDeltaEvent`."""

    delta: str


class AgentReasoningSectionBreakEvent(Event, frozen=True, kw_only=True):
    """A new summary begins."""

    item_id: str = ""
    summary_index: int = 0


class ReasoningContentDeltaEvent(Event, frozen=True, kw_only=True):
    """More text of a summary."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    summary_index: int = 0


class ReasoningRawContentDeltaEvent(Event, frozen=True, kw_only=True):
    """More raw reasoning."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    content_index: int = 0


class ItemStartedEvent(Event, frozen=True, kw_only=True):
    """An item was announced; it may still be empty."""

    thread_id: str
    turn_id: str
    item: TurnItem


class ItemCompletedEvent(Event, frozen=True, kw_only=True):
    """An item is finished."""

    thread_id: str
    turn_id: str
    item: TurnItem


class RawResponseItemEvent(Event, frozen=True, kw_only=True):
    """An entry was added to the model-facing history."""

    item: ResponseItem
