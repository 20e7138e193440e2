import logging
import os
import shutil
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from agent_state.errors import (
    IndexCorrupt,
    IndexFault,
    IndexForeign,
    IndexGone,
    IndexLocked,
    IndexNewer,
    IndexUnreachable,
    IndexUnwritable,
)
from agent_state.file_store import FileThreadStore
from agent_state.index.contract import ThreadIndex
from agent_state.index.keeper import IndexState, Pace
from agent_state.index.location import MemoryLocation, PostgresLocation, SqliteLocation
from agent_state.index.memory import MemoryIndex
from agent_state.index.reconcile import bring_up, scan
from agent_state.index.row import ThreadRow
from agent_state.sql.fault import translated
from agent_state.store import ThreadQuery
from agent_state.testing.sample import sample_row, sample_thread, write_rollout
from agent_state.testing.store import list_all, numbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looked_after import looked_after, settled

pytestmark = pytest.mark.anyio

NAME = "agent-state.db"


@pytest.fixture
def home(home: Path) -> Path:
    for number in range(4):
        write_rollout(home, number)
    return home


@pytest.fixture
def warnings(caplog: pytest.LogCaptureFixture) -> Callable[[], list[str]]:
    caplog.set_level(logging.WARNING, logger="agent_state")
    return lambda: [record.getMessage() for record in caplog.records]


async def filled(home: Path) -> None:
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.READY


def databases(home: Path, more: str = "") -> list[Path]:
    """Return the database of a home and all whose names begin as its does."""
    return sorted(home.glob(f"{NAME}{more}*"))


