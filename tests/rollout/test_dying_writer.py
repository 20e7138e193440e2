import os
import random
import signal
import subprocess
import sys
from datetime import UTC
from pathlib import Path
from uuid import UUID

import dying_writer
import pytest
from agent_protocol.rollout.event import AgentMessageEvent
from agent_state.file_store import FileThreadStore
from agent_state.rollout.path import new_path

POSITIONS = int(os.environ.get("AGENT_CRASH_POSITIONS", "40"))
SMALLEST = 256
"""Of the bytes a writer may write to a file; the note beside the lock must fit."""

pytestmark = [pytest.mark.anyio, pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")]


def thread_id(number: int) -> str:
    return str(UUID(int=(0x019C4A07 << 96) + (7 << 76) + (2 << 62) + number))


def path_of(home: Path, number: int) -> Path:
    return new_path(home, thread_id(number), dying_writer.NOW, UTC)


def write_until(home: Path, sizes: list[int]) -> list[tuple[int, int]]:
    """Let one writer die at each of ``sizes``; return the signals and the counts of lines flushed before."""
    asked = "".join(f"{thread_id(number)} {size}\n" for number, size in enumerate(sizes))
    script = [sys.executable, dying_writer.__file__, str(home)]
    done = subprocess.run(script, input=asked, stdout=subprocess.PIPE, text=True, check=True)
    outcomes = [line.split() for line in done.stdout.splitlines()]
    assert [outcome[0] for outcome in outcomes] == [thread_id(number) for number in range(len(sizes))]
    return [(int(ended_by), int(flushed)) for _, ended_by, flushed in outcomes]


async def test_no_complete_line_is_lost_wherever_the_writer_dies(tmp_path: Path) -> None:
    whole_home, home = tmp_path / "whole", tmp_path / "home"
    assert write_until(whole_home, [1 << 30])[0][0] == 0
    length = path_of(whole_home, 0).stat().st_size
    rng = random.Random(1)
    sizes = [rng.randrange(SMALLEST, length) for _ in range(POSITIONS)]
    outcomes = write_until(home, sizes)

    store = FileThreadStore(home, now=lambda: dying_writer.NOW, zone=UTC)
    for number, (size, (ended_by, flushed)) in enumerate(zip(sizes, outcomes, strict=True)):
        path = path_of(home, number)
        whole = path_of(whole_home, 0).read_bytes().replace(thread_id(0).encode(), thread_id(number).encode())
        written = path.read_bytes()
        assert ended_by == signal.SIGXFSZ
        assert written == whole[:size]
        complete = written[: written.rfind(b"\n") + 1]
        assert complete.count(b"\n") >= flushed

        writer = await store.open(path)
        writer.append([AgentMessageEvent(message="goes on")])
        await writer.aclose()
        mended = path.read_bytes()
        assert mended.startswith(complete)
        # The bytes of a line whose break alone was missing are a line too.
        assert mended.count(b"\n") - complete.count(b"\n") == 1 + (whole[size : size + 1] == b"\n")
        assert len(await store.load(path)) == mended.count(b"\n")
        assert whole.startswith(mended[: mended[:-1].rfind(b"\n") + 1])
