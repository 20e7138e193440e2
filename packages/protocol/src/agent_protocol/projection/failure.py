"""Failures of a turn, from the core's form to the protocol's."""

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.error_info import CodexErrorDetail, CodexErrorInfo, HttpFailure
from agent_protocol.rollout.event import ErrorEvent, StreamErrorEvent
from agent_protocol.v2 import turn as v2


def turn_error(event: ErrorEvent | StreamErrorEvent) -> v2.TurnError:
    """Return the protocol's form of a failure; only one that is retried carries details."""
    return v2.TurnError(
        message=event.message,
        codex_error_info=None if event.codex_error_info is None else error_info(event.codex_error_info),
        additional_details=event.additional_details if isinstance(event, StreamErrorEvent) else None,
    )


def error_info(info: CodexErrorInfo) -> v2.CodexErrorInfo:
    """Return the protocol's spelling of an error class; an object of an unknown kind is ``other``."""
    if isinstance(info, str):
        head, *rest = info.split("_")
        return v2.CodexErrorKind(head + "".join(word.capitalize() for word in rest))
    if sum(getattr(info, name) is not UNSET for name in info.__struct_fields__) != 1:
        return v2.CodexErrorKind.OTHER
    return _http_error(info)


def _http_error(info: CodexErrorDetail) -> v2.CodexHttpError:
    return v2.CodexHttpError(
        http_connection_failed=_status(info.http_connection_failed),
        response_stream_connection_failed=_status(info.response_stream_connection_failed),
        response_stream_disconnected=_status(info.response_stream_disconnected),
        response_too_many_failed_attempts=_status(info.response_too_many_failed_attempts),
    )


def _status(failure: HttpFailure | UnsetType) -> v2.HttpErrorStatus | UnsetType:
    return UNSET if failure is UNSET else v2.HttpErrorStatus(http_status_code=failure.http_status_code)
