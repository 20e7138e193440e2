"""Turns: starting, steering, interrupting, and what became of them."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Experimental
from agent_protocol.registry import Method, Notification
from agent_protocol.v2.collaboration import CollaborationMode
from agent_protocol.v2.common import (
    AskForApproval,
    Params,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
    Uint16,
    require_one_member,
)
from agent_protocol.v2.item import ThreadItem
from agent_protocol.v2.user_input import UserInput
from agent_protocol.wire import JsonValue, Wire


class TurnStatus(StrEnum):
    """How a turn stands."""

    COMPLETED = "completed"
    INTERRUPTED = "interrupted"
    FAILED = "failed"
    IN_PROGRESS = "inProgress"


class CodexErrorKind(StrEnum):
    """The kinds of failure that carry nothing else."""

    CONTEXT_WINDOW_EXCEEDED = "contextWindowExceeded"
    USAGE_LIMIT_EXCEEDED = "usageLimitExceeded"
    SERVER_OVERLOADED = "serverOverloaded"
    INTERNAL_SERVER_ERROR = "internalServerError"
    UNAUTHORIZED = "unauthorized"
    BAD_REQUEST = "badRequest"
    THREAD_ROLLBACK_FAILED = "threadRollbackFailed"
    SANDBOX_ERROR = "sandboxError"
    OTHER = "other"


class HttpErrorStatus(Wire, frozen=True, kw_only=True):
    """The HTTP status the model provider answered with, null when there was no answer."""

    http_status_code: Uint16 | None = None


class CodexHttpError(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A failure of the connection to the model provider. Exactly one member is set; else ``ValueError``."""

    http_connection_failed: HttpErrorStatus | UnsetType = UNSET
    response_stream_connection_failed: HttpErrorStatus | UnsetType = UNSET
    response_stream_disconnected: HttpErrorStatus | UnsetType = UNSET
    response_too_many_failed_attempts: HttpErrorStatus | UnsetType = UNSET

    def __post_init__(self) -> None:
        require_one_member(self)


CodexErrorInfo: TypeAlias = CodexErrorKind | CodexHttpError
"""Why a turn failed, for programs."""


class TurnError(Wire, frozen=True, kw_only=True):
    """Why a turn failed, for people and for programs."""

    message: str
    codex_error_info: CodexErrorInfo | None = None
    additional_details: str | None = None


class Turn(Wire, frozen=True, kw_only=True):
    """A turn: its items as far as they were asked for, and how it ended."""

    id: str
    items: Sequence[ThreadItem]
    status: TurnStatus
    error: TurnError | None = None


class TurnStartParams(Params, frozen=True, kw_only=True):
    """The input, and settings that hold from this turn on."""

    thread_id: str
    input: Sequence[UserInput]
    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox_policy: SandboxPolicy | None = None
    model: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    personality: Personality | None = None
    output_schema: JsonValue | None = None
    collaboration_mode: Annotated[CollaborationMode | None, Experimental("turn/start.collaborationMode")] = None


class TurnStartResponse(Wire, frozen=True, kw_only=True):
    """The turn that was started."""

    turn: Turn


class TurnSteerParams(Params, frozen=True, kw_only=True):
    """More input for the turn that is running."""

    thread_id: str
    input: Sequence[UserInput]
    expected_turn_id: str


class TurnSteerResponse(Wire, frozen=True, kw_only=True):
    """The turn that took the input."""

    turn_id: str


class TurnInterruptParams(Params, frozen=True, kw_only=True):
    """The turn to end."""

    thread_id: str
    turn_id: str


class TurnInterruptResponse(Wire, frozen=True, kw_only=True):
    """The turn is ended."""


class TurnStartedNotification(Wire, frozen=True, kw_only=True):
    """A turn began."""

    thread_id: str
    turn: Turn


class TurnCompletedNotification(Wire, frozen=True, kw_only=True):
    """A turn ended; ``items`` is empty."""

    thread_id: str
    turn: Turn


class TurnDiffUpdatedNotification(Wire, frozen=True, kw_only=True):
    """All file changes of the turn as one diff."""

    thread_id: str
    turn_id: str
    diff: str


class TurnPlanStepStatus(StrEnum):
    """How a step stands."""

    PENDING = "pending"
    IN_PROGRESS = "inProgress"
    COMPLETED = "completed"


class TurnPlanStep(Wire, frozen=True, kw_only=True):
    """A step of the plan."""

    step: str
    status: TurnPlanStepStatus


class TurnPlanUpdatedNotification(Wire, frozen=True, kw_only=True):
    """The model's plan for the turn changed."""

    thread_id: str
    turn_id: str
    explanation: str | None = None
    plan: Sequence[TurnPlanStep]


TURN_START = Method("turn/start", TurnStartParams, TurnStartResponse)
TURN_STEER = Method("turn/steer", TurnSteerParams, TurnSteerResponse)
TURN_INTERRUPT = Method("turn/interrupt", TurnInterruptParams, TurnInterruptResponse, ordered=False)
TURN_STARTED = Notification("turn/started", TurnStartedNotification)
TURN_COMPLETED = Notification("turn/completed", TurnCompletedNotification)
TURN_DIFF_UPDATED = Notification("turn/diff/updated", TurnDiffUpdatedNotification)
TURN_PLAN_UPDATED = Notification("turn/plan/updated", TurnPlanUpdatedNotification)
