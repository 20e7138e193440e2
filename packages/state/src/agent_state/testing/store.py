"""What every ``ThreadStore`` must do."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_protocol.rollout.line import RolloutItem, SessionMeta

from agent_state.errors import CursorInvalid, RolloutMissing, ThreadLocked, WriterClosed
from agent_state.store import StoredThread, ThreadQuery, ThreadStore
from agent_state.testing.sample import HELLO, sample_id, sample_thread

EVERY = ThreadQuery(source_kinds=None)


async def write_thread(
    store: ThreadStore, number: int, items: Sequence[RolloutItem] = HELLO, *, hours: float | None = None
) -> Path:
    """Store a thread with ``items`` in it, let it go and return its path."""
    writer = store.create(sample_thread(number, hours=hours))
    writer.append(items)
    await writer.materialise()
    await writer.flush(durable=True)
    await writer.aclose()
    return writer.path


async def list_all(store: ThreadStore, query: ThreadQuery = EVERY, size: int = 25) -> list[StoredThread]:
    """Return the threads of all pages."""
    found: list[StoredThread] = []
    cursor: str | None = None
    while True:
        page = await store.list(replace(query, page_size=size, cursor=cursor))
        found += page.threads
        cursor = page.next_cursor
        if cursor is None:
            return found


def numbers(threads: Sequence[StoredThread]) -> list[int]:
    """Return the numbers of sample threads."""
    return [int(thread.thread_id[-12:]) for thread in threads]


class ThreadStoreContract:
    """Tests of a store; the fixture ``store`` is an empty one, looked after by its ``run``."""

    async def test_a_thread_has_a_path_at_once_and_is_stored_when_asked_to(self, store: ThreadStore) -> None:
        writer = store.create(sample_thread(1))
        writer.append(HELLO)
        await writer.flush(durable=True)
        assert not writer.is_materialised
        assert await store.find(sample_id(1)) is None
        assert await list_all(store) == []
        await writer.materialise()
        assert writer.is_materialised
        assert await store.find(sample_id(1)) == writer.path
        assert numbers(await list_all(store)) == [1]
        await writer.aclose()

    async def test_lines_are_read_back_in_order(self, store: ThreadStore) -> None:
        items = [*HELLO, *(AgentMessageEvent(message=str(number)) for number in range(50))]
        path = await write_thread(store, 1, items)
        lines = [line.item for line in await store.load(path)]
        assert isinstance(lines[0], SessionMeta)
        assert lines[1:] == items

    async def test_a_stored_thread_goes_on_where_it_ended(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        writer = await store.open(path)
        assert writer.thread_id == sample_id(1)
        writer.append([AgentMessageEvent(message="more")])
        await writer.flush()
        assert [line.item for line in await store.load(path)][1:] == [*HELLO, AgentMessageEvent(message="more")]
        await writer.aclose()

    async def test_a_thread_has_one_writer_at_a_time(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        first = await store.open(path)
        try:
            await store.open(path)
        except ThreadLocked as error:
            assert error.thread_id == sample_id(1)
        else:
            raise AssertionError("two writers have one thread")
        await first.aclose()
        await (await store.open(path)).aclose()

    async def test_a_closed_writer_takes_nothing_more(self, store: ThreadStore) -> None:
        writer = store.create(sample_thread(1))
        await writer.aclose()
        await writer.aclose()
        try:
            writer.append(HELLO)
        except WriterClosed:
            return
        raise AssertionError("a closed writer took a line")

    async def test_what_is_not_stored_is_not_there(self, store: ThreadStore) -> None:
        path = store.create(sample_thread(1)).path
        for attempt in (store.open, store.load, store.meta, store.history, store.turns, store.summary):
            try:
                await attempt(path)
            except RolloutMissing as error:
                assert error.path == path
            else:
                raise AssertionError(f"{attempt} found what is not there")
        assert await store.find("no id") is None
        assert await store.find(sample_id(1), archived=True) is None

    async def test_an_id_is_found_in_any_spelling(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        assert await store.find(f"urn:uuid:{sample_id(1).upper()}") == path

    async def test_an_archived_thread_is_listed_and_found_apart_until_it_comes_back(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        await write_thread(store, 2)
        archived = await store.archive(path)
        assert numbers(await list_all(store)) == [2]
        (listed,) = await list_all(store, ThreadQuery(source_kinds=None, archived=True))
        assert (listed.path, listed.archived) == (archived, True)
        assert await store.find(sample_id(1)) is None
        assert await store.find(sample_id(1), archived=True) == archived
        assert (await store.summary(archived)).preview == "hello"
        assert await store.unarchive(archived) == path
        assert numbers(await list_all(store)) == [2, 1]
        assert await store.find(sample_id(1), archived=True) is None
        assert await list_all(store, ThreadQuery(source_kinds=None, archived=True)) == []

    async def test_a_thread_that_is_written_is_not_archived(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        writer = await store.open(path)
        try:
            await store.archive(path)
        except ThreadLocked:
            pass
        else:
            raise AssertionError("a thread was archived under its writer")
        await writer.aclose()
        assert numbers(await list_all(store)) == [1]

    async def test_a_fork_begins_as_a_copy_and_is_a_thread_of_its_own(self, store: ThreadStore) -> None:
        source = await write_thread(store, 1)
        writer = await store.fork(sample_thread(2), source)
        assert (writer.is_materialised, writer.thread_id) == (True, sample_id(2))
        assert numbers(await list_all(store)) == [2, 1]
        writer.append([AgentMessageEvent(message="more")])
        await writer.aclose()
        assert (await store.meta(writer.path)).id == sample_id(2)
        items = [line.item for line in await store.load(writer.path)]
        assert items[1:] == [*(line.item for line in await store.load(source)), AgentMessageEvent(message="more")]
        assert await store.find(sample_id(2)) == writer.path

    async def test_pages_follow_each_other_without_gap(self, store: ThreadStore) -> None:
        for number in range(7):
            await write_thread(store, number, hours=number // 3)
        for size in (1, 2, 3, 7, 8):
            assert numbers(await list_all(store, size=size)) == [6, 5, 4, 3, 2, 1, 0]
        updated = await list_all(store, ThreadQuery(source_kinds=None, sort_key="updated_at"), size=3)
        assert sorted(numbers(updated)) == [0, 1, 2, 3, 4, 5, 6]

    async def test_only_threads_with_a_user_message_are_listed(self, store: ThreadStore) -> None:
        await write_thread(store, 1, [AgentMessageEvent(message="hello?")])
        await write_thread(store, 2)
        assert numbers(await list_all(store)) == [2]

    async def test_a_listing_tells_what_a_summary_tells(self, store: ThreadStore) -> None:
        message = UserMessageEvent(message="context\n## My request for Codex:\n fix it \n")
        path = await write_thread(store, 1, [message])
        (listed,) = await list_all(store)
        assert listed == await store.summary(path)
        assert (listed.path, listed.preview, listed.cwd) == (path, "fix it", "/work")
        assert (listed.cli_version, listed.model_provider, listed.source) == ("1.2.3", "openai", "cli")
        assert listed.created_at == sample_thread(1).created_at

    async def test_a_listing_shows_what_was_written_just_now(self, store: ThreadStore) -> None:
        path = await write_thread(store, 1)
        before = (await list_all(store))[0]
        writer = await store.open(path)
        writer.append([AgentMessageEvent(message="more")])
        await writer.flush(durable=True)
        assert (await list_all(store)) == [await store.summary(path)]
        assert before.updated_at <= (await list_all(store))[0].updated_at
        await writer.aclose()

    async def test_a_cursor_that_is_none_is_refused(self, store: ThreadStore) -> None:
        await write_thread(store, 1)
        for cursor in ("", "x", "2026-01-02T03:04:05Z", f"|{sample_id(1)}", f"x|{sample_id(1)}"):
            try:
                await store.list(ThreadQuery(cursor=cursor))
            except CursorInvalid as error:
                assert error.cursor == cursor
            else:
                raise AssertionError(f"{cursor!r} was taken for a cursor")

    async def test_the_last_name_of_a_thread_counts(self, store: ThreadStore) -> None:
        for number, name in ((1, "a"), (2, "b"), (1, "c")):
            await store.rename(sample_id(number), name)
        assert await store.names([sample_id(number) for number in (1, 2, 3)]) == {sample_id(1): "c", sample_id(2): "b"}
        assert await store.find_named("c") == sample_id(1)
        assert await store.find_named("none") is None
        assert list(await store.known_names()) == ["c", "b", "a"]
