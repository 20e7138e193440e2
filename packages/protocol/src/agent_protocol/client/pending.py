"""Calls that wait for their answers."""

import anyio
from msgspec import Raw

from agent_protocol.errors import ConnectionLost, RemoteError
from agent_protocol.ids import RequestId
from agent_protocol.jsonrpc import ErrorMessage, ResponseMessage


class Call:
    """One request that was sent."""

    def __init__(self, request_id: int) -> None:
        self.id = request_id
        self._done = anyio.Event()
        self._outcome: Raw | RemoteError | ConnectionLost | None = None

    async def result(self) -> Raw:
        """Wait for the answer. Raises ``RemoteError`` for an error answer, ``ConnectionLost`` when none will come."""
        await self._done.wait()
        assert self._outcome is not None
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def settle(self, outcome: Raw | RemoteError | ConnectionLost) -> None:
        """Give the outcome."""
        self._outcome = outcome
        self._done.set()


class PendingCalls:
    """All calls of one connection, by id."""

    def __init__(self) -> None:
        self._calls: dict[RequestId, Call] = {}
        self._next_id = 0

    def __len__(self) -> int:
        return len(self._calls)

    def open(self) -> Call:
        """Return a new call with an id of its own."""
        call = Call(self._next_id)
        self._next_id += 1
        self._calls[call.id] = call
        return call

    def forget(self, call: Call) -> None:
        """Stop expecting an answer; one that comes later is ignored."""
        self._calls.pop(call.id, None)

    def answer(self, message: ResponseMessage | ErrorMessage) -> bool:
        """Settle the call ``message`` answers; return False when there is none."""
        call = self._calls.pop(message.id, None)
        if call is None:
            return False
        if isinstance(message, ResponseMessage):
            call.settle(message.result)
        else:
            call.settle(RemoteError(message.error.code, message.error.message, message.error.data))
        return True

    def end(self, failure: ConnectionLost) -> None:
        """Settle every call with ``failure``."""
        calls, self._calls = self._calls, {}
        for call in calls.values():
            call.settle(ConnectionLost(failure.reason))
