"""Every event of a thread: what the core emits live, and what stands in rollout files.

A struct is named after its wire type: ``task_started`` is :class:`TaskStartedEvent`.
"""

from functools import cache
from typing import TypeAlias, get_args

from agent_protocol.rollout.event_base import Duration, Event, event_type
from agent_protocol.rollout.event_exec import (
    AddFile,
    ApplyPatchApprovalRequestEvent,
    CommandSource,
    DeleteFile,
    EndStatus,
    ExecApprovalRequestEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    FileChange,
    ListFilesCommand,
    NetworkApprovalContext,
    ParsedCommand,
    PatchApplyBeginEvent,
    PatchApplyEndEvent,
    ReadCommand,
    SearchCommand,
    TerminalInteractionEvent,
    UnknownCommand,
    UpdateFile,
)
from agent_protocol.rollout.event_item import (
    AgentMessageContentDeltaEvent,
    AgentMessageDeltaEvent,
    AgentMessageEvent,
    AgentReasoningDeltaEvent,
    AgentReasoningEvent,
    AgentReasoningRawContentDeltaEvent,
    AgentReasoningRawContentEvent,
    AgentReasoningSectionBreakEvent,
    ItemCompletedEvent,
    ItemStartedEvent,
    PlanDeltaEvent,
    RawResponseItemEvent,
    ReasoningContentDeltaEvent,
    ReasoningRawContentDeltaEvent,
    UserMessageEvent,
)
from agent_protocol.rollout.event_listing import (
    CustomPrompt,
    GetHistoryEntryResponseEvent,
    HistoryEntry,
    ListCustomPromptsResponseEvent,
    ListedError,
    ListRemoteSkillsResponseEvent,
    ListSkillsResponseEvent,
    RemoteSkill,
    RemoteSkillDownloadedEvent,
    SkillsEntry,
    SkillsUpdateAvailableEvent,
)
from agent_protocol.rollout.event_review import (
    BaseBranchTarget,
    CodeLocation,
    CommitTarget,
    CustomTarget,
    EnteredReviewModeEvent,
    ExitedReviewModeEvent,
    LineRange,
    ReviewFinding,
    ReviewOutput,
    ReviewTarget,
    UncommittedChangesTarget,
)
from agent_protocol.rollout.event_tool import (
    AgentStatus,
    AgentStatusDetail,
    AgentStatusKind,
    CollabAgentInteractionBeginEvent,
    CollabAgentInteractionEndEvent,
    CollabAgentSpawnBeginEvent,
    CollabAgentSpawnEndEvent,
    CollabCloseBeginEvent,
    CollabCloseEndEvent,
    CollabResumeBeginEvent,
    CollabResumeEndEvent,
    CollabWaitingBeginEvent,
    CollabWaitingEndEvent,
    DynamicToolCallRequestEvent,
    ElicitationRequestEvent,
    McpCallOutcome,
    McpCallResult,
    McpInvocation,
    McpListToolsResponseEvent,
    McpStartupCompleteEvent,
    McpStartupFailure,
    McpStartupStatus,
    McpStartupUpdateEvent,
    McpToolCallBeginEvent,
    McpToolCallEndEvent,
    Question,
    QuestionOption,
    RequestUserInputEvent,
    ViewImageToolCallEvent,
    WebSearchBeginEvent,
    WebSearchEndEvent,
)
from agent_protocol.rollout.event_turn import (
    BackgroundEventEvent,
    ContextCompactedEvent,
    DeprecationNoticeEvent,
    ErrorEvent,
    ModelRerouteEvent,
    NetworkProxyAddress,
    PlanStep,
    PlanStepStatus,
    PlanUpdateEvent,
    SessionConfiguredEvent,
    ShutdownCompleteEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    ThreadNameUpdatedEvent,
    ThreadRolledBackEvent,
    TokenCountEvent,
    TurnAbortedEvent,
    TurnAbortReason,
    TurnDiffEvent,
    UndoCompletedEvent,
    UndoStartedEvent,
    WarningEvent,
)
from agent_protocol.wire import Record

