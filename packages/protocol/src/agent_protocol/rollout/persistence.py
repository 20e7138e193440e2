"""What a live event leaves in the rollout file."""

from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import msgspec

from agent_protocol.rollout.event import (
    AgentMessageEvent,
    AgentReasoningEvent,
    AgentReasoningRawContentEvent,
    CollabAgentInteractionEndEvent,
    CollabAgentSpawnEndEvent,
    CollabCloseEndEvent,
    CollabResumeEndEvent,
    CollabWaitingEndEvent,
    ContextCompactedEvent,
    EnteredReviewModeEvent,
    ErrorEvent,
    EventMsg,
    ExecCommandEndEvent,
    ExitedReviewModeEvent,
    ItemCompletedEvent,
    McpToolCallEndEvent,
    PatchApplyEndEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    ThreadRolledBackEvent,
    TokenCountEvent,
    TurnAbortedEvent,
    UndoCompletedEvent,
    UserMessageEvent,
    ViewImageToolCallEvent,
    WebSearchEndEvent,
)
from agent_protocol.rollout.turn_item import (
    AgentMessageTurnItem,
    ByteRange,
    ContextCompactionTurnItem,
    ImageInput,
    LocalImageInput,
    PlanTurnItem,
    ReasoningTurnItem,
    TextElement,
    TextInput,
    UserInput,
    UserMessageTurnItem,
    WebSearchTurnItem,
)

PersistenceMode: TypeAlias = Literal["limited", "extended"]

STORED_OUTPUT_BYTES = 10_000
"""How much of a command's output an extended rollout keeps."""

_ALWAYS = (
    UserMessageEvent,
    AgentMessageEvent,
    AgentReasoningEvent,
    AgentReasoningRawContentEvent,
    TokenCountEvent,
    ContextCompactedEvent,
    EnteredReviewModeEvent,
    ExitedReviewModeEvent,
    ThreadRolledBackEvent,
    UndoCompletedEvent,
    TurnAbortedEvent,
    TaskStartedEvent,
    TaskCompleteEvent,
    # The reference keeps errors in extended files only, so that failed turns read back as completed ones.
    ErrorEvent,
)
_EXTENDED = (
    WebSearchEndEvent,
    PatchApplyEndEvent,
    McpToolCallEndEvent,
    ViewImageToolCallEvent,
    CollabAgentSpawnEndEvent,
    CollabAgentInteractionEndEvent,
    CollabWaitingEndEvent,
    CollabCloseEndEvent,
    CollabResumeEndEvent,
)


def persisted(event: EventMsg, mode: PersistenceMode, *, show_raw_reasoning: bool = False) -> Sequence[EventMsg]:
    """Return the events to write for ``event``, in order; most live events leave nothing.

    Completed items are stored in an older form that all readers know; only plans are stored as items. With
    ``show_raw_reasoning`` the raw text of reasoning is stored too.
    """
    match event:
        case ItemCompletedEvent():
            return tuple(_stored_item(event, mode, show_raw_reasoning))
        case ExecCommandEndEvent():
            return (sanitised(event),) if mode == "extended" else ()
        case _ if isinstance(event, _ALWAYS):
            return (event,)
        case _ if isinstance(event, _EXTENDED):
            return (event,) if mode == "extended" else ()
        case _:
            return ()


def sanitised(event: ExecCommandEndEvent) -> ExecCommandEndEvent:
    """Return ``event`` with its output cut to :data:`STORED_OUTPUT_BYTES` and the duplicate texts emptied."""
    output = truncate_middle(event.aggregated_output, STORED_OUTPUT_BYTES)
    return msgspec.structs.replace(event, aggregated_output=output, stdout="", stderr="", formatted_output="")


def truncate_middle(text: str, budget_bytes: int) -> str:
    """Return ``text``, or when its UTF-8 is longer than the budget its two ends with a note of what is missing."""
    data = text.encode("utf-8", "surrogatepass")
    if len(data) <= budget_bytes:
        return text
    head = data[: budget_bytes // 2].decode("utf-8", "ignore")
    tail = data[len(data) - (budget_bytes - budget_bytes // 2) :].decode("utf-8", "ignore")
    return f"{head}…{len(text) - len(head) - len(tail)} chars truncated…{tail}"


def user_message_event(content: Iterable[UserInput]) -> UserMessageEvent:
    """Return the stored form of user input: texts joined, images by URL and by path; other inputs are not kept."""
    texts: list[str] = []
    elements: list[TextElement] = []
    images: list[str] = []
    local_images: list[str] = []
    length = 0
    for part in content:
        match part:
            case TextInput():
                texts.append(part.text)
                data = part.text.encode("utf-8", "surrogatepass")
                elements.extend(_shifted(element, data, length) for element in part.text_elements)
                length += len(data)
            case ImageInput():
                images.append(part.image_url)
            case LocalImageInput():
                local_images.append(part.path)
            case _:
                pass
    return UserMessageEvent(
        message="".join(texts),
        images=tuple(images),
        local_images=tuple(local_images),
        text_elements=tuple(elements),
    )


def _shifted(element: TextElement, data: bytes, by_bytes: int) -> TextElement:
    """Move an element to its place in the joined text; without a placeholder it shows the text it covers."""
    start, end = element.byte_range.start, element.byte_range.end
    placeholder = element.placeholder
    if placeholder is None:
        placeholder = data[start:end].decode("utf-8", "ignore") or None
    return TextElement(byte_range=ByteRange(start=start + by_bytes, end=end + by_bytes), placeholder=placeholder)


def _stored_item(event: ItemCompletedEvent, mode: PersistenceMode, show_raw_reasoning: bool) -> Iterable[EventMsg]:
    match event.item:
        case UserMessageTurnItem(content=content):
            yield user_message_event(content)
        case AgentMessageTurnItem(content=parts):
            yield from (AgentMessageEvent(message=part.text) for part in parts)
        case ReasoningTurnItem(summary_text=summaries, raw_content=raw):
            yield from (AgentReasoningEvent(text=text) for text in summaries)
            if show_raw_reasoning:
                yield from (AgentReasoningRawContentEvent(text=text) for text in raw)
        case PlanTurnItem():
            yield event
        case WebSearchTurnItem(id=call_id, query=query, action=action):
            if mode == "extended":
                yield WebSearchEndEvent(call_id=call_id, query=query, action=action)
        case ContextCompactionTurnItem():
            yield ContextCompactedEvent()
