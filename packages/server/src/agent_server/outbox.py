"""What one connection still has to be told: sized in bytes, filled without waiting, emptied by one writer."""

from collections import deque
from typing import Final

import anyio
import msgspec
from msgspec import Struct

from agent_server.message import Outgoing, joined

DEFAULT_BUDGET_BYTES: Final = 16 * 1024 * 1024


class OutboxStatistics(Struct, frozen=True):
    """How full an outbox is and what passed through it."""

    queued_messages: int
    queued_bytes: int
    budget_bytes: int
    sent_messages: int
    sent_bytes: int
    merged_messages: int
    """How many deltas were joined to the one before them instead of being queued."""


class _Queued(Struct):
    data: bytes | None
    run: list[Outgoing]
    key: tuple[object, ...] | None
    charge_bytes: int

    def encode(self) -> bytes:
        return joined(self.run) if self.data is None else self.data


class Outbox:
    """Messages wait here in order and none is ever dropped.

    Above half the budget, adjacent deltas of one item are joined. A message offered when the budget is already
    used up is refused: the owner then closes the connection. One message alone never uses up more than half of
    the budget, so that a large reply does not end a connection that is being read.
    """

    def __init__(self, budget_bytes: int = DEFAULT_BUDGET_BYTES) -> None:
        self._budget = budget_bytes
        self._queue: deque[_Queued] = deque()
        self._charged = 0
        self._closed = False
        self._filled = anyio.Event()
        self._sent_messages = 0
        self._sent_bytes = 0
        self._merged = 0

    def offer(self, data: bytes) -> bool:
        """Queue one encoded message; return False when there is no room or the outbox is closed."""
        return self._put(data, None, None, len(data))

    def offer_notification(self, outgoing: Outgoing) -> bool:
        """Queue a notification; return False when there is no room or the outbox is closed."""
        key = outgoing.join_key()
        if key is None:
            return self._put(outgoing.data, None, None, len(outgoing.data))
        if self._charged * 2 > self._budget and self._join(outgoing, key):
            return True
        return self._put(None, outgoing, key, len(outgoing.data))

    async def drain(self) -> list[bytes]:
        """Wait until there is something and return all of it; empty once the outbox is closed and empty."""
        while not self._queue:
            if self._closed:
                return []
            self._filled = anyio.Event()
            await self._filled.wait()
        messages = [entry.encode() for entry in self._queue]
        self._queue.clear()
        self._charged = 0
        self._sent_messages += len(messages)
        self._sent_bytes += sum(map(len, messages))
        return messages

    def close(self, *, discard: bool = False) -> None:
        """Take no more; what is queued can still be drained unless ``discard`` is set."""
        self._closed = True
        if discard:
            self._queue.clear()
            self._charged = 0
        self._filled.set()

    def statistics(self) -> OutboxStatistics:
        """Return the counts as of now."""
        return OutboxStatistics(
            queued_messages=len(self._queue),
            queued_bytes=self._charged,
            budget_bytes=self._budget,
            sent_messages=self._sent_messages,
            sent_bytes=self._sent_bytes,
            merged_messages=self._merged,
        )

    def _put(
        self, data: bytes | None, outgoing: Outgoing | None, key: tuple[object, ...] | None, size_bytes: int
    ) -> bool:
        if not self._has_room():
            return False
        charge = min(size_bytes, self._budget // 2)
        self._queue.append(_Queued(data, [] if outgoing is None else [outgoing], key, charge))
        self._charged += charge
        self._filled.set()
        return True

    def _join(self, outgoing: Outgoing, key: tuple[object, ...]) -> bool:
        last = self._queue[-1] if self._queue else None
        if last is None or last.key != key or not self._has_room():
            return False
        last.run.append(outgoing)
        added = len(msgspec.json.encode(outgoing.delta)) - 2
        last.charge_bytes += added
        self._charged += added
        self._merged += 1
        return True

    def _has_room(self) -> bool:
        return not self._closed and self._charged <= self._budget