def execute(path: Path, *statements: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def directory(path: Path) -> None:
    path.mkdir()


def newer(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = '0099'", "PRAGMA user_version = 99")


@pytest.mark.parametrize(("damage", "fault"), [(directory, IndexUnreachable), (newer, IndexNewer)])
async def test_what_cannot_be_used_is_left_alone_and_the_files_answer(
    home: Path, warnings: Callable[[], list[str]], damage: Callable[[Path], None], fault: type[IndexFault]
) -> None:
    if damage is newer:
        await filled(home)
    damage(home / NAME)
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.OFF
        assert isinstance(store.statistics().fault, fault)
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
        assert await store.find("019c4a07-d809-74c3-bc4b-000000000001") is not None
    assert len(warnings()) == 1
    assert databases(home) == [home / NAME]


def garbage(path: Path) -> None:
    path.write_bytes(b"this is no database" * 100)


def cut(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def foreign(path: Path) -> None:
    path.unlink()
    execute(path, "CREATE TABLE threads (id TEXT)")


def without_table(path: Path) -> None:
    execute(path, "DROP TABLE filling")


def without_column(path: Path) -> None:
    execute(path, "ALTER TABLE threads RENAME COLUMN cwd TO cwe")


def without_state(path: Path) -> None:
    execute(path, "DELETE FROM filling")


def odd_revision(path: Path) -> None:
    execute(path, "UPDATE alembic_version SET version_num = '0099'")


DAMAGES = [garbage, cut, foreign, without_table, without_column, without_state, odd_revision]


@pytest.mark.parametrize("damage", DAMAGES)
async def test_a_damaged_database_is_set_aside_and_made_again(
    home: Path, warnings: Callable[[], list[str]], damage: Callable[[Path], None]
) -> None:
    await filled(home)
    damage(home / NAME)
    damaged = (home / NAME).read_bytes()
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.READY
        assert store.statistics().repairs["added"] == 4
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
    assert len(warnings()) == 1
    (aside,) = databases(home, ".corrupt-")
    assert aside.read_bytes() == damaged


async def test_an_empty_file_is_a_new_database(home: Path, warnings: Callable[[], list[str]]) -> None:
    (home / NAME).touch()
    await filled(home)
    assert warnings() == []


async def test_a_database_that_is_damaged_while_it_is_open_is_made_again(
    home: Path, warnings: Callable[[], list[str]]
) -> None:
    async with looked_after(home) as store:
        await settled(store)
        without_table(home / NAME)
        execute(home / NAME, "DROP TABLE threads")
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
        assert await settled(store) is IndexState.READY
        assert store.statistics().repairs["added"] == 8
    assert len(warnings()) == 1


async def test_a_database_that_is_deleted_while_it_is_open_is_made_again(
    home: Path, warnings: Callable[[], list[str]]
) -> None:
    async with looked_after(home) as store:
        await settled(store)
        for path in databases(home):
            path.unlink()
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
        assert await settled(store) is IndexState.READY
        assert (home / NAME).exists()
    assert len(warnings()) == 1


async def test_of_two_processes_that_find_the_damage_one_sets_it_aside(home: Path) -> None:
    await filled(home)
    cut(home / NAME)
    now = datetime(2026, 3, 1, tzinfo=UTC)
    first, second = SqliteLocation(home), SqliteLocation(home)
    for location in (first, second):
        with pytest.raises(IndexCorrupt):
            location.open()
    assert first.set_aside(now) is not None
    first.open().close()
    assert second.set_aside(now) is None
    second.open().close()


def test_only_the_newest_damaged_databases_are_kept(tmp_path: Path) -> None:
    for minute in range(5):
        garbage(tmp_path / NAME)
        location = SqliteLocation(tmp_path)
        with pytest.raises(IndexCorrupt):
            location.open()
        location.set_aside(datetime(2026, 3, 1, 0, minute, tzinfo=UTC))
    assert sorted(path.name for path in tmp_path.glob(f"{NAME}.corrupt*")) == [
        f"{NAME}.corrupt-20260301T000300Z",
        f"{NAME}.corrupt-20260301T000400Z",
    ]


async def test_a_locked_database_is_waited_for_and_then_done_without(
    home: Path, warnings: Callable[[], list[str]]
) -> None:
    await filled(home)
    with closing(sqlite3.connect(home / NAME, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        async with looked_after(home, SqliteLocation(home, busy_seconds=0.05)) as store:
            assert await settled(store) is IndexState.READY
            assert numbers(await list_all(store)) == [3, 2, 1, 0]
            writer = store.create(sample_thread(9))
            writer.append([])
            await writer.materialise()
            assert await settled(store) is IndexState.OFF
            assert isinstance(store.statistics().fault, IndexLocked)
            assert numbers(await list_all(store)) == [3, 2, 1, 0]
            await writer.aclose()
        other.execute("ROLLBACK")
    assert len(warnings()) == 1


class Refusing(MemoryIndex):
    """An index that cannot be written any more."""

    def __init__(self, fault: IndexFault) -> None:
        super().__init__()
        self.fault: IndexFault | None = fault

    def put(self, rows: Iterable[ThreadRow]) -> None:
        if self.fault is not None:
            raise self.fault
        super().put(rows)


async def test_after_a_fault_the_index_is_tried_again(home: Path, warnings: Callable[[], list[str]]) -> None:
    location = MemoryLocation()
    index = location.index = Refusing(IndexUnwritable("memory", "full"))
    async with looked_after(home, location, pace=Pace(settle=0, breath=0, poll=0, retry=0.01)) as store:
        assert await settled(store) is IndexState.OFF
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
        index.fault = None
        while await settled(store) is not IndexState.READY:
            pass
        assert store.statistics().fault is None
        assert numbers(await list_all(store)) == [3, 2, 1, 0]
    assert len(warnings()) == 1


def test_a_full_disk_and_a_read_only_one_are_told_apart_from_damage(tmp_path: Path) -> None:
    path = tmp_path / "some.db"
    execute(path, "CREATE TABLE t (x)")
    with closing(sqlite3.connect(path, isolation_level=None)) as full:
        full.execute("PRAGMA max_page_count = 3")
        with pytest.raises(IndexUnwritable), translated("some"):
            full.execute("INSERT INTO t VALUES (zeroblob(1000000))")
    read_only = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    with closing(read_only), pytest.raises(IndexUnwritable), translated("some"):
        read_only.execute("INSERT INTO t VALUES (1)")
    with pytest.raises(IndexUnreachable), translated("some"):
        raise PermissionError(13, "no")


def test_a_server_that_is_not_there_is_unreachable(tmp_path: Path) -> None:
    for url in (
        f"postgresql://somebody:secret@/none?host={tmp_path}",
        "mysql://somebody:secret@localhost/x",
        "not a url",
    ):
        with pytest.raises(IndexUnreachable) as raised:
            PostgresLocation(tmp_path, url).open()
        assert "secret" not in str(raised.value)


def test_a_schema_serves_one_home(tmp_path: Path, postgres_schema: str) -> None:
    index = PostgresLocation(tmp_path / "one", postgres_schema).open()
    index.close()
    PostgresLocation(tmp_path / "one", postgres_schema).open().close()
    with pytest.raises(IndexForeign) as raised:
        PostgresLocation(tmp_path / "two", postgres_schema).open()
    assert raised.value.home == str(tmp_path / "one")


def test_a_server_keeps_text_that_ends_strings_elsewhere(tmp_path: Path, postgres_schema: str) -> None:
    with opened(PostgresLocation(tmp_path, postgres_schema)) as index:
        row = sample_row(1, first_user_message="a\0b")
        index.put([row])
        (kept,) = index.rows([row.path]).values()
        assert kept.first_user_message == "a\ufffdb"
        assert kept.facts == row.facts


@contextmanager
def opened(location: PostgresLocation | SqliteLocation) -> Iterator[ThreadIndex]:
    index = location.open()
    yield index
    index.close()


def test_an_open_index_notices_that_its_file_was_replaced(tmp_path: Path) -> None:
    with opened(SqliteLocation(tmp_path)) as index:
        (tmp_path / NAME).rename(tmp_path / "elsewhere.db")
        with pytest.raises(IndexGone):
            index.files()
        with opened(SqliteLocation(tmp_path)), pytest.raises(IndexGone):
            index.files()


def test_many_threads_may_make_one_index_at_the_same_time(tmp_path: Path) -> None:
    failures: list[BaseException] = []

    def make(number: int) -> None:
        try:
            with opened(SqliteLocation(tmp_path)) as index:
                index.put([sample_row(number)])
        except IndexFault as fault:
            failures.append(fault)

    threads = [threading.Thread(target=make, args=[number]) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    with opened(SqliteLocation(tmp_path)) as index:
        assert len(index.files()) == 12


@pytest.fixture(scope="module")
def indexed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home with a complete index, of which there is a copy called ``good``."""
    home = tmp_path_factory.mktemp("flipped")
    for number in range(40):
        write_rollout(home, number, hours=number % 7, cwd=f"/proj/{number % 3}", archived=number % 5 == 0)
    with opened(SqliteLocation(home)) as index:
        bring_up(index, home, list(scan(home)))
        index.claim("test", 0, 1)
        index.finish("test")
    shutil.copy(home / NAME, home / "good")
    return home


QUERIES = [
    ThreadQuery(),
    ThreadQuery(sort_key="updated_at"),
    ThreadQuery(archived=True),
    ThreadQuery(cwd="/proj/1", model_providers=["openai"]),
]


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(flips=st.lists(st.tuples(st.integers(0, 200_000) | st.integers(0, 200), st.integers(1, 255)), min_size=1))
async def test_no_flipped_byte_makes_a_listing_wrong(indexed_home: Path, flips: list[tuple[int, int]]) -> None:
    home = indexed_home
    flipped = bytearray((home / "good").read_bytes())
    for place, change in flips:
        flipped[place % len(flipped)] ^= change
    for path in databases(home):
        path.unlink()
    (home / NAME).write_bytes(flipped)
    files = FileThreadStore(home, zone=UTC)
    async with looked_after(home) as store:
        state = await settled(store)
        assert state is IndexState.READY or isinstance(store.statistics().fault, IndexNewer)
        for query in QUERIES:
            assert await list_all(store, query, 7) == await list_all(files, query, 7)
