import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from agent_protocol.rollout.codec import encode_line
from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_protocol.rollout.line import SessionMeta
from agent_state.errors import ThreadLocked
from agent_state.file_store import FileThreadStore
from agent_state.rollout.mend import Mend, mend_tail
from agent_state.store import NewThread
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio
NewThreads = Callable[..., NewThread]

_HOLDER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import anyio
from agent_protocol.rollout.event import AgentMessageEvent
from agent_state.file_store import FileThreadStore


async def main() -> None:
    writer = await FileThreadStore(Path(sys.argv[1])).open(Path(sys.argv[2]))
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(writer.run)
        writer.append([AgentMessageEvent(message="from the other process")])
        await writer.flush()
        print("ready", flush=True)
        await anyio.sleep_forever()


anyio.run(main)
"""


@contextmanager
def _holder(home: Path, path: Path) -> Iterator[subprocess.Popen[str]]:
    argv = [sys.executable, "-c", _HOLDER, str(home), str(path)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        yield process
        process.kill()


async def _stored(store: FileThreadStore, new_thread: NewThreads, last: str) -> Path:
    writer = store.create(new_thread())
    writer.append([UserMessageEvent(message="hello"), AgentMessageEvent(message=last)])
    await writer.materialise()
    await writer.aclose()
    return writer.path


async def test_cut_anywhere_in_its_last_line_a_file_keeps_every_complete_line_and_takes_new_ones(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    path = await _stored(store, new_thread, 'späte "Zeile" \N{GRINNING FACE} {}[]')
    whole = path.read_bytes()
    last_start = whole.rindex(b"\n", 0, len(whole) - 1) + 1
    for length in range(last_start, len(whole) + 1):
        path.write_bytes(whole[:length])
        writer = await store.open(path)
        writer.append([AgentMessageEvent(message="next")])
        await writer.aclose()
        kept = whole if length >= len(whole) - 1 else whole[:last_start]
        after = path.read_bytes()
        assert after.startswith(kept), length
        assert after.count(b"\n") == kept.count(b"\n") + 1, length
        lines = await store.load(path)
        assert [encode_line(line) for line in lines] == after.splitlines(), length


async def test_a_reader_skips_a_torn_line_and_reads_a_whole_one_without_its_break(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    path = await _stored(store, new_thread, "bye")
    whole = path.read_bytes()
    path.write_bytes(whole[:-1])
    assert len(await store.load(path)) == 3
    path.write_bytes(whole[:-2])
    assert len(await store.load(path)) == 2
    assert path.read_bytes() == whole[:-2]


async def test_bad_lines_in_the_middle_are_skipped_and_left_where_they_are(
    store: FileThreadStore, new_thread: NewThreads
) -> None:
    path = await _stored(store, new_thread, "bye")
    first, *rest = path.read_bytes().splitlines(keepends=True)
    spoiled = b"\n".join([first.strip(), b"\x00\xff{", b"", b'{"timestamp":"t"}', b"[1]", b""]) + b"".join(rest)
    path.write_bytes(spoiled)
    lines = await store.load(path)
    assert len(lines) == 3
    assert isinstance(lines[0].item, SessionMeta)
    writer = await store.open(path)
    await writer.aclose()
    assert path.read_bytes() == spoiled


@given(lines=st.lists(st.binary(max_size=80).map(lambda data: data.replace(b"\n", b"")), max_size=4), tail=st.binary())
def test_mending_touches_only_what_follows_the_last_line_break(lines: list[bytes], tail: bytes) -> None:
    fragment = tail.replace(b"\n", b"")
    complete = b"".join(line + b"\n" for line in lines)
    fd = os.memfd_create("rollout")
    try:
        os.write(fd, complete + fragment)
        mend = mend_tail(fd)
        content = os.pread(fd, 1 << 20, 0)
    finally:
        os.close(fd)
    if not fragment:
        assert (mend, content) == (None, complete)
    elif mend == Mend(completed=True, cut_bytes=0):
        assert content == complete + fragment + b"\n"
    else:
        assert (mend, content) == (Mend(completed=False, cut_bytes=len(fragment)), complete)


def test_a_torn_line_longer_than_any_buffer_is_cut_whole() -> None:
    fd = os.memfd_create("rollout")
    try:
        os.write(fd, b'{"a":1}\n' + b"x" * 300_000)
        assert mend_tail(fd) == Mend(completed=False, cut_bytes=300_000)
        assert os.pread(fd, 100, 0) == b'{"a":1}\n'
    finally:
        os.close(fd)


async def test_the_second_writer_is_told_who_the_first_is_and_may_write_once_that_was_killed(
    store: FileThreadStore, new_thread: NewThreads, home: Path
) -> None:
    path = await _stored(store, new_thread, "bye")
    with _holder(home, path) as holder:
        with pytest.raises(ThreadLocked) as caught:
            await store.open(path)
        assert caught.value.owner_pid == holder.pid
        assert caught.value.thread_id == new_thread().meta.id
        assert len(await store.load(path)) == 4
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    writer = await store.open(path)
    await writer.aclose()
    assert len(await store.load(path)) == 4


async def test_one_process_cannot_open_a_thread_twice_either(store: FileThreadStore, new_thread: NewThreads) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    with pytest.raises(ThreadLocked) as caught:
        await store.open(writer.path)
    assert caught.value.owner_pid == os.getpid()
    await writer.aclose()
    again = await store.open(writer.path)
    await again.aclose()


async def test_a_note_of_a_dead_owner_names_nobody(store: FileThreadStore, new_thread: NewThreads, home: Path) -> None:
    writer = store.create(new_thread())
    await writer.materialise()
    (home / "locks" / f"{writer.thread_id}.json").write_text("{")
    with pytest.raises(ThreadLocked) as caught:
        await store.open(writer.path)
    assert caught.value.owner_pid is None
    await writer.aclose()
