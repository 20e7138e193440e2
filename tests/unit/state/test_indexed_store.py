import os
import shutil
import sqlite3
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import anyio
import pytest
from agent_protocol.rollout.event import AgentMessageEvent, TokenCountEvent, UserMessageEvent
from agent_protocol.rollout.line import GitInfo
from agent_protocol.rollout.source import SessionSource, SubagentSource
from agent_protocol.rollout.usage import TokenUsage, TokenUsageInfo
from agent_state.file_store import FileThreadStore
from agent_state.index.keeper import IndexState, Pace
from agent_state.index.location import MemoryLocation, SqliteLocation
from agent_state.index.reconcile import bring_up
from agent_state.indexed_store import IndexedThreadStore
from agent_state.rollout.path import dated_directory
from agent_state.store import SortKey, SourceFilter, ThreadQuery
from agent_state.testing.sample import append_to, row_of, sample_id, sample_thread, write_rollout
from agent_state.testing.store import list_all, numbers
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from looked_after import looked_after, settled

pytestmark = pytest.mark.anyio

MORE = (AgentMessageEvent(message="more"),)
EVERY = ThreadQuery(source_kinds=None)
BY_UPDATE = ThreadQuery(source_kinds=None, sort_key="updated_at")
NEVER = Pace(settle=3600)


def usage(total: int) -> TokenCountEvent:
    tokens = TokenUsage(total_tokens=total)
    return TokenCountEvent(info=TokenUsageInfo(total_token_usage=tokens, last_token_usage=tokens))


async def test_the_files_answer_until_the_index_is_ready(home: Path) -> None:
    for number in range(3):
        write_rollout(home, number)
    async with looked_after(home, pace=NEVER) as store:
        assert numbers(await list_all(store)) == [2, 1, 0]
        assert store.statistics().state is IndexState.CLOSED
    assert not (home / "agent-state.db").exists()
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.READY
        assert store.statistics().repairs["added"] == 3
        assert numbers(await list_all(store)) == [2, 1, 0]


async def test_a_complete_index_is_not_filled_again(home: Path) -> None:
    for number in range(3):
        write_rollout(home, number)
    async with looked_after(home) as store:
        await settled(store)
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.READY
        assert not any(store.statistics().repairs.values())
        assert numbers(await list_all(store)) == [2, 1, 0]


async def test_each_turn_is_in_the_index_when_it_has_ended(home: Path) -> None:
    location = MemoryLocation()
    async with looked_after(home, location) as store:
        writer = store.create(sample_thread(1))
        writer.append([UserMessageEvent(message="first")])
        await writer.materialise()
        writer.append([usage(10)])
        await writer.flush(durable=True)
        await settled(store)
        (row,) = location.index.rows([writer.path.relative_to(home).as_posix()]).values()
        assert (row.first_user_message, row.tokens_used) == ("first", 10)
        writer.append([UserMessageEvent(message="second"), usage(30)])
        await writer.flush(durable=True)
        await settled(store)
        (row,) = location.index.rows([row.path]).values()
        assert (row.first_user_message, row.tokens_used) == ("first", 30)
        await writer.aclose()


async def test_the_last_turn_is_written_when_the_store_is_closed(home: Path) -> None:
    location = MemoryLocation()
    async with looked_after(home, location) as store:
        await settled(store)
        writer = store.create(sample_thread(1))
        writer.append([UserMessageEvent(message="first")])
        await writer.materialise()
        await writer.aclose()
    assert len(location.index.files()) == 1


@pytest.mark.parametrize("query", [EVERY, BY_UPDATE])
async def test_what_other_programs_do_to_the_newest_threads_is_seen_at_once(home: Path, query: ThreadQuery) -> None:
    paths = [write_rollout(home, number, mtime=1_800_000_000 + number) for number in range(4)]
    async with looked_after(home) as store:
        files = FileThreadStore(home, zone=UTC)
        await settled(store)
        assert await list_all(store, query) == await list_all(files, query)
        for change in (
            lambda: append_to(paths[1], MORE),
            lambda: write_rollout(home, 9),
            lambda: paths[2].unlink(),
            lambda: shutil.move(paths[0], home / "archived_sessions" / paths[0].name),
            lambda: write_rollout(home, 3, items=[UserMessageEvent(message="another question")]),
            lambda: os.utime(paths[1], (1, 1)),
        ):
            (home / "archived_sessions").mkdir(exist_ok=True)
            change()
            assert await list_all(store, query) == await list_all(files, query)
            archived = ThreadQuery(source_kinds=None, archived=True)
            assert await list_all(store, archived) == await list_all(files, archived)
            assert await settled(store) is IndexState.READY
            assert await list_all(store, query) == await list_all(files, query)


