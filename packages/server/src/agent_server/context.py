"""What a handler knows of the request it serves."""

from collections.abc import Callable
from typing import Generic, TypeVar

import anyio.to_thread
from agent_protocol.ids import RequestId

from agent_server.connection import Connection, LanePlace

R = TypeVar("R")


class RequestContext(Generic[R]):
    """One request. A handler returns its result, or says it earlier with ``reply``; either way it is sent once."""

    def __init__(
        self, connection: Connection, request_id: RequestId, place: LanePlace, encode: Callable[[R], bytes]
    ) -> None:
        self.connection = connection
        self.id = request_id
        self._place = place
        self._encode = encode
        self._replied = False
        self._after_reply: list[Callable[[], None]] = []

    @property
    def is_replied(self) -> bool:
        """Tell whether the reply was sent."""
        return self._replied

    def release(self) -> None:
        """Let the next request of the connection begin although this one is not done."""
        self._place.release()

    def after_reply(self, function: Callable[[], None]) -> None:
        """Call ``function`` right after the reply went into the outbox; not called when the request fails."""
        self._after_reply.append(function)

    def reply(self, result: R) -> None:
        """Send the result now, before what the handler does next; what it returns later is not sent."""
        if not self._replied:
            self._send(self._encode(result))

    async def reply_in_thread(self, encode: Callable[[], bytes]) -> None:
        """Send what ``encode`` returns as ``reply`` does; a worker thread calls it, for replies of any size."""
        data = await anyio.to_thread.run_sync(encode)
        if not self._replied:
            self._send(data)

    def _send(self, data: bytes) -> None:
        self._replied = True
        self.connection.answer(data)
        for function in self._after_reply:
            function()
