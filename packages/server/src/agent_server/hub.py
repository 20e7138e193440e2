"""Who hears what: broadcasts to every connection, and one channel for each loaded thread."""

from typing import TYPE_CHECKING, TypeVar

from agent_core.seams import Clock
from agent_protocol.registry import Notification
from agent_protocol.wire import Wire

from agent_server.connection import Connection
from agent_server.message import Outgoing
from agent_server.questions import Questions

if TYPE_CHECKING:
    from agent_server.channel import ThreadChannel
    from agent_server.ports import Thread

P = TypeVar("P", bound=Wire)


class Hub:
    """The connections that are through their handshake, and what each listens to."""

    def __init__(self, clock: Clock) -> None:
        self.questions = Questions()
        self._clock = clock
        self._connections: dict[Connection, None] = {}
        self._channels: dict[str, ThreadChannel] = {}

    def join(self, connection: Connection) -> None:
        """Send broadcasts to ``connection`` from now on."""
        self._connections[connection] = None

    def leave(self, connection: Connection) -> None:
        """Send nothing more to ``connection``. Threads go on, and questions stay open for others."""
        self._connections.pop(connection, None)
        for channel in self._channels.values():
            channel.unsubscribe(connection)
        self.questions.forget(connection)

    def broadcast(self, notification: Notification[P], params: P) -> None:
        """Tell every connection that is through its handshake."""
        self._broadcast(Outgoing(notification, params))

    def channel(self, thread: "Thread") -> "ThreadChannel":
        """Return the channel of a loaded thread; one that was loaded again gets a new one."""
        from agent_server.channel import ThreadChannel

        present = self._channels.get(thread.id)
        if present is not None and present.thread is thread:
            return present
        if present is not None:
            present.close()
        channel = ThreadChannel(thread, self.questions, self._broadcast, self._clock)
        self._channels[thread.id] = channel
        return channel

    def drop(self, thread_id: str) -> None:
        """Stop following a thread that was unloaded."""
        channel = self._channels.pop(thread_id, None)
        if channel is not None:
            channel.close()

    def close(self) -> None:
        """Stop following every thread."""
        for channel in self._channels.values():
            channel.close()
        self._channels.clear()

    def _broadcast(self, outgoing: Outgoing) -> None:
        for connection in tuple(self._connections):
            connection.notify(outgoing)