async def test_files_of_long_ago_are_found_by_comparing(home: Path) -> None:
    for number in range(5):
        write_rollout(home, number, hours=number * 24)
    async with looked_after(home, pace=Pace(settle=0, breath=0, compare=0)) as store:
        await settled(store)
        write_rollout(home, 7, hours=1)
        append_to(write_rollout(home, 8, hours=2), MORE)
        for _ in range(2):
            await list_all(store)
            await settled(store)
        assert numbers(await list_all(store)) == [4, 3, 2, 1, 8, 7, 0]


async def test_a_lookup_finds_a_thread_wherever_its_file_went(home: Path) -> None:
    path = write_rollout(home, 1)
    async with looked_after(home) as store:
        await settled(store)
        assert await store.find(sample_id(1)) == path
        moved = dated_directory(home, datetime(2020, 1, 1, tzinfo=UTC)) / path.name
        moved.parent.mkdir(parents=True)
        path.rename(moved)
        assert await store.find(sample_id(1)) == moved
        assert (await store.summary(moved)).thread_id == sample_id(1)
        archived = home / "archived_sessions" / path.name
        archived.parent.mkdir()
        moved.rename(archived)
        assert await store.find(sample_id(1)) is None
        assert await store.find(sample_id(1), archived=True) == archived


async def test_the_moment_of_archiving_is_kept_and_its_row_is_not_read_again(home: Path) -> None:
    path = write_rollout(home, 1, mtime=1_800_000_000)
    location = MemoryLocation()
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    async with looked_after(home, location, now=lambda: moment) as store:
        await settled(store)
        target = await store.archive(path)
        await settled(store)
        (row,) = location.index.rows(location.index.files().keys()).values()
        assert (home / row.path, row.archived_at) == (target, moment.timestamp())
        assert store.statistics().repairs["added"] == 1
        await store.unarchive(target)
        await settled(store)
        (row,) = location.index.rows(location.index.files().keys()).values()
        assert (home / row.path, row.archived_at) == (path, None)
        assert store.statistics().repairs["added"] == 1


async def test_a_file_outside_the_home_is_no_matter_of_the_index(home: Path, tmp_path: Path) -> None:
    path = write_rollout(tmp_path / "elsewhere", 1)
    async with looked_after(home) as store:
        writer = await store.open(path)
        writer.append(MORE)
        await writer.flush(durable=True)
        await writer.aclose()
        await settled(store)
        assert (await store.summary(path)).preview == "hello"
        assert await list_all(store) == []


async def test_a_tampered_row_is_read_again_from_its_file(home: Path) -> None:
    for number in range(3):
        write_rollout(home, number)
    async with looked_after(home) as store:
        await settled(store)
        with sqlite3.connect(home / "agent-state.db") as connection:
            connection.execute("UPDATE threads SET first_user_message = 'forged' WHERE id = ?", [sample_id(1)])
        connection.close()
        assert [thread.preview for thread in await list_all(store)] == ["hello"] * 3
        await settled(store)
        assert store.statistics().repairs["changed"] == 1


async def test_another_process_that_fills_the_index_is_waited_for(home: Path) -> None:
    paths = [write_rollout(home, number) for number in range(3)]
    location = MemoryLocation()
    index = location.index
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    assert index.claim("another", int(moment.timestamp() * 1000), 1000)
    async with looked_after(home, location, now=lambda: moment) as store:
        store._keeper.used()
        while store.statistics().state is not IndexState.FILLING:
            await anyio.lowlevel.checkpoint()
        assert numbers(await list_all(store)) == [2, 1, 0]
        assert index.files() == {}
        bring_up(index, home, [path.relative_to(home).as_posix() for path in paths])
        index.finish("another")
        assert await settled(store) is IndexState.READY
        assert not any(store.statistics().repairs.values())


async def test_a_claim_that_has_run_out_is_taken_over_where_it_ended(home: Path) -> None:
    paths = [write_rollout(home, number) for number in range(6)]
    location = MemoryLocation()
    moment = datetime(2026, 3, 1, tzinfo=UTC)
    location.index.claim("another", int(moment.timestamp() * 1000) - 1000, 1000)
    bring_up(location.index, home, [path.relative_to(home).as_posix() for path in paths[3:]])
    async with looked_after(home, location, now=lambda: moment) as store:
        assert await settled(store) is IndexState.READY
        assert store.statistics().repairs["added"] == 3


