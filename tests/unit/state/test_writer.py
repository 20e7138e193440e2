import errno
import json
import os
import resource
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import anyio
import anyio.lowlevel
import msgspec
import pytest
from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_protocol.rollout.line import GitInfo, RolloutItem, SessionMeta
from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutWriteError, WriterClosed
from agent_state.file_store import FileThreadStore
from agent_state.store import NewThread, ThreadStore

NewThreads = Callable[..., NewThread]
pytestmark = pytest.mark.anyio


class Steps(Protocol):
    def step(self, seconds: float) -> None: ...


def _messages(*texts: str) -> list[RolloutItem]:
    return [AgentMessageEvent(message=text) for text in texts]


def _texts(path: Path) -> list[str]:
    payloads = [json.loads(line)["payload"] for line in path.read_text().splitlines()]
    return [payload["message"] for payload in payloads if "message" in payload]


def _missing(path: Path) -> bool:
    return not path.exists()


@contextmanager
def _file_size_limit(limit: int) -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_the_file_store_is_a_thread_store(store: FileThreadStore) -> None:
    as_protocol: ThreadStore = store
    assert await as_protocol.find("nonsense") is None


async def test_the_path_is_known_at_once_and_nothing_is_made_before_it_is_asked_for(
    store: FileThreadStore, new_thread: NewThreads, home: Path
) -> None:
    writer = store.create(new_thread())
    writer.append(_messages("a"))
    await writer.flush(durable=True)
    assert writer.path.name == "rollout-2026-02-12T10-11-12-019c4a07-d809-74c3-bc4b-fd9618487b4b.jsonl"
    assert not writer.is_materialised
    await writer.aclose()
    assert _missing(home)


async def test_materialising_writes_the_meta_then_the_buffer(
    store: FileThreadStore, new_thread: NewThreads, home: Path
) -> None:
    writer = store.create(new_thread())
    writer.append(_messages("a", "b"))
    await writer.materialise()
    await writer.materialise()
    lines = [json.loads(line) for line in writer.path.read_text().splitlines()]
    assert [line["type"] for line in lines] == ["session_meta", "event_msg", "event_msg"]
    assert list(lines[0]) == ["timestamp", "type", "payload"]
    assert lines[0]["timestamp"] == "2026-02-12T10:11:12.345Z"
    assert await store.find(writer.thread_id.upper()) == writer.path
    await writer.aclose()
    assert not any((home / "locks").iterdir())


async def test_the_meta_is_completed_when_the_file_is_made(store: FileThreadStore, new_thread: NewThreads) -> None:
    async def with_git(meta: SessionMeta) -> SessionMeta:
        return msgspec.structs.replace(meta, git=GitInfo(branch="main"))

    new = new_thread()
    writer = store.create(NewThread(meta=new.meta, created_at=new.created_at, finish_meta=with_git))
    await writer.materialise()
    assert json.loads(writer.path.read_text())["payload"]["git"] == {"branch": "main"}
    await writer.aclose()


async def test_lines_keep_their_order_and_the_time_they_were_appended(
    store: FileThreadStore, new_thread: NewThreads, clock: Steps
) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    writer.append(_messages("a"))
    clock.step(1.5)
    writer.append(_messages("b", "c"))
    await writer.flush()
    stamps = [json.loads(line)["timestamp"] for line in writer.path.read_text().splitlines()]
    assert stamps[1:] == ["2026-02-12T10:11:12.345Z"] + ["2026-02-12T10:11:13.845Z"] * 2
    assert _texts(writer.path) == ["a", "b", "c"]
    await writer.aclose()


async def test_the_background_loop_writes_without_being_asked_and_ends_with_the_writer(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run)
            await writer.materialise()
            for number in range(50):
                writer.append(_messages(str(number)))
            while writer.pending_lines:
                await anyio.lowlevel.checkpoint()
            assert _texts(writer.path) == [str(number) for number in range(50)]
            writer.append(_messages("last"))
            await writer.aclose()
    assert _texts(writer.path)[-1] == "last"


async def test_many_flushes_at_once_write_every_line_once(store: FileThreadStore, new_thread: NewThreads) -> None:
    writer = store.create(new_thread())
    await writer.materialise()

    async def one(number: int) -> None:
        writer.append(_messages(str(number)))
        await writer.flush()
        assert str(number) in _texts(writer.path)

    async with anyio.create_task_group() as tasks:
        for number in range(30):
            tasks.start_soon(one, number)
    assert sorted(_texts(writer.path), key=int) == [str(number) for number in range(30)]
    await writer.aclose()


