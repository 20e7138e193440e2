"""The app-server process: one connection on standard input and output, from start to an orderly end."""

import logging
import signal
from typing import TYPE_CHECKING, Final

import anyio

from agent_server.connection import Connection
from agent_server.limits import Limits
from agent_server.server import Server
from agent_server.transports.stdio import StdioTransport, take_stdio

if TYPE_CHECKING:
    from agent_server.ports import Host

EXIT_OK: Final = 0
EXIT_SLOW_CLIENT: Final = 1

_log = logging.getLogger(__name__)


async def serve_stdio(agent: "Host", *, limits: Limits | None = None) -> int:
    """Serve standard input and output until end of input, SIGTERM or SIGINT; return the exit code.

    Either way running turns are interrupted and recorded by closing ``agent``, which takes at most about two
    seconds. The code is 0, or 1 when the client was too slow to be served on. Needs the main thread.
    """
    limits = limits or Limits()
    in_fd, out_fd = take_stdio()
    transport = StdioTransport(in_fd, out_fd, limits.max_frame_bytes)
    async with Server(agent, limits=limits) as server, server.connected(transport) as connection:
        reason = await _served(server, connection, transport)
        _log.info("ending: %s", reason)
        with anyio.CancelScope(shield=True):
            await server.let_answer(connection)
            with anyio.move_on_after(limits.end_seconds):
                await agent.aclose(reason)
    return EXIT_SLOW_CLIENT if connection.overflowed else EXIT_OK


async def _served(server: Server, connection: Connection, transport: StdioTransport) -> str:
    """Serve until the client or a signal ends it; return which."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_close_on_signal, connection)
        reason = await server.read(connection, transport)
        tasks.cancel_scope.cancel()
    return reason


async def _close_on_signal(connection: Connection) -> None:
    with anyio.open_signal_receiver(signal.SIGTERM, signal.SIGINT) as signals:
        async for number in signals:
            connection.close(f"received {number.name}")
