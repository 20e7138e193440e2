import contextlib
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from agent_protocol.errors import ConnectionLost
from agent_protocol.framing import OversizedFrame
from agent_server.transports.stdio import StdioTransport

pytestmark = pytest.mark.anyio


@pytest.fixture
def ends() -> Iterator[tuple[StdioTransport, int, int]]:
    """A transport, the descriptor that feeds it and the one that shows what it wrote."""
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    yield StdioTransport(in_read, out_write, max_frame_bytes=1000), in_write, out_read
    for fd in (in_write, out_read):
        with contextlib.suppress(OSError):
            os.close(fd)


async def test_lines_become_frames_however_they_are_cut(ends: tuple[StdioTransport, int, int]) -> None:
    transport, feed, _ = ends
    os.write(feed, b'{"a":1}\r\n\n{"b"')
    assert list(await transport.receive()) == [b'{"a":1}\r']
    os.write(feed, b":2}\n{}\n")
    assert list(await transport.receive()) == [b'{"b":2}', b"{}"]
    await transport.aclose()


async def test_a_last_line_without_newline_is_a_frame_and_then_it_ends(ends: tuple[StdioTransport, int, int]) -> None:
    transport, feed, _ = ends
    os.write(feed, b"{}")
    os.close(feed)
    assert list(await transport.receive()) == [b"{}"]
    with pytest.raises(ConnectionLost):
        await transport.receive()
    await transport.aclose()


async def test_an_over_long_line_is_reported_and_the_next_one_read(ends: tuple[StdioTransport, int, int]) -> None:
    transport, feed, _ = ends
    os.write(feed, b'{"id":7,"method":"m","params":"' + b"x" * 2000 + b'"}\n{}\n')
    oversized, after = await transport.receive()
    assert isinstance(oversized, OversizedFrame)
    assert oversized.request_id() == b"7"
    assert after == b"{}"
    await transport.aclose()


async def test_frames_are_written_as_lines_in_one_go(ends: tuple[StdioTransport, int, int]) -> None:
    transport, _, shown = ends
    await transport.send([b"{}", b"[]"])
    assert os.read(shown, 100) == b"{}\n[]\n"
    await transport.aclose()


async def test_a_full_pipe_makes_the_writer_wait_and_blocks_nothing_else(
    ends: tuple[StdioTransport, int, int],
) -> None:
    transport, _, shown = ends
    data = b"x" * 1_000_000
    received = bytearray()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transport.send, [data])
        await anyio.wait_all_tasks_blocked()
        while len(received) < len(data) + 1:
            await anyio.wait_readable(shown)
            received += os.read(shown, 100_000)
    assert bytes(received) == data + b"\n"
    await transport.aclose()


async def test_writing_to_nobody_is_a_lost_connection(ends: tuple[StdioTransport, int, int]) -> None:
    transport, _, shown = ends
    os.close(shown)
    with pytest.raises(ConnectionLost):
        await transport.send([b"{}"])
    await transport.aclose()


async def test_closing_ends_a_waiting_reader_and_writer(ends: tuple[StdioTransport, int, int]) -> None:
    transport, _, _ = ends
    lost: list[str] = []

    async def read() -> None:
        try:
            await transport.receive()
        except ConnectionLost:
            lost.append("read")

    async def write() -> None:
        try:
            await transport.send([b"x" * 1_000_000])
        except ConnectionLost:
            lost.append("write")

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        tasks.start_soon(write)
        await anyio.wait_all_tasks_blocked()
        await transport.aclose()
        await transport.aclose()
    assert sorted(lost) == ["read", "write"]


async def test_the_flags_of_a_shared_pipe_stay_as_they_were() -> None:
    in_read, in_write = os.pipe()
    out_read, out_write = os.pipe()
    shared = os.dup(out_write)
    transport = StdioTransport(in_read, out_write)
    assert os.get_blocking(shared)
    await transport.aclose()
    for fd in (in_write, out_read, shared):
        os.close(fd)


async def test_regular_files_work_on_both_sides(tmp_path: Path) -> None:
    (tmp_path / "in").write_bytes(b"{}\n[]\n")
    in_fd = os.open(tmp_path / "in", os.O_RDONLY)
    out_fd = os.open(tmp_path / "out", os.O_WRONLY | os.O_CREAT)
    transport = StdioTransport(in_fd, out_fd)
    assert list(await transport.receive()) == [b"{}", b"[]"]
    with pytest.raises(ConnectionLost):
        await transport.receive()
    await transport.send([b"x" * 600_000])
    await transport.aclose()
    assert (tmp_path / "out").stat().st_size == 600_001


async def test_a_socket_works_on_both_sides() -> None:
    ours, theirs = socket.socketpair()
    with theirs:
        fd = ours.detach()
        transport = StdioTransport(os.dup(fd), fd)
        theirs.sendall(b"{}\n")
        assert list(await transport.receive()) == [b"{}"]
        await transport.send([b"[]"])
        assert theirs.recv(10) == b"[]\n"
        await transport.aclose()


async def test_a_terminal_that_is_slow_to_drain_gets_everything() -> None:
    controller, terminal = os.openpty()
    transport = StdioTransport(os.dup(terminal), terminal)
    received = bytearray()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(transport.send, [b"x" * 20_000])
        while received.count(b"x") < 20_000:
            await anyio.wait_readable(controller)
            received += os.read(controller, 4096)
    await transport.aclose()
    os.close(controller)


async def test_large_frames_among_small_ones_are_whole_lines(ends: tuple[StdioTransport, int, int]) -> None:
    transport, _, shown = ends
    large = b"x" * 300_000
    frames = [b"{}", b"[]", large, large, b"1"]
    received = bytearray()

    async def read() -> None:
        while not received.endswith(b"\n1\n"):
            await anyio.wait_readable(shown)
            received.extend(os.read(shown, 1 << 20))

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(read)
        await transport.send(frames)
    assert received == b"".join(frame + b"\n" for frame in frames)
    await transport.aclose()