async def test_a_cancelled_flush_neither_loses_nor_doubles_lines(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    writer.append(_messages("a"))
    with anyio.CancelScope() as scope:
        scope.cancel()
        await writer.flush()
    await writer.flush()
    await writer.flush(durable=True)
    assert _texts(writer.path) == ["a"]
    await writer.aclose()


async def test_a_closed_writer_takes_no_lines(store: FileThreadStore, new_thread: NewThreads) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    await writer.aclose()
    await writer.aclose()
    with pytest.raises(WriterClosed):
        writer.append(_messages("late"))
    await writer.flush(durable=True)


async def test_appending_to_a_stored_thread_writes_no_second_meta(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    first = store.create(new_thread())
    first.append(_messages("a"))
    await first.materialise()
    await first.aclose()
    before = first.path.read_bytes()
    second = await store.open(first.path)
    assert first.path.read_bytes() == before
    assert second.thread_id == first.thread_id
    assert second.is_materialised
    second.append(_messages("b"))
    await second.aclose()
    assert first.path.read_bytes().startswith(before)
    assert _texts(first.path) == ["a", "b"]


async def test_a_batch_that_does_not_fit_leaves_the_file_as_it_was_and_waits(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    writer.append(_messages("a"))
    await writer.materialise()
    before = writer.path.read_bytes()
    writer.append(_messages("b" * 5000, "c"))
    with _file_size_limit(len(before) + 1000), pytest.raises(RolloutWriteError) as caught:
        await writer.flush()
    assert caught.value.errno == errno.EFBIG
    assert caught.value.path == writer.path
    assert writer.path.read_bytes() == before
    writer.append(_messages("d"))
    await writer.flush()
    assert [text[0] for text in _texts(writer.path)] == ["a", "b", "c", "d"]
    await writer.aclose()


async def test_a_full_disk_at_creation_leaves_no_file_and_can_be_tried_again(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    writer.append(_messages("b" * 5000))
    with _file_size_limit(1000), pytest.raises(RolloutWriteError):
        await writer.materialise()
    assert not writer.path.exists()
    assert not writer.is_materialised
    await writer.materialise()
    assert len(_texts(writer.path)) == 1
    await writer.aclose()


async def test_the_background_loop_outlives_a_failure(store: FileThreadStore, new_thread: NewThreads) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(writer.run)
            with _file_size_limit(writer.path.stat().st_size):
                writer.append(_messages("a"))
                with pytest.raises(RolloutWriteError):
                    await writer.flush()
            writer.append(_messages("b"))
            while writer.pending_lines:
                await anyio.lowlevel.checkpoint()
            await writer.aclose()
    assert _texts(writer.path) == ["a", "b"]


@pytest.mark.parametrize("vanished", [".", "sessions"])
async def test_lines_for_a_record_that_was_removed_are_refused_and_kept(
    store: FileThreadStore, new_thread: NewThreads, home: Path, vanished: str
) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    shutil.rmtree(home / vanished)
    writer.append(_messages("a"))

    with pytest.raises(RolloutWriteError) as raised:
        await writer.flush()
    assert (raised.value.errno, raised.value.path) == (errno.ENOENT, writer.path)
    assert writer.pending_lines == 1
    with pytest.raises(RolloutWriteError):
        await writer.aclose()


async def test_a_record_that_was_moved_is_written_where_it_is(
    store: FileThreadStore, new_thread: NewThreads, home: Path
) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    moved = writer.path.rename(home / "moved.jsonl")
    writer.append(_messages("a"))
    await writer.aclose()

    assert _texts(moved) == ["a"]


@pytest.mark.parametrize("place", ["below_a_file", "kernel"])
async def test_a_home_that_cannot_be_written_is_named_in_the_error(
    tmp_path: Path, new_thread: NewThreads, place: str
) -> None:
    (tmp_path / "file").touch()
    home = tmp_path / "file" / "home" if place == "below_a_file" else Path("/proc/1/agent-home")
    writer = FileThreadStore(home).create(new_thread())
    writer.append(_messages("a"))
    with pytest.raises(RolloutWriteError) as caught:
        await writer.materialise()
    assert caught.value.errno in {errno.ENOTDIR, errno.ENOENT, errno.EACCES, errno.EPERM}
    assert home in caught.value.path.parents
    assert writer.pending_lines == 1
    await writer.aclose()


async def test_a_file_of_another_writer_with_the_same_name_is_never_overwritten(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    writer.path.parent.mkdir(parents=True)
    writer.path.write_text("mine\n")
    with pytest.raises(RolloutWriteError) as caught:
        await writer.materialise()
    assert caught.value.errno == errno.EEXIST
    assert writer.path.read_text() == "mine\n"
    await writer.aclose()


async def test_only_what_is_a_rollout_can_be_opened(store: FileThreadStore, tmp_path: Path) -> None:
    with pytest.raises(RolloutMissing):
        await store.open(tmp_path / "none.jsonl")
    path = tmp_path / "some.jsonl"
    for content in (b"", b"\n\n", b"not json\n", b'{"timestamp":"t","type":"event_msg","payload":{}}\n'):
        path.write_bytes(content)
        with pytest.raises(RolloutInvalid):
            await store.open(path)
        with pytest.raises(RolloutInvalid):
            await store.load(path)
        assert path.read_bytes() == content


async def test_the_first_user_message_of_a_written_thread_is_its_preview(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    writer = store.create(new_thread())
    writer.append([UserMessageEvent(message="context\n## My request for Codex:\n fix it \n")])
    await writer.materialise()
    await writer.aclose()
    summary = await store.summary(writer.path)
    assert summary.preview == "fix it"
    assert summary.thread_id == writer.thread_id
    assert summary.cwd == "/proj/app"
    assert summary.updated_at.timestamp() == int(os.stat(writer.path).st_mtime)
    assert summary.created_at == new_thread().created_at.replace(microsecond=0)
    assert not summary.archived
