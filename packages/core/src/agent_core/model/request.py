"""A model request: what it holds, and its JSON body."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec
from agent_protocol.rollout.response_item import GhostSnapshotItem, ResponseItem, UnknownItem, encode_response_item
from agent_protocol.rollout.setting import ReasoningEffort, ReasoningSummary
from agent_protocol.wire import JsonValue

_SCHEMA_NAME = "codex_output_schema"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reasoning:
    """How hard to think and what to tell of it; ``None`` leaves it to the server."""

    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    """``"none"`` is the same as not asking."""


@dataclass(slots=True)
class TurnState:
    """The routing token of one turn: the server hands it out once, every later request of the turn carries it."""

    token: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class ModelRequest:
    """One request to the model. ``input`` is the whole conversation, already fit to be sent."""

    thread_id: str
    """Also the key of the server's prompt cache."""
    turn_id: str
    model: str
    instructions: str
    input: Sequence[ResponseItem]
    tools: Sequence[JsonValue] = ()
    parallel_tool_calls: bool = False
    reasoning: Reasoning | None = None
    """``None`` for models that do not reason."""
    verbosity: str | None = None
    output_schema: JsonValue = None
    """JSON schema the final answer must follow."""
    turn_metadata: str | None = None
    """Value of the turn metadata header; see :func:`agent_core.context.metadata.turn_metadata`."""
    subagent: str | None = None
    """Which kind of sub-agent asks, if one does."""
    turn_state: TurnState = field(default_factory=TurnState)
    """Share one between the requests of a turn."""


def request_body(request: ModelRequest, *, azure: bool = False) -> dict[str, JsonValue]:
    """Return the members of the request body in the order they are sent; input items are raw JSON.

    ``azure`` endpoints store the answer and want the ids of earlier items back.
    """
    body: dict[str, JsonValue] = {
        "model": request.model,
        "instructions": request.instructions,
        "input": [msgspec.Raw(encode_response_item(item, with_id=azure)) for item in request.input if _is_sent(item)],
        "tools": list(request.tools),
        "tool_choice": "auto",
        "parallel_tool_calls": request.parallel_tool_calls,
        "reasoning": _reasoning(request.reasoning),
        "store": azure,
        "stream": True,
        "include": [] if request.reasoning is None else ["reasoning.encrypted_content"],
        "prompt_cache_key": request.thread_id,
    }
    if text := _text(request):
        body["text"] = text
    return body


def encode_body(request: ModelRequest, *, azure: bool = False) -> bytes:
    """Return the JSON text of :func:`request_body`."""
    return msgspec.json.encode(request_body(request, azure=azure))


def _is_sent(item: ResponseItem) -> bool:
    return not isinstance(item, GhostSnapshotItem | UnknownItem)


def _reasoning(reasoning: Reasoning | None) -> dict[str, JsonValue] | None:
    if reasoning is None:
        return None
    members: dict[str, JsonValue] = {}
    if reasoning.effort is not None:
        members["effort"] = reasoning.effort
    if reasoning.summary not in (None, "none"):
        members["summary"] = reasoning.summary
    return members


def _text(request: ModelRequest) -> dict[str, JsonValue]:
    members: dict[str, JsonValue] = {}
    if request.verbosity is not None:
        members["verbosity"] = request.verbosity
    if request.output_schema is not None:
        members["format"] = {
            "type": "json_schema",
            "strict": True,
            "schema": request.output_schema,
            "name": _SCHEMA_NAME,
        }
    return members
