"""Threads: starting, finding, reading, changing and putting them away."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Experimental, Since
from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import (
    ApprovalsReviewer,
    AskForApproval,
    Int64,
    Params,
    Personality,
    ReasoningEffort,
    SandboxMode,
    SandboxPolicy,
    Uint32,
)
from agent_protocol.v2.response_item import RawResponseItem
from agent_protocol.v2.source import SessionSource
from agent_protocol.v2.turn import Turn
from agent_protocol.wire import JsonValue, Wire


class DynamicToolSpec(Wire, frozen=True, kw_only=True):
    """A tool the client offers to the model and answers itself."""

    name: str
    description: str
    input_schema: JsonValue


class ThreadStartParams(Params, frozen=True, kw_only=True):
    """The settings of a new thread; what is not given comes from the configuration."""

    model: str | None = None
    model_provider: str | None = None
    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox: SandboxMode | None = None
    config: Mapping[str, JsonValue] | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    ephemeral: bool | None = None
    dynamic_tools: Annotated[Sequence[DynamicToolSpec] | None, Experimental("thread/start.dynamicTools")] = None
    mock_experimental_field: Annotated[str | None, Experimental("thread/start.mockExperimentalField")] = None
    experimental_raw_events: Annotated[bool, Experimental("thread/start.experimentalRawEvents")] = False
    persist_extended_history: Annotated[bool, Experimental("thread/start.persistFullHistory")] = False


class GitInfo(Wire, frozen=True, kw_only=True):
    """The repository a thread was started in."""

    sha: str | None = None
    branch: str | None = None
    origin_url: str | None = None


class NotLoadedThreadStatus(Wire, frozen=True, kw_only=True, tag="notLoaded"):
    """The thread is only on disk."""


class IdleThreadStatus(Wire, frozen=True, kw_only=True, tag="idle"):
    """The thread waits for input."""


class SystemErrorThreadStatus(Wire, frozen=True, kw_only=True, tag="systemError"):
    """The thread cannot go on."""


class ThreadActiveFlag(StrEnum):
    """What a running turn waits for."""

    WAITING_ON_APPROVAL = "waitingOnApproval"
    WAITING_ON_USER_INPUT = "waitingOnUserInput"


class ActiveThreadStatus(Wire, frozen=True, kw_only=True, tag="active"):
    """A turn is running."""

    active_flags: Sequence[ThreadActiveFlag]


ThreadStatus: TypeAlias = NotLoadedThreadStatus | IdleThreadStatus | SystemErrorThreadStatus | ActiveThreadStatus
"""What a thread is doing."""


class Thread(Wire, frozen=True, kw_only=True):
    """A thread. ``turns`` is filled only by resume, fork, rollback and read. Times are Unix seconds."""

    id: str
    preview: str
    model_provider: str
    created_at: Int64
    updated_at: Int64
    path: str | None = None
    cwd: str
    cli_version: str
    source: SessionSource
    git_info: GitInfo | None = None
    turns: Sequence[Turn]
    ephemeral: Annotated[bool | UnsetType, Since("newer")] = UNSET
    project_id: Annotated[str | UnsetType | None, Since("newer")] = UNSET
    session_id: Annotated[str | UnsetType, Since("newer")] = UNSET
    status: Annotated[ThreadStatus | UnsetType, Since("newer")] = UNSET


class ThreadStartResponse(Wire, frozen=True, kw_only=True):
    """The new thread and the settings in force."""

    thread: Thread
    model: str
    model_provider: str
    cwd: str
    approval_policy: AskForApproval
    sandbox: SandboxPolicy
    reasoning_effort: ReasoningEffort | None = None
    approvals_reviewer: Annotated[ApprovalsReviewer | UnsetType, Since("newer")] = UNSET


class ThreadResumeParams(Params, frozen=True, kw_only=True):
    """The thread to load, with settings that replace the configured ones."""

    thread_id: str
    history: Annotated[Sequence[RawResponseItem] | None, Experimental("thread/resume.history")] = None
    path: Annotated[str | None, Experimental("thread/resume.path")] = None
    model: str | None = None
    model_provider: str | None = None
    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox: SandboxMode | None = None
    config: Mapping[str, JsonValue] | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    persist_extended_history: Annotated[bool, Experimental("thread/resume.persistFullHistory")] = False


class ThreadResumeResponse(Wire, frozen=True, kw_only=True):
    """The loaded thread with its turns, and the settings in force."""

    thread: Thread
    model: str
    model_provider: str
    cwd: str
    approval_policy: AskForApproval
    sandbox: SandboxPolicy
    reasoning_effort: ReasoningEffort | None = None
    approvals_reviewer: Annotated[ApprovalsReviewer | UnsetType, Since("newer")] = UNSET


class ThreadForkParams(Params, frozen=True, kw_only=True):
    """The thread to copy, with settings that replace the configured ones."""

    thread_id: str
    path: Annotated[str | None, Experimental("thread/fork.path")] = None
    model: str | None = None
    model_provider: str | None = None
    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox: SandboxMode | None = None
    config: Mapping[str, JsonValue] | None = None
    base_instructions: str | None = None
    developer_instructions: str | None = None
    persist_extended_history: Annotated[bool, Experimental("thread/fork.persistFullHistory")] = False


class ThreadForkResponse(Wire, frozen=True, kw_only=True):
    """The copy with its turns, and the settings in force."""

    thread: Thread
    model: str
    model_provider: str
    cwd: str
    approval_policy: AskForApproval
    sandbox: SandboxPolicy
    reasoning_effort: ReasoningEffort | None = None
    approvals_reviewer: Annotated[ApprovalsReviewer | UnsetType, Since("newer")] = UNSET


class ThreadArchiveParams(Params, frozen=True, kw_only=True):
    """The thread to put away."""

    thread_id: str


class ThreadArchiveResponse(Wire, frozen=True, kw_only=True):
    """The thread is put away."""


class ThreadSetNameParams(Params, frozen=True, kw_only=True):
    """The thread and its new name."""

    thread_id: str
    name: str


class ThreadSetNameResponse(Wire, frozen=True, kw_only=True):
    """The name will be stored."""


class ThreadUnarchiveParams(Params, frozen=True, kw_only=True):
    """The thread to bring back."""

    thread_id: str


class ThreadUnarchiveResponse(Wire, frozen=True, kw_only=True):
    """The thread, back among the others but not loaded."""

    thread: Thread


class ThreadCompactStartParams(Params, frozen=True, kw_only=True):
    """The thread whose history to compact."""

    thread_id: str


class ThreadCompactStartResponse(Wire, frozen=True, kw_only=True):
    """The compaction will run as a turn of its own."""


class ThreadBackgroundTerminalsCleanParams(Params, frozen=True, kw_only=True):
    """The thread whose background commands to end."""

    thread_id: str


class ThreadBackgroundTerminalsCleanResponse(Wire, frozen=True, kw_only=True):
    """The commands will be ended."""


class ThreadRollbackParams(Params, frozen=True, kw_only=True):
    """How many turns to take back, at least one."""

    thread_id: str
    num_turns: Uint32


class ThreadRollbackResponse(Wire, frozen=True, kw_only=True):
    """The thread with the turns that remain."""

    thread: Thread


class ThreadSortKey(StrEnum):
    """The time by which threads are sorted, newest first."""

    CREATED_AT = "created_at"
    UPDATED_AT = "updated_at"


class ThreadSourceKind(StrEnum):
    """A filter on where threads come from."""

    CLI = "cli"
    VSCODE = "vscode"
    EXEC = "exec"
    APP_SERVER = "appServer"
    SUB_AGENT = "subAgent"
    SUB_AGENT_REVIEW = "subAgentReview"
    SUB_AGENT_COMPACT = "subAgentCompact"
    SUB_AGENT_THREAD_SPAWN = "subAgentThreadSpawn"
    SUB_AGENT_OTHER = "subAgentOther"
    UNKNOWN = "unknown"


class ThreadListParams(Params, frozen=True, kw_only=True):
    """Which threads, in what order, and which page of them."""

    cursor: str | None = None
    limit: Uint32 | None = None
    sort_key: ThreadSortKey | None = None
    model_providers: Sequence[str] | None = None
    source_kinds: Sequence[ThreadSourceKind] | None = None
    archived: bool | None = None
    cwd: str | None = None


class ThreadListResponse(Wire, frozen=True, kw_only=True):
    """One page of threads, without turns."""

    data: Sequence[Thread]
    next_cursor: str | None = None


class ThreadLoadedListParams(Params, frozen=True, kw_only=True):
    """Which page of the loaded threads."""

    cursor: str | None = None
    limit: Uint32 | None = None


class ThreadLoadedListResponse(Wire, frozen=True, kw_only=True):
    """One page of ids of loaded threads."""

    data: Sequence[str]
    next_cursor: str | None = None


class ThreadReadParams(Params, frozen=True, kw_only=True):
    """The thread to read, with or without its turns."""

    thread_id: str
    include_turns: bool = False


class ThreadReadResponse(Wire, frozen=True, kw_only=True):
    """The thread as it is stored."""

    thread: Thread


class ThreadStartedNotification(Wire, frozen=True, kw_only=True):
    """A thread was started or forked."""

    thread: Thread


class ThreadArchivedNotification(Wire, frozen=True, kw_only=True):
    """A thread was put away."""

    thread_id: str


class ThreadUnarchivedNotification(Wire, frozen=True, kw_only=True):
    """A thread was brought back."""

    thread_id: str


class ThreadNameUpdatedNotification(Wire, frozen=True, kw_only=True):
    """A thread has a new name; left out when it has none."""

    thread_id: str
    thread_name: str | UnsetType | None = UNSET


class TokenUsageBreakdown(Wire, frozen=True, kw_only=True):
    """Tokens by kind."""

    total_tokens: Int64
    input_tokens: Int64
    cached_input_tokens: Int64
    output_tokens: Int64
    reasoning_output_tokens: Int64


class ThreadTokenUsage(Wire, frozen=True, kw_only=True):
    """Tokens of the whole thread and of the last model call."""

    total: TokenUsageBreakdown
    last: TokenUsageBreakdown
    model_context_window: Int64 | None = None


class ThreadTokenUsageUpdatedNotification(Wire, frozen=True, kw_only=True):
    """New token counts."""

    thread_id: str
    turn_id: str
    token_usage: ThreadTokenUsage


class ContextCompactedNotification(Wire, frozen=True, kw_only=True):
    """The history was compacted; the item of that kind says the same."""

    thread_id: str
    turn_id: str


THREAD_START = Method("thread/start", ThreadStartParams, ThreadStartResponse)
THREAD_RESUME = Method("thread/resume", ThreadResumeParams, ThreadResumeResponse)
THREAD_FORK = Method("thread/fork", ThreadForkParams, ThreadForkResponse)
THREAD_ARCHIVE = Method("thread/archive", ThreadArchiveParams, ThreadArchiveResponse)
THREAD_NAME_SET = Method("thread/name/set", ThreadSetNameParams, ThreadSetNameResponse)
THREAD_UNARCHIVE = Method("thread/unarchive", ThreadUnarchiveParams, ThreadUnarchiveResponse)
THREAD_COMPACT_START = Method("thread/compact/start", ThreadCompactStartParams, ThreadCompactStartResponse)
THREAD_BACKGROUND_TERMINALS_CLEAN = Method(
    "thread/backgroundTerminals/clean",
    ThreadBackgroundTerminalsCleanParams,
    ThreadBackgroundTerminalsCleanResponse,
    experimental=True,
)
THREAD_ROLLBACK = Method("thread/rollback", ThreadRollbackParams, ThreadRollbackResponse, ordered=False)
THREAD_LIST = Method("thread/list", ThreadListParams, ThreadListResponse)
THREAD_LOADED_LIST = Method("thread/loaded/list", ThreadLoadedListParams, ThreadLoadedListResponse)
THREAD_READ = Method("thread/read", ThreadReadParams, ThreadReadResponse)
THREAD_STARTED = Notification("thread/started", ThreadStartedNotification)
THREAD_ARCHIVED = Notification("thread/archived", ThreadArchivedNotification)
THREAD_UNARCHIVED = Notification("thread/unarchived", ThreadUnarchivedNotification)
THREAD_NAME_UPDATED = Notification("thread/name/updated", ThreadNameUpdatedNotification)
THREAD_TOKEN_USAGE_UPDATED = Notification("thread/tokenUsage/updated", ThreadTokenUsageUpdatedNotification)
THREAD_COMPACTED = Notification("thread/compacted", ContextCompactedNotification)
