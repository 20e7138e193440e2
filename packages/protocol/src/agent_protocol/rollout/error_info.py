"""The machine-readable class of a failure, as events carry it."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.wire import Record

CodexErrorKind: TypeAlias = Literal[
    "context_window_exceeded",
    "usage_limit_exceeded",
    "server_overloaded",
    "internal_server_error",
    "unauthorized",
    "bad_request",
    "sandbox_error",
    "thread_rollback_failed",
    "other",
]


class HttpFailure(Record, frozen=True, kw_only=True):
    """The status that came back, ``None`` when there was no answer."""

    http_status_code: int | None = None


class CodexErrorDetail(Record, frozen=True, kw_only=True):
    """A failure class that carries an HTTP status: exactly one member is set."""

    http_connection_failed: HttpFailure | UnsetType = UNSET
    response_stream_connection_failed: HttpFailure | UnsetType = UNSET
    response_stream_disconnected: HttpFailure | UnsetType = UNSET
    response_too_many_failed_attempts: HttpFailure | UnsetType = UNSET


CodexErrorInfo: TypeAlias = CodexErrorKind | CodexErrorDetail


def affects_turn_status(info: CodexErrorInfo | None) -> bool:
    """Whether an ``error`` event of this class makes its turn a failed one."""
    return info != "thread_rollback_failed"
