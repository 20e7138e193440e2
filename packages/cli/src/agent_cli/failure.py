"""Errors on their way to a person."""

from agent_protocol.errors import RemoteError


def sentence(error: BaseException) -> str:
    """Return what to say of ``error``; of a group, what to say of its first error."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error.message if isinstance(error, RemoteError) else str(error)
