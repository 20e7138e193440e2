from collections.abc import AsyncIterator
from datetime import UTC
from pathlib import Path

import anyio
import pytest
from agent_state.file_store import FileThreadStore
from agent_state.index.keeper import Pace
from agent_state.index.location import IndexLocation, MemoryLocation, PostgresLocation, SqliteLocation
from agent_state.indexed_store import IndexedThreadStore
from agent_state.store import ThreadStore
from agent_state.testing.store import ThreadStoreContract

pytestmark = pytest.mark.anyio


@pytest.fixture(params=["files", "memory", "sqlite", "postgres"])
def location(request: pytest.FixtureRequest, home: Path) -> IndexLocation | None:
    if request.param == "files":
        return None
    if request.param == "memory":
        return MemoryLocation()
    if request.param == "sqlite":
        return SqliteLocation(home)
    return PostgresLocation(home, request.getfixturevalue("postgres_schema"))


@pytest.fixture
async def store(location: IndexLocation | None, home: Path) -> AsyncIterator[ThreadStore]:
    made: ThreadStore = FileThreadStore(home, zone=UTC)
    if location is not None:
        made = IndexedThreadStore(home, location, zone=UTC, pace=Pace(settle=0))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(made.run)
        yield made
        await made.aclose()


class TestStore(ThreadStoreContract):
    """The contract, over the files alone and with each kind of index."""
