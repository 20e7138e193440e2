"""The items of a turn, and the notifications of their start, growth and end."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Since
from agent_protocol.registry import Notification
from agent_protocol.v2.common import Int32, Int64
from agent_protocol.v2.user_input import UserInput
from agent_protocol.wire import JsonValue, Record, Wire


class UserMessageThreadItem(Wire, frozen=True, kw_only=True, tag="userMessage"):
    """What the user said."""

    id: str
    content: Sequence[UserInput]


class AgentMessageThreadItem(Wire, frozen=True, kw_only=True, tag="agentMessage"):
    """What the model said."""

    id: str
    text: str


class PlanThreadItem(Wire, frozen=True, kw_only=True, tag="plan"):
    """A proposed plan."""

    id: str
    text: str


class ReasoningThreadItem(Wire, frozen=True, kw_only=True, tag="reasoning"):
    """What the model thought: its summary parts, and the raw text where there is any."""

    id: str
    summary: Sequence[str] = []
    content: Sequence[str] = []


class CommandExecutionStatus(StrEnum):
    """How a command stands."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"


class ReadCommandAction(Wire, frozen=True, kw_only=True, tag="read"):
    """The command reads a file."""

    command: str
    name: str
    path: str


class ListFilesCommandAction(Wire, frozen=True, kw_only=True, tag="listFiles"):
    """The command lists files."""

    command: str
    path: str | None = None


class SearchCommandAction(Wire, frozen=True, kw_only=True, tag="search"):
    """The command searches."""

    command: str
    query: str | None = None
    path: str | None = None


class UnknownCommandAction(Wire, frozen=True, kw_only=True, tag="unknown"):
    """The command does something else."""

    command: str


CommandAction: TypeAlias = ReadCommandAction | ListFilesCommandAction | SearchCommandAction | UnknownCommandAction
"""What a part of a command line does, as far as it is understood."""


class CommandExecutionThreadItem(Wire, frozen=True, kw_only=True, tag="commandExecution"):
    """A command: the line, where it ran, what it wrote and how it ended."""

    id: str
    command: str
    cwd: str
    process_id: str | None = None
    status: CommandExecutionStatus
    command_actions: Sequence[CommandAction]
    aggregated_output: str | None = None
    exit_code: Int32 | None = None
    duration_ms: Int64 | None = None


class AddPatchChangeKind(Wire, frozen=True, kw_only=True, tag="add"):
    """The file is new."""


class DeletePatchChangeKind(Wire, frozen=True, kw_only=True, tag="delete"):
    """The file is gone."""


class UpdatePatchChangeKind(Record, frozen=True, kw_only=True, tag="update"):
    """The file changed, and moved where ``move_path`` is set."""

    move_path: str | None = None


PatchChangeKind: TypeAlias = AddPatchChangeKind | DeletePatchChangeKind | UpdatePatchChangeKind
"""What a patch does to one file."""


class FileUpdateChange(Wire, frozen=True, kw_only=True):
    """One changed file."""

    path: str
    kind: PatchChangeKind
    diff: str


class PatchApplyStatus(StrEnum):
    """How a patch stands."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"
    DECLINED = "declined"


class FileChangeThreadItem(Wire, frozen=True, kw_only=True, tag="fileChange"):
    """A patch, sorted by path."""

    id: str
    changes: Sequence[FileUpdateChange]
    status: PatchApplyStatus


class McpToolCallStatus(StrEnum):
    """How a tool call stands."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"


class McpToolCallResult(Wire, frozen=True, kw_only=True):
    """What an MCP tool answered."""

    content: Sequence[JsonValue]
    structured_content: JsonValue | None = None


class McpToolCallError(Wire, frozen=True, kw_only=True):
    """Why an MCP tool gave no answer."""

    message: str


class McpToolCallThreadItem(Wire, frozen=True, kw_only=True, tag="mcpToolCall"):
    """A call of an MCP tool."""

    id: str
    server: str
    tool: str
    status: McpToolCallStatus
    arguments: JsonValue
    result: McpToolCallResult | None = None
    error: McpToolCallError | None = None
    duration_ms: Int64 | None = None


class CollabAgentTool(StrEnum):
    """What one agent asks of another."""

    SPAWN_AGENT = "spawnAgent"
    SEND_INPUT = "sendInput"
    RESUME_AGENT = "resumeAgent"
    WAIT = "wait"
    CLOSE_AGENT = "closeAgent"


class CollabAgentToolCallStatus(StrEnum):
    """How such a call stands."""

    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"
    FAILED = "failed"


class CollabAgentStatus(StrEnum):
    """How another agent stands."""

    PENDING_INIT = "pendingInit"
    RUNNING = "running"
    COMPLETED = "completed"
    ERRORED = "errored"
    SHUTDOWN = "shutdown"
    NOT_FOUND = "notFound"


class CollabAgentState(Wire, frozen=True, kw_only=True):
    """Another agent's status and last word."""

    status: CollabAgentStatus
    message: str | None = None


class CollabAgentToolCallThreadItem(Wire, frozen=True, kw_only=True, tag="collabAgentToolCall"):
    """A call between agents."""

    id: str
    tool: CollabAgentTool
    status: CollabAgentToolCallStatus
    sender_thread_id: str
    receiver_thread_ids: Sequence[str]
    prompt: str | None = None
    agents_states: Mapping[str, CollabAgentState]


class SearchWebSearchAction(Wire, frozen=True, kw_only=True, tag="search"):
    """A search with one or more queries."""

    query: str | None = None
    queries: Sequence[str] | None = None


