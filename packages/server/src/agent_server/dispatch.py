"""From a frame to the one reply it gets: decode, handshake, gate, typed decode, call. Only here are replies written."""

import logging
from typing import Final

from agent_protocol import jsonrpc
from agent_protocol.errors import (
    AlreadyInitialized,
    ExperimentalRequired,
    MalformedMessage,
    NotInitialized,
    Overloaded,
    ProtocolError,
    UndecodableRequest,
)
from agent_protocol.experimental import first_experimental_reason
from agent_protocol.framing import OversizedFrame
from agent_protocol.jsonrpc import NotificationMessage, RequestMessage
from agent_protocol.registry import AnyMethod
from agent_protocol.wire import JsonValue
from anyio.abc import TaskGroup

from agent_server.binding import Binding, Bound
from agent_server.connection import Connection, Handshake, LanePlace
from agent_server.context import RequestContext
from agent_server.faults import fault, is_foreseen
from agent_server.questions import Questions

DEFAULT_MAX_UNANSWERED: Final = 128

_log = logging.getLogger(__name__)


class Dispatcher:
    """Takes the frames of all connections and serves each request in a task of ``tasks``."""

    def __init__(
        self,
        binding: Binding,
        questions: Questions,
        tasks: TaskGroup,
        max_unanswered: int = DEFAULT_MAX_UNANSWERED,
    ) -> None:
        self._binding = binding
        self._questions = questions
        self._tasks = tasks
        self._max_unanswered = max_unanswered

    def receive(self, connection: Connection, frame: bytes | OversizedFrame) -> None:
        """Take one frame. What is no message is logged and dropped; answers to questions never wait."""
        if isinstance(frame, OversizedFrame):
            self._receive_oversized(connection, frame)
            return
        try:
            message = jsonrpc.decode_envelope(frame)
        except MalformedMessage as error:
            _log.warning("dropped a frame of connection %d: %s", connection.number, error.detail)
            return
        if isinstance(message, RequestMessage):
            self._admit(connection, message)
        elif isinstance(message, NotificationMessage):
            _log.debug("connection %d notified %s", connection.number, message.method)
        else:
            self._questions.answer(connection, message)

    def _receive_oversized(self, connection: Connection, frame: OversizedFrame) -> None:
        _log.warning(
            "dropped a frame of connection %d: its %d bytes are above the limit", connection.number, frame.size_bytes
        )
        request_id = frame.request_id()
        if request_id is None:
            return
        try:
            message = jsonrpc.decode_envelope(b'{"method":"","id":' + request_id + b"}")
        except MalformedMessage:
            return
        if isinstance(message, RequestMessage):
            error = UndecodableRequest(f"a message of {frame.size_bytes} bytes is above the limit")
            connection.send(jsonrpc.encode_error(message.id, error.code, error.message))

    def _admit(self, connection: Connection, message: RequestMessage) -> None:
        if connection.unanswered >= self._max_unanswered:
            error = Overloaded()
            connection.send(jsonrpc.encode_error(message.id, error.code, error.message))
            return
        connection.admit()
        self._tasks.start_soon(self._serve, connection, message, connection.lane.join())

    async def _serve(self, connection: Connection, message: RequestMessage, place: LanePlace) -> None:
        context: RequestContext[JsonValue] = RequestContext(
            connection,
            message.id,
            place,
            lambda result: jsonrpc.encode_response(message.id, result),
        )
        try:
            await place.wait()
            await self._call(context, message)
        except Exception as error:
            self._fail(context, message, error)
        finally:
            place.release()

    async def _call(self, context: RequestContext[JsonValue], message: RequestMessage) -> None:
        bound = self._find(message.method)
        params = jsonrpc.decode_params(bound.method, message.params)
        _require_handshake(context.connection, bound.method)
        _require_gate(context.connection, bound.method, params)
        call = await self._binding.call(bound)
        if not bound.method.ordered:
            context.release()
        context.reply(await call(context, params))

    def _find(self, name: str) -> Bound:
        bound = self._binding.find(name)
        if bound is None:
            raise UndecodableRequest(f"unknown method `{name}`")
        return bound

    def _fail(self, context: RequestContext[JsonValue], message: RequestMessage, error: Exception) -> None:
        if not is_foreseen(error):
            _log.error("%s failed", message.method, exc_info=error)
        if context.is_replied:
            return
        told = fault(error, message.method)
        context.connection.answer(_encode_fault(message, told))


def _encode_fault(message: RequestMessage, told: ProtocolError) -> bytes:
    return jsonrpc.encode_error(message.id, told.code, told.message, told.data)


def _require_handshake(connection: Connection, method: AnyMethod) -> None:
    done = connection.handshake is Handshake.DONE
    if method.name == "initialize":
        if done:
            raise AlreadyInitialized
    elif not done:
        raise NotInitialized


def _require_gate(connection: Connection, method: AnyMethod, params: JsonValue) -> None:
    if connection.capabilities.experimental:
        return
    reason = first_experimental_reason(method, params)
    if reason is not None:
        raise ExperimentalRequired(reason)
