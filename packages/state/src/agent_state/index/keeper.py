"""Looks after the index of one home: opens it when it is first wanted, fills it, follows the files, gets over faults.

An answer is given from the index only while it is ready: opened, found undamaged, filled, and compared once with the
files by this process. At any other time the files answer.
"""

import logging
import math
import os
import uuid
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from time import monotonic
from typing import ParamSpec, TypeVar

import anyio
import anyio.to_thread

from agent_state.errors import IndexCorrupt, IndexFault, IndexGone, RolloutReadError
from agent_state.index.contract import ThreadIndex
from agent_state.index.location import IndexLocation
from agent_state.index.reconcile import Drift, batches, bring_up, drift, scan
from agent_state.index.row import below_home

_log = logging.getLogger(__name__)
P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take, in seconds, and how much is done at once."""

    settle: float = 1.0
    """From the first use of the store until the index is opened, so that what was begun may go on in peace."""
    compare: float = 60.0
    """Between comparisons of all files, if the index is in use."""
    retry: float = 30.0
    """Before an index that had a fault is opened again."""
    poll: float = 1.0
    """Between looks at whether another process has filled the index."""
    lease: float = 30.0
    """How long the filling stays with a process that shows no sign of life."""
    batch: int = 20
    """Files that are read, and rows that are written, at once."""
    breath: float = 0.05
    """How long the files must have been left alone before work goes on that nobody waits for."""
    courtesy: float = 2.0
    """How long such work stands aside at most."""


AT_EASE = Pace()


class IndexState(StrEnum):
    """How far the index is."""

    CLOSED = "closed"
    OPENING = "opening"
    FILLING = "filling"
    READY = "ready"
    OFF = "off"


@dataclass(frozen=True, slots=True)
class IndexStatistics:
    """What a keeper has seen. ``repairs`` counts rows that were added, changed or gone, by these words."""

    state: IndexState
    fault: IndexFault | RolloutReadError | None
    repairs: Mapping[str, int]


class _Lease:
    """The claim on filling an index, kept by its holder. The methods belong on the index's worker thread."""

    def __init__(self, index: ThreadIndex, owner: str, now: Callable[[], datetime], seconds: float) -> None:
        self._index = index
        self._owner = owner
        self._now = now
        self._seconds = seconds
        self._taken = -math.inf

    def take(self) -> bool:
        self._taken = monotonic()
        return self._index.claim(self._owner, self._now_ms(), int(self._seconds * 1000))

    def keep(self) -> bool:
        return monotonic() - self._taken < self._seconds / 3 or self.take()

    def give_up(self) -> None:
        self._index.claim(self._owner, self._now_ms(), 0)

    def _now_ms(self) -> int:
        return int(self._now().timestamp() * 1000)