class OpenPageWebSearchAction(Wire, frozen=True, kw_only=True, tag="openPage"):
    """A page was opened."""

    url: str | None = None


class FindInPageWebSearchAction(Wire, frozen=True, kw_only=True, tag="findInPage"):
    """A page was searched."""

    url: str | None = None
    pattern: str | None = None


class OtherWebSearchAction(Wire, frozen=True, kw_only=True, tag="other"):
    """Something else, or not known yet."""


WebSearchAction: TypeAlias = (
    SearchWebSearchAction | OpenPageWebSearchAction | FindInPageWebSearchAction | OtherWebSearchAction
)
"""What a web search did."""


class WebSearchThreadItem(Wire, frozen=True, kw_only=True, tag="webSearch"):
    """A web search."""

    id: str
    query: str
    action: WebSearchAction | None = None


class ImageViewThreadItem(Wire, frozen=True, kw_only=True, tag="imageView"):
    """An image the model looked at."""

    id: str
    path: str


class EnteredReviewModeThreadItem(Wire, frozen=True, kw_only=True, tag="enteredReviewMode"):
    """A review began; ``review`` says of what."""

    id: str
    review: str


class ExitedReviewModeThreadItem(Wire, frozen=True, kw_only=True, tag="exitedReviewMode"):
    """A review ended; ``review`` is its result."""

    id: str
    review: str


class ContextCompactionThreadItem(Wire, frozen=True, kw_only=True, tag="contextCompaction"):
    """The history was compacted."""

    id: str


ThreadItem: TypeAlias = (
    UserMessageThreadItem
    | AgentMessageThreadItem
    | PlanThreadItem
    | ReasoningThreadItem
    | CommandExecutionThreadItem
    | FileChangeThreadItem
    | McpToolCallThreadItem
    | CollabAgentToolCallThreadItem
    | WebSearchThreadItem
    | ImageViewThreadItem
    | EnteredReviewModeThreadItem
    | ExitedReviewModeThreadItem
    | ContextCompactionThreadItem
)
"""One thing that happened in a turn."""


class ItemStartedNotification(Wire, frozen=True, kw_only=True):
    """An item began."""

    item: ThreadItem
    thread_id: str
    turn_id: str
    started_at_ms: Annotated[Int64 | UnsetType, Since("newer")] = UNSET


class ItemCompletedNotification(Wire, frozen=True, kw_only=True):
    """An item is done; this is its final form."""

    item: ThreadItem
    thread_id: str
    turn_id: str
    completed_at_ms: Annotated[Int64 | UnsetType, Since("newer")] = UNSET


class AgentMessageDeltaNotification(Wire, frozen=True, kw_only=True):
    """More text of an agent message."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class PlanDeltaNotification(Wire, frozen=True, kw_only=True):
    """More text of a plan."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class CommandExecutionOutputDeltaNotification(Wire, frozen=True, kw_only=True):
    """More output of a command, both streams together."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class TerminalInteractionNotification(Wire, frozen=True, kw_only=True):
    """Text was written to a running command."""

    thread_id: str
    turn_id: str
    item_id: str
    process_id: str
    stdin: str


class FileChangeOutputDeltaNotification(Wire, frozen=True, kw_only=True):
    """More output of applying a patch."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str


class McpToolCallProgressNotification(Wire, frozen=True, kw_only=True):
    """An MCP tool reports progress."""

    thread_id: str
    turn_id: str
    item_id: str
    message: str


class ReasoningSummaryTextDeltaNotification(Wire, frozen=True, kw_only=True):
    """More text of one part of a reasoning summary."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    summary_index: Int64


class ReasoningSummaryPartAddedNotification(Wire, frozen=True, kw_only=True):
    """A new part of a reasoning summary begins."""

    thread_id: str
    turn_id: str
    item_id: str
    summary_index: Int64


class ReasoningTextDeltaNotification(Wire, frozen=True, kw_only=True):
    """More raw reasoning text."""

    thread_id: str
    turn_id: str
    item_id: str
    delta: str
    content_index: Int64


ITEM_STARTED = Notification("item/started", ItemStartedNotification)
ITEM_COMPLETED = Notification("item/completed", ItemCompletedNotification)
ITEM_AGENT_MESSAGE_DELTA = Notification("item/agentMessage/delta", AgentMessageDeltaNotification)
ITEM_PLAN_DELTA = Notification("item/plan/delta", PlanDeltaNotification)
ITEM_COMMAND_EXECUTION_OUTPUT_DELTA = Notification(
    "item/commandExecution/outputDelta", CommandExecutionOutputDeltaNotification
)
ITEM_COMMAND_EXECUTION_TERMINAL_INTERACTION = Notification(
    "item/commandExecution/terminalInteraction", TerminalInteractionNotification
)
ITEM_FILE_CHANGE_OUTPUT_DELTA = Notification("item/fileChange/outputDelta", FileChangeOutputDeltaNotification)
ITEM_MCP_TOOL_CALL_PROGRESS = Notification("item/mcpToolCall/progress", McpToolCallProgressNotification)
ITEM_REASONING_SUMMARY_TEXT_DELTA = Notification(
    "item/reasoning/summaryTextDelta", ReasoningSummaryTextDeltaNotification
)
ITEM_REASONING_SUMMARY_PART_ADDED = Notification(
    "item/reasoning/summaryPartAdded", ReasoningSummaryPartAddedNotification
)
ITEM_REASONING_TEXT_DELTA = Notification("item/reasoning/textDelta", ReasoningTextDeltaNotification)
