"""Many processes that use one home at the same time, each with a store of its own.

python tests/support/crowd.py HOME [PROCESSES] [SECONDS]
"""

import logging
import multiprocessing
import sys
import time
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import anyio
from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_state.index.keeper import Pace
from agent_state.index.location import SqliteLocation
from agent_state.index.reconcile import Drift, drift, scan
from agent_state.store import ThreadQuery
from agent_state.testing.sample import sample_thread
from looked_after import looked_after, settled

PACE = Pace(settle=0, breath=0, poll=0.05, compare=0.5, retry=0.1)
QUERIES = (ThreadQuery(), ThreadQuery(sort_key="updated_at", page_size=3))


@dataclass(frozen=True)
class Doings:
    """What one process did and what was wrong."""

    threads: int
    turns: int
    listings: int
    warnings: list[str]


class _Kept(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())


def work(home: Path, seconds: float, number: int) -> Doings:
    """Make threads, take turns in them and list them, for so many seconds."""
    kept = _Kept()
    logging.getLogger("agent_state").addHandler(kept)
    return anyio.run(_work, home, seconds, number, kept.messages)


async def _work(home: Path, seconds: float, number: int, warnings: list[str]) -> Doings:
    threads = turns = listings = 0
    end = time.monotonic() + seconds
    async with looked_after(home, pace=PACE, within=seconds + 60) as store:
        while time.monotonic() < end:
            thread = sample_thread(number * 100_000 + threads, hours=threads)
            writer = store.create(thread)
            threads += 1
            writer.append([UserMessageEvent(message=f"question of {number}")])
            await writer.materialise()
            for _ in range(2):
                writer.append([AgentMessageEvent(message="answer")])
                await writer.flush(durable=True)
                turns += 1
            for query in QUERIES:
                page = await store.list(query)
                listings += 1
                if not page.threads:
                    warnings.append("a listing was empty")
            if await store.find(thread.meta.id) != writer.path:
                warnings.append("a thread was not found")
            await writer.aclose()
        await settled(store)
    return Doings(threads, turns, listings, warnings)


def crowd(home: Path, processes: int, seconds: float) -> list[Doings]:
    """Let so many processes work in one home; each is a fresh fork, and all begin at about the same time."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["crowd", "agent_state.sql.open"])
    with context.Pool(processes) as pool:
        return pool.map(partial(work, home, seconds), range(processes), chunksize=1)


def difference(home: Path) -> Drift:
    """Return what the index does not show of the files."""
    index = SqliteLocation(home).open()
    found = drift(scan(home), index.files())
    index.close()
    return found


if __name__ == "__main__":
    place, count, length = (*sys.argv[1:], "20", "60")[:3]
    done = crowd(Path(place), int(count), float(length))
    print(f"{sum(each.threads for each in done)} threads, {sum(each.turns for each in done)} turns")
    print(f"{sum(each.listings for each in done)} listings; the index: {difference(Path(place))}")
    print(*(f"process {number}: {text}" for number, each in enumerate(done) for text in each.warnings), sep="\n")
