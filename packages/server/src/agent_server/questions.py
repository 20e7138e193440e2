"""Requests of the server to its clients: asked of all subscribers at once, settled by the first answer."""

import logging
from collections.abc import Callable, Iterable
from typing import TypeAlias

from agent_protocol import jsonrpc
from agent_protocol.errors import MalformedMessage
from agent_protocol.ids import RequestId
from agent_protocol.jsonrpc import ErrorMessage, ResponseMessage
from agent_protocol.registry import AnyServerRequest, Notification
from agent_protocol.wire import JsonValue, Wire
from msgspec import Struct, field

from agent_server.connection import Connection
from agent_server.message import Outgoing

_log = logging.getLogger(__name__)


class ServerRequestResolvedNotification(Wire, frozen=True, kw_only=True):
    """A question needs no answer any more: somebody else gave it, or its turn ended."""

    thread_id: str
    request_id: RequestId


SERVER_REQUEST_RESOLVED = Notification("serverRequest/resolved", ServerRequestResolvedNotification)


class Answered(Struct, frozen=True):
    """A client answered; ``result`` is the struct the request declares."""

    result: JsonValue


class Refused(Struct, frozen=True):
    """A client answered with an error."""

    code: int
    message: str


class Unreadable(Struct, frozen=True):
    """A client answered with something the request does not declare."""

    detail: str


Answer: TypeAlias = Answered | Refused | Unreadable


class _Open(Struct):
    request: AnyServerRequest
    thread_id: str
    turn_id: str
    data: bytes
    settle: Callable[[Answer], None]
    asked: set[Connection] = field(default_factory=set)


class Questions:
    """The open questions of the whole process. Ids are integers from 0, shared by all connections."""

    def __init__(self) -> None:
        self._open: dict[RequestId, _Open] = {}
        self._next_id = 0

    def ask(
        self,
        request: AnyServerRequest,
        params: Wire,
        *,
        thread_id: str,
        turn_id: str,
        to: Iterable[Connection],
        settle: Callable[[Answer], None],
    ) -> int:
        """Ask ``to`` and return the question's id; ``settle`` is called at most once, with the first answer.

        With nobody to ask the question stays open for whoever subscribes next.
        """
        request_id = self._next_id
        self._next_id += 1
        question = _Open(request, thread_id, turn_id, jsonrpc.encode_request(request_id, request, params), settle)
        self._open[request_id] = question
        for connection in to:
            self._send(question, connection)
        return request_id

    def offer(self, connection: Connection, thread_id: str) -> None:
        """Ask ``connection`` every open question of the thread that it was not asked before."""
        for question in tuple(self._open.values()):
            if question.thread_id == thread_id:
                self._send(question, connection)

    def answer(self, connection: Connection, message: ResponseMessage | ErrorMessage) -> None:
        """Take an answer, whoever gives it; answers to nothing open are ignored."""
        question = self._open.pop(message.id, None)
        if question is None:
            _log.info("connection %d answered %r, which is not open", connection.number, message.id)
            return
        self._tell_resolved(question, message.id, answered_by=connection)
        question.settle(_read(question.request, message))

    def end_turn(self, thread_id: str, turn_id: str) -> None:
        """Drop the open questions of a turn; answers that come later are ignored."""
        over = [
            (request_id, question)
            for request_id, question in self._open.items()
            if question.thread_id == thread_id and question.turn_id == turn_id
        ]
        for request_id, question in over:
            del self._open[request_id]
            self._tell_resolved(question, request_id, answered_by=None)

    def forget(self, connection: Connection) -> None:
        """Note that ``connection`` is gone; its questions stay open for others."""
        for question in self._open.values():
            question.asked.discard(connection)

    def _send(self, question: _Open, connection: Connection) -> None:
        if connection not in question.asked:
            question.asked.add(connection)
            connection.send(question.data)

    def _tell_resolved(self, question: _Open, request_id: RequestId, answered_by: Connection | None) -> None:
        params = ServerRequestResolvedNotification(thread_id=question.thread_id, request_id=request_id)
        outgoing = Outgoing(SERVER_REQUEST_RESOLVED, params)
        for connection in question.asked:
            if connection is not answered_by:
                connection.notify(outgoing)


def _read(request: AnyServerRequest, message: ResponseMessage | ErrorMessage) -> Answer:
    if isinstance(message, ErrorMessage):
        return Refused(message.error.code, message.error.message)
    try:
        return Answered(jsonrpc.decode_result(request, message.result))
    except MalformedMessage as error:
        _log.warning("the answer to %s cannot be read: %s", request.name, error.detail)
        return Unreadable(error.detail)
