from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_state.index.contract import ThreadIndex
from agent_state.index.location import IndexLocation, MemoryLocation, PostgresLocation, SqliteLocation
from agent_state.testing.index import ThreadIndexContract


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> IndexLocation:
    if request.param == "memory":
        return MemoryLocation()
    if request.param == "sqlite":
        return SqliteLocation(tmp_path)
    url = request.getfixturevalue("postgres_schema")
    return PostgresLocation(tmp_path, url)


@pytest.fixture
def index(location: IndexLocation) -> Iterator[ThreadIndex]:
    opened = location.open()
    yield opened
    opened.close()


class TestIndex(ThreadIndexContract):
    """The contract, over each kind of index."""
