"""The typed client: calls with their results, notifications as iterators, questions answered now or later."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self, TypeVar, cast, overload

import anyio
from anyio.abc import TaskGroup

from agent_protocol import jsonrpc
from agent_protocol.client.inbox import AnyIncomingRequest, Inbox, RawNotification
from agent_protocol.client.incoming import IncomingRequest
from agent_protocol.client.outgoing import SendQueue
from agent_protocol.client.pending import PendingCalls
from agent_protocol.client.subscription import BufferStatistics, Subscription
from agent_protocol.client.transport import Transport
from agent_protocol.errors import ConnectionLost, MalformedMessage
from agent_protocol.framing import OversizedFrame
from agent_protocol.jsonrpc import NotificationMessage, RequestMessage
from agent_protocol.registry import Method, Notification, ServerRequest
from agent_protocol.v2.initialize import (
    INITIALIZE,
    INITIALIZED,
    ClientInfo,
    InitializeCapabilities,
    InitializeParams,
    InitializeResponse,
)
from agent_protocol.wire import JsonValue

P = TypeVar("P")
Q = TypeVar("Q")
S = TypeVar("S")
R = TypeVar("R")

DEFAULT_MAX_BUFFERED_BYTES: Final = 64 * 1024 * 1024
DEFAULT_MAX_UNSENT_BYTES: Final = 8 * 1024 * 1024
_FLUSH_SECONDS: Final = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ClientStatistics:
    """What a client is waiting for and what passed through it."""

    pending_calls: int
    unsent_bytes: int
    received_messages: int
    ignored_messages: int
    """Malformed messages, answers to no call, and frames above the size limit."""
    subscriptions: Sequence[BufferStatistics]


class AgentClient:
    """One connection to an agent server, usable inside ``async with``.

    The reader never waits for a caller: what nobody reads in time fills that caller's own buffer and nothing
    else. When the connection ends, every pending call and every iterator raises ``ConnectionLost``.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        max_buffered_bytes: int = DEFAULT_MAX_BUFFERED_BYTES,
        max_unsent_bytes: int = DEFAULT_MAX_UNSENT_BYTES,
    ) -> None:
        self._transport = transport
        self._outgoing = SendQueue(max_unsent_bytes)
        self._pending = PendingCalls()
        self._inbox = Inbox(max_buffered_bytes=max_buffered_bytes, send=self._outgoing.put_now, start=self._start)
        self._tasks: TaskGroup | None = None
        self._written = anyio.Event()
        self._lost: ConnectionLost | None = None
        self._received = 0
        self._ignored = 0

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._tasks.start_soon(self._read)
        self._tasks.start_soon(self._write)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tasks is not None
        closed = ConnectionLost("the client was closed")
        with anyio.move_on_after(_FLUSH_SECONDS, shield=True):
            self._outgoing.end(closed)
            await self._written.wait()
        self._end(closed, orderly=True)
        try:
            with anyio.CancelScope(shield=True):
                await self._transport.aclose()
        finally:
            self._tasks.cancel_scope.cancel()
            # The body's own error is not passed on, so that it leaves the block as it is and not in a group.
            await self._tasks.__aexit__(None, None, None)

    async def initialize(
        self,
        name: str,
        version: str,
        *,
        title: str | None = None,
        experimental: bool = False,
        opt_out: Sequence[str] = (),
    ) -> InitializeResponse:
        """Introduce this client; needed once before other requests.

        ``opt_out`` lists exact names of notifications not to be sent. Raises as ``request`` does.
        """
        capabilities = InitializeCapabilities(
            experimental_api=experimental, opt_out_notification_methods=list(opt_out) or None
        )
        info = ClientInfo(name=name, title=title, version=version)
        response = await self.request(INITIALIZE, InitializeParams(client_info=info, capabilities=capabilities))
        await self.notify(INITIALIZED)
        return response

    @overload
    async def request(self, method: Method[None, R]) -> R: ...
    @overload
    async def request(self, method: Method[P, R], params: P) -> R: ...
    async def request(self, method: Method[P, R], params: P | None = None) -> R:
        """Call ``method`` and return its result.

        Raises ``RemoteError`` when the server refuses, ``ConnectionLost`` when no answer will come and
        ``MalformedMessage`` when the answer is not what the method declares. A cancelled call is forgotten
        here; the server still carries it out.
        """
        call = self._pending.open()
        try:
            await self._outgoing.put(jsonrpc.encode_request(call.id, method, cast("P", params)))
            return jsonrpc.decode_result(method, await call.result())
        finally:
            self._pending.forget(call)

    @overload
    async def notify(self, notification: Notification[None]) -> None: ...
    @overload
    async def notify(self, notification: Notification[P], params: P) -> None: ...
    async def notify(self, notification: Notification[P], params: P | None = None) -> None:
        """Send a notification. Raises ``ConnectionLost``."""
        await self._outgoing.put(jsonrpc.encode_notification(notification, cast("P", params)))

    @overload
    def subscribe(self, first: Notification[P], /) -> Subscription[P]: ...
    @overload
    def subscribe(self, first: Notification[P], second: Notification[Q], /) -> Subscription[P | Q]: ...
    @overload
    def subscribe(
        self, first: Notification[P], second: Notification[Q], third: Notification[S], /
    ) -> Subscription[P | Q | S]: ...
    @overload
    def subscribe(self, *notifications: Notification[JsonValue]) -> Subscription[JsonValue]: ...
    def subscribe(self, *notifications: Notification[JsonValue]) -> Subscription[JsonValue]:
        """Return an iterator over the params of these notifications, in the order they arrive from now on.

        Iterating raises ``MalformedMessage`` for params that are not what the notification declares.
        """
        return self._inbox.subscribe(notifications)

    def notifications(self) -> Subscription[RawNotification]:
        """Return an iterator over every notification, known or not, in the order they arrive from now on."""
        return self._inbox.subscribe_raw()

    @overload
    def questions(self) -> Subscription[AnyIncomingRequest]: ...
    @overload
    def questions(self, request: ServerRequest[P, R], /) -> Subscription[IncomingRequest[P, R]]: ...
    def questions(self, *requests: ServerRequest[JsonValue, JsonValue]) -> Subscription[AnyIncomingRequest]:
        """Return an iterator over questions of the server that have no handler, to be answered at any time.

        A question goes to the oldest iterator that wants it. One that finds neither handler nor iterator is
        refused at once.
        """
        return self._inbox.questions(each.name for each in requests)

    def answer(self, request: ServerRequest[P, R], handler: Callable[[P], Awaitable[R]]) -> None:
        """Answer every question of this kind with what ``handler`` returns; each call runs in its own task.

        A handler that raises makes the answer an error.
        """
        self._inbox.answer_with(request.name, handler)

    def statistics(self) -> ClientStatistics:
        """Return the counts as of now."""
        return ClientStatistics(
            pending_calls=len(self._pending),
            unsent_bytes=self._outgoing.size_bytes,
            received_messages=self._received,
            ignored_messages=self._ignored,
            subscriptions=self._inbox.statistics(),
        )

    def _start(self, work: Callable[[], Coroutine[object, object, None]]) -> None:
        assert self._tasks is not None
        self._tasks.start_soon(work)

    async def _write(self) -> None:
        try:
            while frames := await self._outgoing.drain():
                await self._transport.send(frames)
        except ConnectionLost as lost:
            self._end(lost)
        finally:
            self._written.set()

    async def _read(self) -> None:
        try:
            while True:
                for frame in await self._transport.receive():
                    self._received += 1
                    self._take(frame)
        except ConnectionLost as lost:
            self._end(lost)

    def _take(self, frame: bytes | OversizedFrame) -> None:
        if isinstance(frame, OversizedFrame):
            self._ignore(f"a frame of {frame.size_bytes} bytes is above the limit")
            return
        try:
            message = jsonrpc.decode_envelope(frame)
        except MalformedMessage as error:
            self._ignore(error.detail)
            return
        if isinstance(message, RequestMessage):
            self._inbox.ask(message, len(frame))
        elif isinstance(message, NotificationMessage):
            self._inbox.notify(message, len(frame))
        elif not self._pending.answer(message):
            self._ignore(f"an answer to the unknown call {message.id!r}")

    def _ignore(self, what: str) -> None:
        self._ignored += 1
        _log.warning("ignored what the server sent: %s", what)

    def _end(self, lost: ConnectionLost, *, orderly: bool = False) -> None:
        if self._lost is not None:
            return
        self._lost = lost
        self._pending.end(lost)
        self._inbox.end(None if orderly else lost)
        self._outgoing.end(lost)
