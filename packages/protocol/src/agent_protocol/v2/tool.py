"""Tool calls that the client answers: questions to the user and the client's own tools."""

from collections.abc import Mapping, Sequence
from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Since
from agent_protocol.registry import ServerRequest
from agent_protocol.wire import JsonValue, Wire


class ToolRequestUserInputOption(Wire, frozen=True, kw_only=True):
    """An answer to pick."""

    label: str
    description: str


class ToolRequestUserInputQuestion(Wire, frozen=True, kw_only=True):
    """A question to the user."""

    id: str
    header: str
    question: str
    is_other: bool = False
    is_secret: bool = False
    options: Sequence[ToolRequestUserInputOption] | None = None


class ToolRequestUserInputParams(Wire, frozen=True, kw_only=True):
    """Questions the model wants answered."""

    thread_id: str
    turn_id: str
    item_id: str
    questions: Sequence[ToolRequestUserInputQuestion]
    is_blocking: Annotated[bool | UnsetType, Since("newer")] = UNSET


class ToolRequestUserInputAnswer(Wire, frozen=True, kw_only=True):
    """The answers to one question."""

    answers: Sequence[str]


class ToolRequestUserInputResponse(Wire, frozen=True, kw_only=True):
    """Answers by question id."""

    answers: Mapping[str, ToolRequestUserInputAnswer]


class DynamicToolCallParams(Wire, frozen=True, kw_only=True):
    """A call of a tool the client offered."""

    thread_id: str
    turn_id: str
    call_id: str
    tool: str
    arguments: JsonValue


class InputTextDynamicToolCallOutputContentItem(Wire, frozen=True, kw_only=True, tag="inputText"):
    """Text the tool answered."""

    text: str


class InputImageDynamicToolCallOutputContentItem(Wire, frozen=True, kw_only=True, tag="inputImage"):
    """An image the tool answered."""

    image_url: str


DynamicToolCallOutputContentItem: TypeAlias = (
    InputTextDynamicToolCallOutputContentItem | InputImageDynamicToolCallOutputContentItem
)
"""A part of the tool's answer."""


class DynamicToolCallResponse(Wire, frozen=True, kw_only=True):
    """What the tool answered."""

    content_items: Sequence[DynamicToolCallOutputContentItem]
    success: bool


ITEM_TOOL_REQUEST_USER_INPUT = ServerRequest(
    "item/tool/requestUserInput", ToolRequestUserInputParams, ToolRequestUserInputResponse
)
ITEM_TOOL_CALL = ServerRequest("item/tool/call", DynamicToolCallParams, DynamicToolCallResponse)
