"""What a model's answer consists of, one frozen value per event.

The deltas are read straight from the wire; the tags of all of them are how recordings spell them.
"""

from typing import TypeAlias

from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.rollout.usage import RateLimitSnapshot, TokenUsage
from agent_protocol.wire import Record


class Created(Record, frozen=True, kw_only=True, tag_field="type", tag="response.created"):
    """The server has accepted the request and begun an answer."""


class OutputItemAdded(Record, frozen=True, kw_only=True, tag_field="type", tag="response.output_item.added"):
    """The model began ``item``; its text is still to come."""

    item: ResponseItem


class OutputItemDone(Record, frozen=True, kw_only=True, tag_field="type", tag="response.output_item.done"):
    """``item`` is complete: a message, reasoning, or a tool call to run."""

    item: ResponseItem


class OutputTextDelta(Record, frozen=True, kw_only=True, tag_field="type", tag="response.output_text.delta"):
    """More text of the message in progress."""

    delta: str
    item_id: str | None = None


class ReasoningSummaryDelta(
    Record, frozen=True, kw_only=True, tag_field="type", tag="response.reasoning_summary_text.delta"
):
    """More text of one part of the reasoning summary."""

    delta: str
    summary_index: int
    item_id: str | None = None


class ReasoningSummaryPartAdded(
    Record, frozen=True, kw_only=True, tag_field="type", tag="response.reasoning_summary_part.added"
):
    """A further part of the reasoning summary begins."""

    summary_index: int
    item_id: str | None = None


class ReasoningTextDelta(Record, frozen=True, kw_only=True, tag_field="type", tag="response.reasoning_text.delta"):
    """More raw reasoning, from models that show it."""

    delta: str
    content_index: int
    item_id: str | None = None


class RateLimits(Record, frozen=True, kw_only=True, tag_field="type", tag="rate_limits"):
    """One limit bucket as the response headers state it."""

    snapshot: RateLimitSnapshot


class ServerModel(Record, frozen=True, kw_only=True, tag_field="type", tag="server_model"):
    """The model that really answers, when the server names it."""

    model: str


class ModelsEtag(Record, frozen=True, kw_only=True, tag_field="type", tag="models_etag"):
    """The version of the server's model list."""

    etag: str


class ReasoningIncluded(Record, frozen=True, kw_only=True, tag_field="type", tag="reasoning_included"):
    """The server counts earlier reasoning in its usage figures itself."""


class Completed(Record, frozen=True, kw_only=True, tag_field="type", tag="response.completed"):
    """The answer is whole; nothing follows. ``usage`` is ``None`` when the server states none."""

    response_id: str
    usage: TokenUsage | None = None


ModelEvent: TypeAlias = (
    Created
    | OutputItemAdded
    | OutputItemDone
    | OutputTextDelta
    | ReasoningSummaryDelta
    | ReasoningSummaryPartAdded
    | ReasoningTextDelta
    | RateLimits
    | ServerModel
    | ModelsEtag
    | ReasoningIncluded
    | Completed
)