class IndexKeeper:
    """Owns the index while it is open. :meth:`run` must be running for it to be opened at all."""

    def __init__(self, home: Path, location: IndexLocation, now: Callable[[], datetime], pace: Pace = AT_EASE) -> None:
        self._home = home
        self._location = location
        self._now = now
        self._pace = pace
        self._owner = f"{os.getpid()}-{uuid.uuid4()}"
        self._worker = anyio.CapacityLimiter(1)
        self._index: ThreadIndex | None = None
        self._state = IndexState.CLOSED
        self._fault: IndexFault | RolloutReadError | None = None
        self._failure: IndexFault | None = None
        self._recovered = -math.inf
        self._guests = 0
        self._left = -math.inf
        self._warned_of: type[IndexFault | RolloutReadError] | None = None
        self._wanted = anyio.Event()
        self._wake = anyio.Event()
        self._closing = anyio.Event()
        self._at_rest = anyio.Event()
        self._ended = anyio.Event()
        self._running = False
        self._dirty: dict[str, None] = {}
        self._compared = -math.inf
        self._compare = False
        self._repairs: Counter[str] = Counter()

    def statistics(self) -> IndexStatistics:
        """Return how the index is."""
        return IndexStatistics(self._state, self._fault, dict(self._repairs))

    def changed(self, path: Path) -> None:
        """Note that the file at ``path`` was written, moved or deleted; its row follows soon."""
        below = below_home(self._home, path)
        if below is not None:
            self.correct([below])

    def correct(self, paths: Iterable[str]) -> None:
        """Note files whose rows must be written again."""
        self._dirty.update(dict.fromkeys(paths))
        if self._dirty:
            self._wanted.set()
            self._stir()

    def used(self) -> None:
        """Note that threads were listed: the index is worth opening, and comparing if that was long ago."""
        self._compare = True
        self._wanted.set()
        self._stir()

    async def ask(self, question: Callable[[ThreadIndex], T]) -> T | None:
        """Return the answer to ``question``, which gets the index on its worker thread; ``None`` if it is not ready."""
        index = self._index
        if self._state is not IndexState.READY or index is None:
            return None
        try:
            return await self._hop(question, index)
        except IndexFault as fault:
            if index is self._index:
                self._state, self._failure = IndexState.OFF, fault
                self._stir()
            return None

    async def settled(self) -> None:
        """Return once nothing is left to be done: the index shows all files, or it has a fault and is waited for."""
        self._wanted.set()
        while not self._at_rest.is_set():
            await self._at_rest.wait()

    @contextmanager
    def standing_aside(self) -> Iterator[None]:
        """While in the block somebody waits for the files to answer; work that nobody waits for is put off."""
        self._guests += 1
        try:
            yield
        finally:
            self._guests -= 1
            self._left = monotonic()

    async def run(self) -> None:
        """Look after the index until :meth:`aclose`. Belongs into the task group of whoever owns the store."""
        self._running = True
        try:
            await self._wanted.wait()
            await self._pause(self._pace.settle)
            while not self._is_closing:
                try:
                    await self._live()
                except (IndexFault, RolloutReadError) as fault:
                    await self._recover(fault)
        finally:
            self._running = False
            self._state = IndexState.CLOSED
            with anyio.CancelScope(shield=True):
                await self._let_go()
            self._ended.set()
            self._at_rest.set()

    async def aclose(self) -> None:
        """Write what is noted, let the index go and end :meth:`run`. May be called more than once."""
        for event in (self._closing, self._wanted, self._wake):
            event.set()
        if self._running:
            await self._ended.wait()

    @property
    def _is_closing(self) -> bool:
        return self._closing.is_set()

    async def _live(self) -> None:
        self._state, self._failure = IndexState.OPENING, None
        self._stir()
        await self._calm()
        index = self._index = await self._hop(self._location.open)
        if not await self._hop(index.is_complete):
            self._state = IndexState.FILLING
            await self._fill(index)
        if self._is_closing:
            return
        await self._compare_all(index)
        self._state, self._fault, self._warned_of = IndexState.READY, None, None
        await self._follow(index)

    async def _fill(self, index: ThreadIndex) -> None:
        lease = _Lease(index, self._owner, self._now, self._pace.lease)
        while not self._is_closing and not await self._hop(index.is_complete):
            if not await self._hop(lease.take):
                await self._pause(self._pace.poll)
            elif await self._bring_up(index, await self._drift(index), lease.keep):
                await self._hop(index.finish, self._owner)
            else:
                await self._hop(lease.give_up)

    async def _compare_all(self, index: ThreadIndex) -> None:
        self._compare = False
        found = await self._drift(index)
        if found.paths:
            _log.info("the index did not show all files: %s", found)
        if await self._bring_up(index, found):
            self._compared = monotonic()

    async def _drift(self, index: ThreadIndex) -> Drift:
        files = await anyio.to_thread.run_sync(scan, self._home)
        return drift(files, await self._hop(index.files))

    async def _bring_up(self, index: ThreadIndex, found: Drift, proceed: Callable[[], bool] = lambda: True) -> bool:
        """Write the rows of what was found, newest first; false if it was not done to the end."""
        for some in batches(found.paths, self._pace.batch):
            await self._calm()
            if self._is_closing or not await self._hop(proceed):
                return False
            self._count(await self._hop(bring_up, index, self._home, some))
        return not self._is_closing

    async def _calm(self) -> None:
        with anyio.move_on_after(self._pace.courtesy):
            while not self._is_closing and (self._guests or monotonic() - self._left < self._pace.breath):
                with anyio.move_on_after(self._pace.breath):
                    await self._closing.wait()

    def _stir(self) -> None:
        self._wake.set()
        if self._at_rest.is_set() and not self._ended.is_set():
            self._at_rest = anyio.Event()

    async def _follow(self, index: ThreadIndex) -> None:
        while not self._is_closing:
            self._wake = anyio.Event()
            if self._failure is not None:
                raise self._failure
            await self._write(index)
            due = self._compared + self._pace.compare - monotonic()
            if self._compare and due <= 0:
                await self._compare_all(index)
            if not self._wake.is_set():
                self._at_rest.set()
            with anyio.move_on_after(max(due, 0) if self._compare else None):
                await self._wake.wait()
        await self._write(index)

    async def _write(self, index: ThreadIndex) -> None:
        noted, self._dirty = list(self._dirty), {}
        for some in batches(noted, self._pace.batch):
            self._count(await self._hop(bring_up, index, self._home, some))

    def _count(self, done: Drift) -> None:
        for word, paths in (("added", done.added), ("changed", done.changed), ("gone", done.gone)):
            self._repairs[word] += len(paths)
            for path in paths:
                _log.debug("the row of %s was brought up to its file: %s", path, word)

    async def _recover(self, fault: IndexFault | RolloutReadError) -> None:
        self._state = IndexState.OFF
        await self._let_go()
        aside: Path | None = None
        if isinstance(fault, IndexCorrupt):
            try:
                aside = await self._hop(self._location.set_aside, self._now())
            except IndexFault as failure:
                _log.warning("%s", failure)
        self._warn(fault, aside)
        first = monotonic() - self._recovered > self._pace.retry
        self._recovered = monotonic()
        if not (first and isinstance(fault, IndexCorrupt | IndexGone)):
            self._at_rest.set()
            await self._pause(self._pace.retry)

    def _warn(self, fault: IndexFault | RolloutReadError, aside: Path | None) -> None:
        self._fault = fault
        if self._warned_of is type(fault):
            return
        self._warned_of = type(fault)
        what = "it is made again from the files" if isinstance(fault, IndexCorrupt | IndexGone) else "the files answer"
        kept = f"; the damaged one is kept as {aside.name}" if aside is not None else ""
        _log.warning("the index of threads is not used for now, %s: %s%s", what, fault, kept)

    async def _pause(self, seconds: float) -> None:
        with anyio.move_on_after(seconds):
            await self._closing.wait()

    async def _let_go(self) -> None:
        index, self._index = self._index, None
        if index is not None:
            with suppress(IndexFault):
                await self._hop(index.close)

    async def _hop(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        return await anyio.to_thread.run_sync(partial(function, *args, **kwargs), limiter=self._worker)
