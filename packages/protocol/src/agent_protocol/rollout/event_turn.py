"""Events of a session and its turns: start and end, failures, usage, settings, history operations."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.error_info import CodexErrorInfo
from agent_protocol.rollout.event_base import Event
from agent_protocol.rollout.setting import ApprovalPolicy, ModeKind, ReasoningEffort, SandboxPolicy
from agent_protocol.rollout.usage import RateLimitSnapshot, TokenUsageInfo
from agent_protocol.wire import JsonValue, Record

TurnAbortReason: TypeAlias = Literal["interrupted", "replaced", "review_ended"]
PlanStepStatus: TypeAlias = Literal["pending", "in_progress", "completed"]


class NetworkProxyAddress(Record, frozen=True, kw_only=True):
    """Where the proxy of a session listens."""

    http_addr: str
    socks_addr: str
    admin_addr: str


class SessionConfiguredEvent(Event, frozen=True, kw_only=True):
    """A session is ready to take submissions."""

    session_id: str
    forked_from_id: str | UnsetType = UNSET
    thread_name: str | UnsetType = UNSET
    model: str
    model_provider_id: str
    approval_policy: ApprovalPolicy
    sandbox_policy: SandboxPolicy
    cwd: str
    reasoning_effort: ReasoningEffort | UnsetType = UNSET
    history_log_id: int = 0
    history_entry_count: int = 0
    initial_messages: tuple[JsonValue, ...] | UnsetType = UNSET
    network_proxy: NetworkProxyAddress | UnsetType = UNSET
    rollout_path: str | UnsetType = UNSET


class TaskStartedEvent(Event, frozen=True, kw_only=True):
    """A turn began. ``turn_started`` is another name of it in files."""

    turn_id: str
    model_context_window: int | None = None
    collaboration_mode_kind: ModeKind = "default"


class TaskCompleteEvent(Event, frozen=True, kw_only=True):
    """A turn ended, also when it failed. ``turn_complete`` is another name of it in files."""

    turn_id: str
    last_agent_message: str | None = None


class TurnAbortedEvent(Event, frozen=True, kw_only=True):
    """A turn was stopped; old files have no turn id."""

    turn_id: str | None = None
    reason: TurnAbortReason


class ErrorEvent(Event, frozen=True, kw_only=True):
    """A failure that nothing will retry."""

    message: str
    codex_error_info: CodexErrorInfo | None = None


class WarningEvent(Event, frozen=True, kw_only=True):
    """Something the user should know and that stops nothing."""

    message: str


class StreamErrorEvent(Event, frozen=True, kw_only=True):
    """The model stream broke and will be tried again."""

    message: str
    codex_error_info: CodexErrorInfo | None = None
    additional_details: str | None = None


class BackgroundEventEvent(Event, frozen=True, kw_only=True):
    """Progress of work nobody waits for."""

    message: str


class DeprecationNoticeEvent(Event, frozen=True, kw_only=True):
    """A setting in use will go away."""

    summary: str
    details: str | UnsetType = UNSET


class ModelRerouteEvent(Event, frozen=True, kw_only=True):
    """The backend answered with another model than the one asked for."""

    from_model: str
    to_model: str
    reason: Literal["high_risk_cyber_activity"] = "high_risk_cyber_activity"


class TokenCountEvent(Event, frozen=True, kw_only=True):
    """Usage and limits after a model call; ``info`` is ``None`` until usage is known."""

    info: TokenUsageInfo | None = None
    rate_limits: RateLimitSnapshot | None = None


class TurnDiffEvent(Event, frozen=True, kw_only=True):
    """The diff of the whole turn so far."""

    unified_diff: str


class PlanStep(Record, frozen=True, kw_only=True):
    """One step of the to-do list."""

    step: str
    status: PlanStepStatus


class PlanUpdateEvent(Event, frozen=True, kw_only=True):
    """The to-do list changed."""

    explanation: str | None = None
    plan: tuple[PlanStep, ...] = ()


class ContextCompactedEvent(Event, frozen=True, kw_only=True):
    """The history was replaced by a summary."""


class UndoStartedEvent(Event, frozen=True, kw_only=True):
    """Undo is under way."""

    message: str | UnsetType = UNSET


class UndoCompletedEvent(Event, frozen=True, kw_only=True):
    """Undo ended."""

    success: bool
    message: str | UnsetType = UNSET


class ThreadRolledBackEvent(Event, frozen=True, kw_only=True):
    """The last ``num_turns`` user turns left the history."""

    num_turns: int


class ThreadNameUpdatedEvent(Event, frozen=True, kw_only=True):
    """The thread has another name, or none."""

    thread_id: str
    thread_name: str | UnsetType = UNSET


class ShutdownCompleteEvent(Event, frozen=True, kw_only=True):
    """The session has ended."""
