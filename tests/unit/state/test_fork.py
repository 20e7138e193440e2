import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_protocol.rollout.line import SessionMeta
from agent_state.errors import RolloutMissing, RolloutWriteError, ThreadLocked
from agent_state.file_store import FileThreadStore
from agent_state.rollout.writer import RolloutWriter
from agent_state.store import NewThread
from msgspec import structs

COPY = "019c4a07-d809-74c3-bc4b-000000000001"

pytestmark = pytest.mark.anyio

Make = Callable[..., NewThread]


@pytest.fixture
async def source(store: FileThreadStore, new_thread: Make) -> RolloutWriter:
    writer = store.create(new_thread())
    writer.append([UserMessageEvent(message="hello")])
    await writer.materialise()
    return writer


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


async def test_a_copy_holds_its_own_meta_and_then_the_source_with_new_stamps(
    store: FileThreadStore, source: RolloutWriter, new_thread: Make, clock: Callable[[], object]
) -> None:
    with source.path.open("ab") as file:
        file.write(
            b'{"timestamp":"2020-01-01T00:00:00.000Z","type":"odd","payload":{"kept":"\\u0041 as it is"},"x":1}\n'
        )
        file.write(b'{"torn":')
    before = source.path.read_bytes()
    copy = await store.fork(new_thread(COPY), source.path)
    assert copy.is_materialised
    copy.append([AgentMessageEvent(message="more")])
    await copy.flush()
    assert source.path.read_bytes() == before
    found = lines(copy.path)
    assert [line["type"] for line in found] == ["session_meta", "session_meta", "event_msg", "odd", "event_msg"]
    assert {line["timestamp"] for line in found} == {"2026-02-12T10:11:12.345Z"}
    assert b'"payload":{"kept":"\\u0041 as it is"},"x":1}\n' in copy.path.read_bytes()
    assert (await store.meta(copy.path)).id == COPY
    await copy.aclose()


async def test_a_copy_is_locked_like_any_thread(
    store: FileThreadStore, source: RolloutWriter, new_thread: Make
) -> None:
    copy = await store.fork(new_thread(COPY), source.path)
    with pytest.raises(ThreadLocked):
        await store.open(copy.path)
    await copy.aclose()
    again = await store.open(copy.path)
    assert again.thread_id == COPY
    await again.aclose()


async def test_the_meta_of_a_copy_is_completed_when_it_is_made(
    store: FileThreadStore, source: RolloutWriter, new_thread: Make
) -> None:
    async def finish(meta: SessionMeta) -> SessionMeta:
        return structs.replace(meta, cli_version="finished")

    plain = new_thread(COPY)
    new = NewThread(meta=plain.meta, created_at=plain.created_at + timedelta(days=1), finish_meta=finish)
    copy = await store.fork(new, source.path)
    assert (await store.meta(copy.path)).cli_version == "finished"
    assert copy.path.parent.name == "13"


async def test_a_copy_that_fails_leaves_nothing(
    store: FileThreadStore, source: RolloutWriter, new_thread: Make, home: Path
) -> None:
    with pytest.raises(RolloutMissing):
        await store.fork(new_thread(COPY), home / "sessions/gone.jsonl")
    assert list(source.path.parent.iterdir()) == [source.path]
    late = NewThread(meta=new_thread(COPY).meta, created_at=new_thread().created_at + timedelta(days=1))
    (source.path.parent.parent / "13").write_text("in the way")
    with pytest.raises(RolloutWriteError):
        await store.fork(late, source.path)