async def test_a_store_that_is_closed_while_it_fills_leaves_the_rest_to_the_next(home: Path) -> None:
    for number in range(9):
        write_rollout(home, number)
    location = MemoryLocation()
    async with looked_after(home, location, pace=Pace(settle=0, breath=0, batch=1)) as store:
        store._keeper.used()
        while not location.index.files():
            await anyio.lowlevel.checkpoint()
    assert not location.index.is_complete()
    newest_first = [int(path.removesuffix(".jsonl")[-12:]) for path in location.index.files()]
    assert newest_first == list(range(8, 8 - len(newest_first), -1))
    async with looked_after(home, location) as store:
        assert await settled(store) is IndexState.READY
        assert store.statistics().repairs["added"] == 9 - len(newest_first)


async def test_a_home_may_move_with_its_index(home: Path, tmp_path: Path) -> None:
    for number in range(3):
        write_rollout(home, number)
    async with looked_after(home) as store:
        await settled(store)
    moved = tmp_path / "moved"
    shutil.move(home, moved)
    async with looked_after(moved) as store:
        assert await settled(store) is IndexState.READY
        assert not any(store.statistics().repairs.values())
        assert all(thread.path.is_relative_to(moved) for thread in await list_all(store))


async def test_without_being_looked_after_the_store_works_from_the_files(home: Path) -> None:
    store = IndexedThreadStore(home, SqliteLocation(home), zone=UTC)
    path = write_rollout(home, 1)
    assert numbers(await list_all(store)) == [1]
    assert await store.find(sample_id(1)) == path
    await store.aclose()


SOURCES: tuple[SessionSource, ...] = ("cli", "vscode", "exec", SubagentSource(subagent="review"))
KINDS: tuple[Sequence[SourceFilter] | None, ...] = (None, ("cli",), ("exec", "subAgent"))
made = st.builds(
    partial,
    st.just(write_rollout),
    hours=st.integers(0, 60),
    source=st.sampled_from(SOURCES),
    provider=st.sampled_from([None, "one", "two"]),
    cwd=st.sampled_from(["/a", "/a/", "/b"]),
    mtime=st.integers(1_800_000_000, 1_800_000_003),
    archived=st.booleans(),
    git=st.sampled_from([None, GitInfo(branch="main"), GitInfo(commit_hash="c", repository_url="u")]),
    items=st.sampled_from([(UserMessageEvent(message="q"),), (UserMessageEvent(message="", images=("i",)),), MORE]),
)
SORTS: tuple[SortKey, ...] = ("created_at", "updated_at")
asked = st.builds(
    ThreadQuery,
    sort_key=st.sampled_from(SORTS),
    source_kinds=st.sampled_from(KINDS),
    model_providers=st.sampled_from([None, (), ("one",), ("two", "openai")]),
    default_provider=st.sampled_from(["openai", "one"]),
    cwd=st.sampled_from([None, "/a", "/a/"]),
    archived=st.booleans(),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(threads=st.lists(made, max_size=12), queries=st.lists(asked, min_size=1, max_size=4), size=st.integers(1, 5))
async def test_index_and_files_give_the_same_pages(
    tmp_path_factory: pytest.TempPathFactory,
    threads: list[Callable[[Path, int], Path]],
    queries: list[ThreadQuery],
    size: int,
) -> None:
    home = tmp_path_factory.mktemp("home")
    for number, write in enumerate(threads):
        write(home, number)
    files = FileThreadStore(home, zone=UTC)
    async with looked_after(home) as store:
        assert await settled(store) is IndexState.READY
        for query in queries:
            assert await list_all(store, query, size) == await list_all(files, query, size)
        for path in home.rglob("rollout-*.jsonl"):
            assert await store.summary(path) == await files.summary(path)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, 2000), max_size=6))
def test_a_file_read_in_pieces_has_the_row_of_the_whole(
    tmp_path_factory: pytest.TempPathFactory, cuts: list[int]
) -> None:
    home = tmp_path_factory.mktemp("home")
    whole = write_rollout(home, 1, items=[*MORE, UserMessageEvent(message="q"), usage(3), *MORE, usage(5)])
    data = whole.read_bytes()
    location = MemoryLocation()
    path = whole.relative_to(home).as_posix()
    for cut in [*sorted(cuts), len(data)]:
        whole.write_bytes(data[:cut])
        os.utime(whole, (1_800_000_000, 1_800_000_000))
        bring_up(location.index, home, [path])
    assert location.index.rows([path]) == {path: row_of(home, whole)}
