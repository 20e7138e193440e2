"""The server: one agent, any number of connections, each a transport with a reader and a writer."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import TracebackType
from typing import TYPE_CHECKING, Self

import anyio
import anyio.lowlevel
from agent_core.seams import Clock, SystemClock
from agent_protocol.client.transport import Transport
from agent_protocol.errors import ConnectionLost
from anyio.abc import TaskGroup

from agent_server.binding import Binding, Reception
from agent_server.connection import Connection, ConnectionStatistics
from agent_server.dispatch import Dispatcher
from agent_server.handlers.table import DEFERRED, RESOURCES
from agent_server.hub import Hub
from agent_server.limits import Limits
from agent_server.outbox import Outbox

if TYPE_CHECKING:
    from agent_server.ports import Host

_log = logging.getLogger(__name__)


class Server:
    """Serves an agent to connections while inside ``async with``. The agent stays its owner's to close.

    ``host`` is an open agent, or what opens one when it is first needed.
    """

    def __init__(self, host: "Host", *, limits: Limits | None = None, clock: Clock | None = None) -> None:
        self.limits = limits or Limits()
        self._hub = Hub(clock or SystemClock())
        self._binding = Binding(Reception(host, self._hub), RESOURCES, DEFERRED)
        self._connections: dict[Connection, None] = {}
        self._opened = 0
        self._tasks: TaskGroup | None = None
        self._dispatcher: Dispatcher | None = None

    async def __aenter__(self) -> Self:
        self._tasks = await anyio.create_task_group().__aenter__()
        self._dispatcher = Dispatcher(
            self._binding, self._hub.questions, self._tasks, max_unanswered=self.limits.max_unanswered
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._tasks is not None
        self._hub.close()
        self._tasks.cancel_scope.cancel()
        # The body's own error is not passed on, so that it leaves the block as it is and not in a group.
        await self._tasks.__aexit__(None, None, None)

    def attach(self, transport: Transport) -> None:
        """Serve ``transport`` in the server's own tasks until either side closes it."""
        assert self._tasks is not None
        self._tasks.start_soon(self._serve_in_background, transport)

    async def serve(self, transport: Transport) -> str:
        """Serve one connection to its end, close the transport and return why it ended."""
        async with self.connected(transport) as connection:
            reason = await self.read(connection, transport)
            await self.let_answer(connection)
        return reason

    @asynccontextmanager
    async def connected(self, transport: Transport) -> AsyncIterator[Connection]:
        """Yield a connection whose messages are written to ``transport``; at the end the queued ones go out first."""
        connection = Connection(self._opened, Outbox(self.limits.outbox_bytes))
        self._opened += 1
        self._connections[connection] = None
        try:
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(self._write, connection, transport)
                try:
                    yield connection
                finally:
                    self._hub.leave(connection)
                    connection.outbox.close()
                    patience = 0.0 if connection.overflowed else self.limits.drain_seconds
                    tasks.cancel_scope.deadline = anyio.current_time() + patience
        finally:
            self._connections.pop(connection, None)
            connection.close("the connection ended")
            connection.outbox.close(discard=True)
            with anyio.CancelScope(shield=True):
                await transport.aclose()

    async def read(self, connection: Connection, transport: Transport) -> str:
        """Take what the client sends until it ends or the connection is closed; return why."""
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(self._receive, connection, transport)
            await connection.closed.wait()
            tasks.cancel_scope.cancel()
        assert connection.close_reason is not None
        return connection.close_reason

    async def let_answer(self, connection: Connection) -> None:
        """Wait a short while for the requests that were admitted."""
        with anyio.move_on_after(self.limits.answer_seconds):
            await connection.wait_answered()

    def statistics(self) -> list[ConnectionStatistics]:
        """Return the counts of every connection, oldest first."""
        return [connection.statistics() for connection in self._connections]

    async def _receive(self, connection: Connection, transport: Transport) -> None:
        assert self._dispatcher is not None
        try:
            while True:
                for frame in await transport.receive():
                    self._dispatcher.receive(connection, frame)
                    await anyio.lowlevel.checkpoint()
        except ConnectionLost as lost:
            connection.close(lost.reason)

    async def _write(self, connection: Connection, transport: Transport) -> None:
        try:
            while messages := await connection.outbox.drain():
                await transport.send(messages)
        except ConnectionLost as lost:
            connection.outbox.close(discard=True)
            connection.close(lost.reason)

    async def _serve_in_background(self, transport: Transport) -> None:
        try:
            reason = await self.serve(transport)
        except Exception:
            _log.exception("a connection failed")
        else:
            _log.info("a connection ended: %s", reason)


@asynccontextmanager
async def serve(agent: "Host", *, limits: Limits | None = None, clock: Clock | None = None) -> AsyncIterator[Server]:
    """Yield a running server for embedding; connect with ``agent_protocol.client.connect_direct(server)``."""
    async with Server(agent, limits=limits, clock=clock) as server:
        yield server
