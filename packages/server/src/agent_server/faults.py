"""The one table from exceptions to what the peer is told."""

from functools import cache

from agent_protocol.errors import ErrorCode, InternalError, InvalidRequest, ProtocolError

_ONLY_INTERNAL = frozenset({"config/read"})
"""Methods whose failures are never the caller's fault."""


def fault(error: Exception, method: str) -> ProtocolError:
    """Return what the peer is told when ``method`` failed with ``error``."""
    if isinstance(error, ProtocolError):
        return error
    code = _code(error)
    if code is None:
        return InternalError(f"{type(error).__name__}: {error}")
    if code == ErrorCode.INVALID_REQUEST and method not in _ONLY_INTERNAL:
        return InvalidRequest(str(error))
    return InternalError(str(error))


def is_foreseen(error: Exception) -> bool:
    """Tell whether the table has a row for ``error``; anything else is a defect worth a traceback."""
    return isinstance(error, ProtocolError) or _code(error) is not None


def _code(error: Exception) -> ErrorCode | None:
    table = _table()
    return next((table[kind] for kind in type(error).__mro__ if kind in table), None)


@cache
def _table() -> dict[type, ErrorCode]:
    from agent_core.config.errors import ConfigError
    from agent_core.errors import AgentError, UsageError
    from agent_core.model.errors import ModelError
    from agent_state import errors as state

    return {
        UsageError: ErrorCode.INVALID_REQUEST,
        ConfigError: ErrorCode.INVALID_REQUEST,
        ModelError: ErrorCode.INVALID_REQUEST,
        AgentError: ErrorCode.INTERNAL_ERROR,
        state.ThreadMissing: ErrorCode.INVALID_REQUEST,
        state.RolloutMissing: ErrorCode.INVALID_REQUEST,
        state.RolloutInvalid: ErrorCode.INVALID_REQUEST,
        state.ThreadLocked: ErrorCode.INVALID_REQUEST,
        state.CursorInvalid: ErrorCode.INVALID_REQUEST,
        state.StateError: ErrorCode.INTERNAL_ERROR,
        OSError: ErrorCode.INTERNAL_ERROR,
    }
