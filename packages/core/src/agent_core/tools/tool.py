"""What a tool is: its offer to the model, its call, and what it may touch."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol, TypeVar

import anyio
import msgspec
from agent_protocol.rollout.event import EventMsg
from agent_protocol.rollout.response_item import InputImagePart, InputTextPart, ResponseItem
from agent_protocol.rollout.turn_item import UserInput
from agent_protocol.wire import JsonValue

from agent_core.approvals.broker import ApprovalBroker
from agent_core.errors import ToolFailure, ToolPayloadMismatch
from agent_core.exec.manager import ExecManager
from agent_core.exec.spawn import Spawner
from agent_core.seams import Clock
from agent_core.turn.context import TurnContext
from agent_core.turn.diff import TurnDiffTracker


@dataclass(frozen=True, slots=True)
class FunctionCall:
    """A call in function form; ``arguments`` is the JSON text the model wrote."""

    name: str
    call_id: str
    arguments: str


@dataclass(frozen=True, slots=True)
class CustomCall:
    """A call in freeform; ``input`` is the text the model wrote."""

    name: str
    call_id: str
    input: str


ToolCall = FunctionCall | CustomCall


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """What the model reads as the result: text, or parts where images are among it."""

    content: str | Sequence[InputTextPart | InputImagePart]
    before: Sequence[ResponseItem] = field(default=())
    """Items to be recorded just ahead of the output."""
    pending: Sequence[Sequence[UserInput]] = field(default=())
    """Input the tool gives to the model: taken like a user's message after all outputs of the response."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """All that a tool may touch while it runs; it holds no way up to the thread."""

    turn: TurnContext
    emit: Callable[[EventMsg], None]
    emit_for: Callable[[str, EventMsg], None]
    """Emit under another turn's id: a process may outlive the turn that started it."""
    abort_turn: Callable[[], None]
    """End the turn as interrupted; takes effect at the caller's next await."""
    approvals: ApprovalBroker
    processes: ExecManager
    spawner: Spawner
    diff: TurnDiffTracker
    clock: Clock
    patching: anyio.Lock = field(default_factory=anyio.Lock)
    """Held from a patch's verification to its report: patches in disguise may come side by side."""


class Tool(Protocol):
    """One tool. ``parallel`` tools may run beside each other; any other runs alone."""

    name: str
    parallel: bool

    def spec(self) -> dict[str, JsonValue]:
        """Return the tool's entry in the model request, members in wire order."""
        ...

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        """Do the call.

        Raises:
            ToolFailure: the call cannot be done; its text is the model's output.
        """
        ...


A = TypeVar("A", bound=msgspec.Struct)


def arguments_of(call: ToolCall, type_: type[A]) -> A:
    """Decode a function call's arguments into ``type_``, ignoring members it does not know.

    Raises:
        ToolPayloadMismatch: the call came in freeform.
        ToolFailure: the text is not JSON of that shape.
    """
    if not isinstance(call, FunctionCall):
        raise ToolPayloadMismatch(call.name, "custom")
    try:
        return msgspec.json.decode(call.arguments.encode(), type=type_)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ToolFailure(f"failed to parse function arguments: {error}") from error


def function_spec(
    name: str, description: str, properties: dict[str, JsonValue], required: Sequence[str] = ()
) -> dict[str, JsonValue]:
    """Return a function tool's entry; property keys are sorted, ``required`` is left out when empty."""
    parameters: dict[str, JsonValue] = {"type": "object", "properties": dict(sorted(properties.items()))}
    if required:
        parameters["required"] = list(required)
    parameters["additionalProperties"] = False
    return {"type": "function", "name": name, "description": description, "strict": False, "parameters": parameters}


def string(description: str) -> dict[str, JsonValue]:
    """Return the schema of a text parameter."""
    return {"type": "string", "description": description}


def number(description: str) -> dict[str, JsonValue]:
    """Return the schema of a numeric parameter; the wire form knows no integers."""
    return {"type": "number", "description": description}


def boolean(description: str) -> dict[str, JsonValue]:
    """Return the schema of a true-or-false parameter."""
    return {"type": "boolean", "description": description}
