from collections.abc import Callable

import pytest
from agent_state.file_store import FileThreadStore

ONE, TWO = "019c4a07-d809-74c3-bc4b-000000000001", "019c4a07-d809-74c3-bc4b-000000000002"

pytestmark = pytest.mark.anyio


async def test_the_newest_name_counts_and_an_older_one_still_leads_back(store: FileThreadStore) -> None:
    await store.rename(ONE, "first")
    await store.rename(ONE, "second")
    assert await store.names([ONE, TWO]) == {ONE: "second"}
    assert await store.find_named("first") == await store.find_named("second") == ONE
    await store.rename(TWO, "first")
    assert await store.find_named("first") == TWO
    assert await store.find_named("First") is None


async def test_names_are_known_newest_first_and_once(store: FileThreadStore) -> None:
    assert await store.known_names() == []
    for thread_id, name in ((ONE, "a"), (TWO, "b"), (ONE, "c"), (TWO, "a"), (ONE, " ")):
        await store.rename(thread_id, name)
    assert await store.known_names() == ["a", "c", "b"]
    assert await store.known_names(2) == ["a", "c"]


async def test_a_line_is_written_as_other_programs_write_it(
    store: FileThreadStore, clock: Callable[[], object]
) -> None:
    await store.rename(ONE, "näme")
    line = f'{{"id":"{ONE}","thread_name":"näme","updated_at":"2026-02-12T10:11:12.345678000Z"}}\n'
    assert (store.home / "session_index.jsonl").read_bytes() == line.encode()


async def test_lines_that_are_none_are_passed_over(store: FileThreadStore) -> None:
    await store.rename(ONE, "kept")
    with (store.home / "session_index.jsonl").open("ab") as file:
        file.write(b'nonsense\n{"id":1}\n\xff\n{"id":"torn')
    assert await store.find_named("kept") == ONE
    await store.rename(TWO, "next")
    assert await store.names([ONE, TWO]) == {ONE: "kept", TWO: "next"}
