"""A model server on the loopback interface that answers from a script, over real HTTP."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from types import TracebackType
from typing import TypeAlias

import anyio
import anyio.abc
import msgspec
from agent_protocol.wire import JsonValue
from anyio.streams.buffered import BufferedByteReceiveStream

from agent_core.model.errors import status_text
from agent_core.testing.answer import WireEvent

Part: TypeAlias = WireEvent | bytes | anyio.Event
"""An event, bytes to be sent as they are, or something to wait for."""

_MAX_HEAD_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Received:
    """A request as it arrived. Header names are in lower case; ``body`` is JSON where it is JSON, else text."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: JsonValue


@dataclass(frozen=True, kw_only=True, slots=True)
class Stream:
    """A stream of events."""

    parts: Sequence[Part]
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """Whether the connection breaks at the end, in place of a proper end of the answer."""
    newline: bytes = b"\n"
    separate: bool = False
    """Whether every event is written on its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refuse:
    """An answer with a status and a body: JSON, or bytes to be sent as they are."""

    status: int
    body: JsonValue = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class HangUp:
    """No answer: the connection is closed."""


Reply: TypeAlias = Stream | Refuse | HangUp | Sequence[Part]
Step: TypeAlias = Reply | Callable[[Received], Reply]


class ScriptedServer:
    """Serves ``script``, one step per request, while its ``async with`` block lasts.

    ``url`` is what to set as a provider's ``base_url``; ``requests`` holds what arrived, and
    ``connections`` counts how many were opened. A request beyond the script is
    answered with status 400. From synchronous code, enter it through ``anyio.from_thread.start_blocking_portal()`` and
    the portal's ``wrap_async_context_manager``.
    """

    def __init__(self, script: Iterable[Step]) -> None:
        self.requests: list[Received] = []
        self.connections = 0
        self.url = ""
        self._script = iter(script)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> "ScriptedServer":
        listener = await anyio.create_tcp_listener(local_host="127.0.0.1", local_port=0)
        self.url = f"http://127.0.0.1:{listener.extra(anyio.abc.SocketAttribute.local_port)}/v1"
        await self._stack.enter_async_context(listener)
        tasks = await self._stack.enter_async_context(anyio.create_task_group())
        self._stack.callback(tasks.cancel_scope.cancel)
        tasks.start_soon(listener.serve, self._converse, tasks)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def _converse(self, stream: anyio.abc.SocketStream) -> None:
        self.connections += 1
        buffered = BufferedByteReceiveStream(stream)
        try:
            async with stream:
                while await _reply(stream, self._next(await _receive(buffered))):
                    pass
        except (anyio.IncompleteRead, anyio.EndOfStream, anyio.BrokenResourceError, anyio.ClosedResourceError):
            return

    def _next(self, received: Received) -> Reply:
        self.requests.append(received)
        step = next(self._script, None)
        if step is None:
            return Refuse(status=400, body={"error": {"message": "the script has no further answer"}})
        return step(received) if callable(step) else step


async def _receive(buffered: BufferedByteReceiveStream) -> Received:
    head = (await buffered.receive_until(b"\r\n\r\n", _MAX_HEAD_BYTES)).decode("latin-1")
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    content = await buffered.receive_exactly(int(headers.get("content-length", "0")))
    try:
        body = msgspec.json.decode(content)
    except msgspec.DecodeError:
        body = content.decode(errors="replace")
    return Received(method=method, target=target, headers=headers, body=body)


async def _reply(stream: anyio.abc.ByteSendStream, reply: Reply) -> bool:
    """Send ``reply``; return whether the connection can be used again."""
    if isinstance(reply, HangUp):
        return False
    if isinstance(reply, Refuse):
        content = reply.body if isinstance(reply.body, bytes) else msgspec.json.encode(reply.body)
        await stream.send(_head(reply.status, {"content-length": str(len(content)), **reply.headers}) + content)
        return True
    answer = reply if isinstance(reply, Stream) else Stream(parts=reply)
    headers = {"content-type": "text/event-stream", **answer.headers, "transfer-encoding": "chunked"}
    await stream.send(_head(200, headers))
    pending = b""
    for part in answer.parts:
        if isinstance(part, anyio.Event) or (answer.separate and pending):
            await stream.send(_chunk(pending))
            pending = b""
        if isinstance(part, anyio.Event):
            await part.wait()
        else:
            pending += part if isinstance(part, bytes) else encode_event(part, answer.newline)
    await stream.send(_chunk(pending) + (b"" if answer.cut else b"0\r\n\r\n"))
    return not answer.cut


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status_text(status)}", *(f"{name}: {value}" for name, value in headers.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content) if content else b""


def encode_event(event: WireEvent, newline: bytes = b"\n") -> bytes:
    """Return the bytes of one server-sent event."""
    return newline.join([b"event: " + str(event["type"]).encode(), b"data: " + msgspec.json.encode(event), b"", b""])
