"""A client that sends and sees frames as they are."""

import json
from collections import deque
from collections.abc import Callable
from typing import Final

import anyio
from agent_protocol.client.direct import Attachable, direct_pair
from agent_protocol.client.transport import Transport
from agent_protocol.ids import RequestId
from agent_protocol.wire import JsonValue

_WAIT_SECONDS: Final = 10.0


class RawPeer:
    """The client's end of a connection, without any help: JSON in, JSON out. Every wait ends after 10 seconds."""

    def __init__(self, transport: Transport) -> None:
        self.transport = transport
        self._received: deque[JsonValue] = deque()

    @classmethod
    def attached(cls, server: Attachable, pipe_bytes: int = 1 << 20) -> "RawPeer":
        """Return a peer connected to ``server`` inside this process; ``pipe_bytes`` wait unread in each direction."""
        near, far = direct_pair(pipe_bytes)
        server.attach(far)
        return cls(near)

    async def send(self, *messages: JsonValue) -> None:
        """Send messages; bytes go out as they are."""
        await self.transport.send([each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages])

    async def request(self, request_id: RequestId, method: str, params: JsonValue = None) -> JsonValue:
        """Send a request and return its reply, dropping what comes before it."""
        await self.send({"id": request_id, "method": method, "params": {} if params is None else params})
        return await self.until(lambda message: "method" not in message and message.get("id") == request_id)

    async def initialize(self, name: str = "peer", **capabilities: JsonValue) -> JsonValue:
        """Introduce the peer with id 0 and return the reply."""
        params = {"clientInfo": {"name": name, "version": "1"}, "capabilities": capabilities}
        return await self.request(0, "initialize", params)

    async def next(self) -> JsonValue:
        """Return the next message."""
        with anyio.fail_after(_WAIT_SECONDS):
            while not self._received:
                for frame in await self.transport.receive():
                    assert isinstance(frame, bytes)
                    self._received.append(json.loads(frame))
        return self._received.popleft()

    async def take(self, count: int) -> list[JsonValue]:
        """Return the next ``count`` messages."""
        return [await self.next() for _ in range(count)]

    async def until(self, wanted: Callable[[JsonValue], bool]) -> JsonValue:
        """Return the next message that is wanted, dropping the others."""
        while not wanted(message := await self.next()):
            pass
        return message

    async def until_method(self, method: str) -> JsonValue:
        """Return the next message called ``method``, dropping the others."""
        return await self.until(lambda message: message.get("method") == method)

    async def aclose(self) -> None:
        """End the connection."""
        await self.transport.aclose()