__all__ = [
    "AddFile",
    "AgentMessageContentDeltaEvent",
    "AgentMessageDeltaEvent",
    "AgentMessageEvent",
    "AgentReasoningDeltaEvent",
    "AgentReasoningEvent",
    "AgentReasoningRawContentDeltaEvent",
    "AgentReasoningRawContentEvent",
    "AgentReasoningSectionBreakEvent",
    "AgentStatus",
    "AgentStatusDetail",
    "AgentStatusKind",
    "ApplyPatchApprovalRequestEvent",
    "BackgroundEventEvent",
    "BaseBranchTarget",
    "CodeLocation",
    "CollabAgentInteractionBeginEvent",
    "CollabAgentInteractionEndEvent",
    "CollabAgentSpawnBeginEvent",
    "CollabAgentSpawnEndEvent",
    "CollabCloseBeginEvent",
    "CollabCloseEndEvent",
    "CollabResumeBeginEvent",
    "CollabResumeEndEvent",
    "CollabWaitingBeginEvent",
    "CollabWaitingEndEvent",
    "CommandSource",
    "CommitTarget",
    "ContextCompactedEvent",
    "CustomPrompt",
    "CustomTarget",
    "DeleteFile",
    "DeprecationNoticeEvent",
    "Duration",
    "DynamicToolCallRequestEvent",
    "ElicitationRequestEvent",
    "EndStatus",
    "EnteredReviewModeEvent",
    "ErrorEvent",
    "Event",
    "EventMsg",
    "ExecApprovalRequestEvent",
    "ExecCommandBeginEvent",
    "ExecCommandEndEvent",
    "ExecCommandOutputDeltaEvent",
    "ExitedReviewModeEvent",
    "FileChange",
    "GetHistoryEntryResponseEvent",
    "HistoryEntry",
    "ItemCompletedEvent",
    "ItemStartedEvent",
    "KnownEvent",
    "LineRange",
    "ListCustomPromptsResponseEvent",
    "ListFilesCommand",
    "ListRemoteSkillsResponseEvent",
    "ListSkillsResponseEvent",
    "ListedError",
    "McpCallOutcome",
    "McpCallResult",
    "McpInvocation",
    "McpListToolsResponseEvent",
    "McpStartupCompleteEvent",
    "McpStartupFailure",
    "McpStartupStatus",
    "McpStartupUpdateEvent",
    "McpToolCallBeginEvent",
    "McpToolCallEndEvent",
    "ModelRerouteEvent",
    "NetworkApprovalContext",
    "NetworkProxyAddress",
    "ParsedCommand",
    "PatchApplyBeginEvent",
    "PatchApplyEndEvent",
    "PlanDeltaEvent",
    "PlanStep",
    "PlanStepStatus",
    "PlanUpdateEvent",
    "Question",
    "QuestionOption",
    "RawResponseItemEvent",
    "ReadCommand",
    "ReasoningContentDeltaEvent",
    "ReasoningRawContentDeltaEvent",
    "RemoteSkill",
    "RemoteSkillDownloadedEvent",
    "RequestUserInputEvent",
    "ReviewFinding",
    "ReviewOutput",
    "ReviewTarget",
    "SearchCommand",
    "SessionConfiguredEvent",
    "ShutdownCompleteEvent",
    "SkillsEntry",
    "SkillsUpdateAvailableEvent",
    "StreamErrorEvent",
    "TaskCompleteEvent",
    "TaskStartedEvent",
    "TerminalInteractionEvent",
    "ThreadNameUpdatedEvent",
    "ThreadRolledBackEvent",
    "TokenCountEvent",
    "TurnAbortReason",
    "TurnAbortedEvent",
    "TurnDiffEvent",
    "UncommittedChangesTarget",
    "UndoCompletedEvent",
    "UndoStartedEvent",
    "UnknownCommand",
    "UnknownEvent",
    "UpdateFile",
    "UserMessageEvent",
    "ViewImageToolCallEvent",
    "WarningEvent",
    "WebSearchBeginEvent",
    "WebSearchEndEvent",
    "event_type",
    "event_types",
]


class UnknownEvent(Record, frozen=True, kw_only=True, tag_field="type", tag=""):
    """An event of an unknown kind or shape: ``kind`` is its type, ``raw`` its JSON text, kept as it was."""

    kind: str
    raw: bytes


KnownEvent: TypeAlias = (
    SessionConfiguredEvent
    | TaskStartedEvent
    | TaskCompleteEvent
    | TurnAbortedEvent
    | ErrorEvent
    | WarningEvent
    | StreamErrorEvent
    | BackgroundEventEvent
    | DeprecationNoticeEvent
    | ModelRerouteEvent
    | TokenCountEvent
    | TurnDiffEvent
    | PlanUpdateEvent
    | ContextCompactedEvent
    | UndoStartedEvent
    | UndoCompletedEvent
    | ThreadRolledBackEvent
    | ThreadNameUpdatedEvent
    | ShutdownCompleteEvent
    | UserMessageEvent
    | AgentMessageEvent
    | AgentMessageDeltaEvent
    | AgentMessageContentDeltaEvent
    | PlanDeltaEvent
    | AgentReasoningEvent
    | AgentReasoningRawContentEvent
    | AgentReasoningDeltaEvent
    | AgentReasoningRawContentDeltaEvent
    | AgentReasoningSectionBreakEvent
    | ReasoningContentDeltaEvent
    | ReasoningRawContentDeltaEvent
    | ItemStartedEvent
    | ItemCompletedEvent
    | RawResponseItemEvent
    | ExecCommandBeginEvent
    | ExecCommandOutputDeltaEvent
    | TerminalInteractionEvent
    | ExecCommandEndEvent
    | ExecApprovalRequestEvent
    | ApplyPatchApprovalRequestEvent
    | PatchApplyBeginEvent
    | PatchApplyEndEvent
    | WebSearchBeginEvent
    | WebSearchEndEvent
    | ViewImageToolCallEvent
    | McpToolCallBeginEvent
    | McpToolCallEndEvent
    | McpStartupUpdateEvent
    | McpStartupCompleteEvent
    | McpListToolsResponseEvent
    | ElicitationRequestEvent
    | RequestUserInputEvent
    | DynamicToolCallRequestEvent
    | CollabAgentSpawnBeginEvent
    | CollabAgentSpawnEndEvent
    | CollabAgentInteractionBeginEvent
    | CollabAgentInteractionEndEvent
    | CollabWaitingBeginEvent
    | CollabWaitingEndEvent
    | CollabCloseBeginEvent
    | CollabCloseEndEvent
    | CollabResumeBeginEvent
    | CollabResumeEndEvent
    | EnteredReviewModeEvent
    | ExitedReviewModeEvent
    | SkillsUpdateAvailableEvent
    | ListSkillsResponseEvent
    | ListCustomPromptsResponseEvent
    | ListRemoteSkillsResponseEvent
    | RemoteSkillDownloadedEvent
    | GetHistoryEntryResponseEvent
)
EventMsg: TypeAlias = KnownEvent | UnknownEvent


@cache
def event_types() -> dict[str, type[Event]]:
    """Return the known event classes by wire type."""
    return {event_type(known.__name__): known for known in get_args(KnownEvent)}
