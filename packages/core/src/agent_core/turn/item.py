"""From what the model sends to the items a user sees."""

from collections.abc import Callable

from agent_protocol.rollout.response_item import (
    MessageItem,
    OpenPageAction,
    OtherAction,
    OutputTextPart,
    ReasoningItem,
    ReasoningTextPart,
    ResponseItem,
    SearchAction,
    WebSearchCallItem,
)
from agent_protocol.rollout.turn_item import (
    AgentMessageText,
    AgentMessageTurnItem,
    ReasoningTurnItem,
    TurnItem,
    WebSearchTurnItem,
)
from msgspec import UNSET, UnsetType


def turn_item(item: ResponseItem, fresh_id: Callable[[], str]) -> TurnItem | None:
    """Return the item a user sees for ``item``, or ``None`` for one that only the model sees.

    ``fresh_id`` names an item that the model left nameless.
    """
    match item:
        case MessageItem(role="assistant"):
            texts = tuple(AgentMessageText(text=part.text) for part in item.content if isinstance(part, OutputTextPart))
            return AgentMessageTurnItem(id=_id(item.id, fresh_id), content=texts, phase=item.phase)
        case ReasoningItem():
            raw = tuple(part.text for part in item.content or () if isinstance(part, ReasoningTextPart))
            summary = tuple(part.text for part in item.summary)
            return ReasoningTurnItem(id=_id(item.id, fresh_id), summary_text=summary, raw_content=raw)
        case WebSearchCallItem():
            action = OtherAction() if item.action is UNSET else item.action
            return WebSearchTurnItem(id=_id(item.id, fresh_id), query=_query(item), action=action)
        case _:
            return None


def announced(item: TurnItem) -> TurnItem:
    """Return ``item`` as it looks when it starts: named, with nothing in it yet."""
    match item:
        case AgentMessageTurnItem():
            return AgentMessageTurnItem(id=item.id, phase=item.phase)
        case ReasoningTurnItem():
            return ReasoningTurnItem(id=item.id)
        case WebSearchTurnItem():
            return WebSearchTurnItem(id=item.id)
        case _:
            return item


def message_text(item: TurnItem) -> str | None:
    """Return the text of an agent message, ``None`` for any other item."""
    if isinstance(item, AgentMessageTurnItem):
        return "".join(part.text for part in item.content)
    return None


def _id(given: str | UnsetType, fresh_id: Callable[[], str]) -> str:
    return given if isinstance(given, str) and given else fresh_id()


def _query(item: WebSearchCallItem) -> str:
    match item.action:
        case SearchAction(query=str(query)):
            return query
        case SearchAction(queries=tuple(queries)) if queries:
            return queries[0]
        case OpenPageAction(url=str(url)):
            return url
        case _:
            return ""
