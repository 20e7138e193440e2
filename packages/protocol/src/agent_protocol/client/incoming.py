"""A question of the server, to be answered now or later."""

from collections.abc import Callable
from typing import Generic, TypeVar

from agent_protocol import jsonrpc
from agent_protocol.errors import ErrorCode
from agent_protocol.ids import RequestId
from agent_protocol.registry import ServerRequest

P = TypeVar("P")
R = TypeVar("R")


class AlreadyAnswered(Exception):
    """The question was answered before; ``method`` names it."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(f"the {method} request was answered before")


class IncomingRequest(Generic[P, R]):
    """One question and the means to answer it once. Reading of the connection goes on meanwhile."""

    def __init__(
        self, request: ServerRequest[P, R], request_id: RequestId, params: P, send: Callable[[bytes], None]
    ) -> None:
        self.request = request
        self.id = request_id
        self.params = params
        self._send = send
        self._answered = False

    @property
    def is_answered(self) -> bool:
        """Tell whether ``respond`` or ``fail`` was called."""
        return self._answered

    def respond(self, result: R) -> None:
        """Answer. Raises ``AlreadyAnswered``, or ``ConnectionLost`` when the connection is gone."""
        self._answer(jsonrpc.encode_response(self.id, result))

    def fail(self, message: str, code: int = ErrorCode.INVALID_REQUEST) -> None:
        """Answer with an error. Raises as ``respond`` does."""
        self._answer(jsonrpc.encode_error(self.id, code, message))

    def _answer(self, frame: bytes) -> None:
        if self._answered:
            raise AlreadyAnswered(self.request.name)
        self._answered = True
        self._send(frame)
