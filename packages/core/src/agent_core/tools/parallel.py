"""A gate that lets parallel tools run together and every other tool run alone, in order of arrival."""

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio


class ParallelGate:
    """A fair read/write lock: ``shared`` holders run together, an ``exclusive`` holder runs alone.

    Whoever comes first is served first, so a stream of shared holders cannot starve an exclusive one.
    """

    def __init__(self) -> None:
        self._shared = 0
        self._exclusive = False
        self._waiting: deque[tuple[bool, anyio.Event]] = deque()

    @asynccontextmanager
    async def hold(self, *, shared: bool) -> AsyncIterator[None]:
        """Hold the gate for the length of the block."""
        if self._waiting or not self._free_for(shared):
            entry = (shared, anyio.Event())
            self._waiting.append(entry)
            try:
                await entry[1].wait()
            except BaseException:
                if entry in self._waiting:
                    self._waiting.remove(entry)
                else:
                    self._release(shared)
                self._wake()
                raise
        else:
            self._take(shared)
        try:
            yield
        finally:
            self._release(shared)
            self._wake()

    def _free_for(self, shared: bool) -> bool:
        return not self._exclusive and (shared or self._shared == 0)

    def _take(self, shared: bool) -> None:
        if shared:
            self._shared += 1
        else:
            self._exclusive = True

    def _release(self, shared: bool) -> None:
        if shared:
            self._shared -= 1
        else:
            self._exclusive = False

    def _wake(self) -> None:
        while self._waiting and self._free_for(self._waiting[0][0]):
            shared, event = self._waiting.popleft()
            self._take(shared)
            event.set()
