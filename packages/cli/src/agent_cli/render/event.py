"""The JSON lines of `agent exec --json`: one event a line, told apart by ``type``."""

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

import msgspec
from agent_protocol.wire import JsonValue


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """A struct written with its members in the order given and nulls included."""


class AgentMessage(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["agent_message"] = "agent_message"
    text: str


class Reasoning(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["reasoning"] = "reasoning"
    text: str


class CommandExecution(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["command_execution"] = "command_execution"
    command: str
    aggregated_output: str
    exit_code: int | None
    status: Literal["in_progress", "completed", "failed", "declined"]


class FileChange(Shape, frozen=True, kw_only=True):
    path: str
    kind: Literal["add", "delete", "update"]


class FileChanges(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["file_change"] = "file_change"
    changes: Sequence[FileChange]
    status: Literal["in_progress", "completed", "failed"]


class ToolResult(Shape, frozen=True, kw_only=True):
    content: Sequence[JsonValue]
    structured_content: JsonValue


class Failure(Shape, frozen=True, kw_only=True):
    message: str


class McpToolCall(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["mcp_tool_call"] = "mcp_tool_call"
    server: str
    tool: str
    arguments: JsonValue
    result: ToolResult | None
    error: Failure | None
    status: Literal["in_progress", "completed", "failed"]


class CollabAgent(Shape, frozen=True, kw_only=True):
    status: str
    message: str | None


class CollabToolCall(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["collab_tool_call"] = "collab_tool_call"
    tool: str
    sender_thread_id: str
    receiver_thread_ids: Sequence[str]
    prompt: str | None
    agents_states: Mapping[str, CollabAgent]
    status: Literal["in_progress", "completed", "failed"]


class SearchAction(Shape, frozen=True, kw_only=True, omit_defaults=True):
    """What a web search did; members that say nothing are left out."""

    type: Literal["search", "open_page", "find_in_page", "other"]
    query: str | None = None
    queries: Sequence[str] | None = None
    url: str | None = None
    pattern: str | None = None


class WebSearch(Shape, frozen=True, kw_only=True):
    """A web search; its id is the call's own, not a counted one."""

    id: str
    type: Literal["web_search"] = "web_search"
    query: str
    action: SearchAction | None


class Todo(Shape, frozen=True, kw_only=True):
    text: str
    completed: bool


class TodoList(Shape, frozen=True, kw_only=True):
    id: str
    type: Literal["todo_list"] = "todo_list"
    items: Sequence[Todo]


class Notice(Shape, frozen=True, kw_only=True):
    """A warning: something worth knowing that did not stop the run."""

    id: str
    type: Literal["error"] = "error"
    message: str


Item: TypeAlias = (
    AgentMessage
    | Reasoning
    | CommandExecution
    | FileChanges
    | McpToolCall
    | CollabToolCall
    | WebSearch
    | TodoList
    | Notice
)


class Usage(Shape, frozen=True, kw_only=True):
    """Tokens of the whole thread, earlier runs included."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0


class ThreadStarted(Shape, frozen=True, kw_only=True):
    type: Literal["thread.started"] = "thread.started"
    thread_id: str


class TurnStarted(Shape, frozen=True, kw_only=True):
    type: Literal["turn.started"] = "turn.started"


class TurnCompleted(Shape, frozen=True, kw_only=True):
    type: Literal["turn.completed"] = "turn.completed"
    usage: Usage


class TurnFailed(Shape, frozen=True, kw_only=True):
    type: Literal["turn.failed"] = "turn.failed"
    error: Failure


class ItemStarted(Shape, frozen=True, kw_only=True):
    type: Literal["item.started"] = "item.started"
    item: Item


class ItemUpdated(Shape, frozen=True, kw_only=True):
    type: Literal["item.updated"] = "item.updated"
    item: Item


class ItemCompleted(Shape, frozen=True, kw_only=True):
    type: Literal["item.completed"] = "item.completed"
    item: Item


class StreamError(Shape, frozen=True, kw_only=True):
    type: Literal["error"] = "error"
    message: str


Event: TypeAlias = (
    ThreadStarted | TurnStarted | TurnCompleted | TurnFailed | ItemStarted | ItemUpdated | ItemCompleted | StreamError
)


def encode(event: Event) -> bytes:
    """Return ``event`` as one line of JSON, line feed included."""
    return msgspec.json.encode(event) + b"\n"
