"""Stores with an index, looked after as an agent looks after its own."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import anyio
from agent_state.index.keeper import IndexState, Pace
from agent_state.index.location import IndexLocation, SqliteLocation
from agent_state.indexed_store import IndexedThreadStore
from agent_state.rollout.writer import utc_now

EAGER = Pace(settle=0, breath=0, poll=0.01, retry=60)
"""Nothing is put off, and after a fault nothing is tried again within a test."""


@asynccontextmanager
async def looked_after(
    home: Path,
    location: IndexLocation | None = None,
    *,
    pace: Pace = EAGER,
    now: Callable[[], datetime] = utc_now,
    within: float = 30,
) -> AsyncIterator[IndexedThreadStore]:
    """Run a store for the length of the block, which fails if it takes longer than ``within`` seconds."""
    store = IndexedThreadStore(home, location or SqliteLocation(home), now=now, zone=UTC, pace=pace)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(store.run)
        with anyio.fail_after(within):
            yield store
            await store.aclose()


async def settled(store: IndexedThreadStore) -> IndexState:
    """Wait until the index has nothing left to do and return how it is."""
    await store.settled()
    return store.statistics().state
