"""Errors of the protocol: what a peer is told, what a peer told us, and what ended the conversation."""

from enum import IntEnum

from msgspec import UNSET, UnsetType

from agent_protocol.wire import JsonValue


class ErrorCode(IntEnum):
    """The error codes a server answers with."""

    INVALID_REQUEST = -32600
    INTERNAL_ERROR = -32603
    OVERLOADED = -32001


class ProtocolError(Exception):
    """A request that fails: ``code``, ``message`` and ``data`` go to the peer as they are.

    ``data`` is ``UNSET`` where the error carries none.
    """

    def __init__(self, code: int, message: str, data: JsonValue | UnsetType = UNSET) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(message)


class InvalidRequest(ProtocolError):
    """The peer asked for something that cannot be done as asked."""

    def __init__(self, message: str, data: JsonValue | UnsetType = UNSET) -> None:
        super().__init__(ErrorCode.INVALID_REQUEST, message, data)


class UndecodableRequest(InvalidRequest):
    """The request names no known method or its params have the wrong shape; ``detail`` says which."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(f"Invalid request: {detail}")


class NotInitialized(InvalidRequest):
    """The connection has not been through ``initialize``."""

    def __init__(self) -> None:
        super().__init__("Not initialized")


class AlreadyInitialized(InvalidRequest):
    """The connection has been through ``initialize`` before."""

    def __init__(self) -> None:
        super().__init__("Already initialized")


class ExperimentalRequired(InvalidRequest):
    """The request uses something the client did not opt in to; ``reason`` names it."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{reason} requires experimentalApi capability")


class InternalError(ProtocolError):
    """The server failed at something it should have been able to do."""

    def __init__(self, message: str, data: JsonValue | UnsetType = UNSET) -> None:
        super().__init__(ErrorCode.INTERNAL_ERROR, message, data)


class Overloaded(ProtocolError):
    """Too many requests are under way on this connection; the peer may try again later."""

    def __init__(self) -> None:
        super().__init__(ErrorCode.OVERLOADED, "Server overloaded; retry later.")


class RemoteError(Exception):
    """The peer answered with an error. ``data`` is ``UNSET`` where it sent none."""

    def __init__(self, code: int, message: str, data: JsonValue | UnsetType = UNSET) -> None:
        self.code = code
        self.message = message
        self.data = data
        super().__init__(f"{message} ({code})")


class ConnectionLost(Exception):
    """The connection ended while something still depended on it; ``reason`` says how."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"connection lost: {reason}")


class MalformedMessage(Exception):
    """Bytes that are no message of the protocol, or not of the declared shape; ``detail`` says why."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__(f"malformed message: {detail}")
