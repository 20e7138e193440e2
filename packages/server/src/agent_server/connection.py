"""One peer of the server: how far its handshake is, what it asked for, what it is still owed."""

import logging
from enum import Enum, auto

import anyio
from msgspec import Struct

from agent_server.message import Outgoing
from agent_server.outbox import Outbox, OutboxStatistics

_log = logging.getLogger(__name__)


class Handshake(Enum):
    """How far a connection has come."""

    AWAITED = auto()
    """Only ``initialize`` is answered; broadcasts are not sent."""
    DONE = auto()


class Capabilities(Struct, frozen=True):
    """What a client said about itself in ``initialize``."""

    experimental: bool = False
    opt_outs: frozenset[str] = frozenset()
    """Exact names of notifications it does not want."""


class ConnectionStatistics(Struct, frozen=True):
    """What a connection is owed and what it was sent."""

    number: int
    unanswered_requests: int
    outbox: OutboxStatistics


class Lane:
    """Lets the requests of one connection begin in the order they came."""

    def __init__(self) -> None:
        self._last: anyio.Event | None = None

    def join(self) -> "LanePlace":
        """Return the place behind the request that joined before."""
        place = LanePlace(self._last)
        self._last = place.released
        return place


class LanePlace:
    """One request's place; the next one begins when it is released."""

    def __init__(self, before: anyio.Event | None) -> None:
        self._before = before
        self.released = anyio.Event()

    async def wait(self) -> None:
        """Return when the request before has been released."""
        if self._before is not None:
            await self._before.wait()
            self._before = None

    def release(self) -> None:
        """Let the next request begin; harmless when called again."""
        self.released.set()


class Connection:
    """One peer. Sending never waits: what does not fit closes this connection and no other."""

    def __init__(self, number: int, outbox: Outbox) -> None:
        self.number = number
        self.outbox = outbox
        self.handshake = Handshake.AWAITED
        self.capabilities = Capabilities()
        self.lane = Lane()
        self.closed = anyio.Event()
        self.close_reason: str | None = None
        self.overflowed = False
        self._unanswered = 0
        self._all_answered = anyio.Event()
        self._all_answered.set()

    @property
    def unanswered(self) -> int:
        """How many requests were admitted and not yet answered."""
        return self._unanswered

    def admit(self) -> None:
        """Count one more request to be answered."""
        self._unanswered += 1
        if self._all_answered.is_set():
            self._all_answered = anyio.Event()

    def answer(self, data: bytes) -> None:
        """Send the answer of an admitted request."""
        self._unanswered -= 1
        if not self._unanswered:
            self._all_answered.set()
        self.send(data)

    async def wait_answered(self) -> None:
        """Return when no admitted request is unanswered."""
        await self._all_answered.wait()

    def send(self, data: bytes) -> None:
        """Send one encoded message."""
        if not self.outbox.offer(data):
            self._overflow()

    def notify(self, outgoing: Outgoing) -> None:
        """Send a notification unless the client opted out of it."""
        if outgoing.method in self.capabilities.opt_outs:
            return
        if not self.outbox.offer_notification(outgoing):
            self._overflow()

    def close(self, reason: str) -> None:
        """End the connection; the first reason stands."""
        if self.close_reason is None:
            self.close_reason = reason
            self.closed.set()

    def statistics(self) -> ConnectionStatistics:
        """Return the counts as of now."""
        return ConnectionStatistics(self.number, self._unanswered, self.outbox.statistics())

    def _overflow(self) -> None:
        if self.close_reason is not None:
            return
        statistics = self.outbox.statistics()
        reason = (
            f"the client reads too slowly: {statistics.queued_messages} messages of {statistics.queued_bytes} bytes "
            f"wait for it, more than {statistics.budget_bytes} are not kept"
        )
        _log.warning("closing connection %d: %s", self.number, reason)
        self.overflowed = True
        self.outbox.close(discard=True)
        self.close(reason)
