"""Write threads in processes that the kernel kills when a file reaches a given size, each in a child of its own.

    python dying_writer.py HOME < POSITIONS

A line of standard input is a thread id and a size in bytes; a line of output is the id, the signal that ended the
writer (0 if none did) and the number of lines that had been flushed by then.
"""

import os
import resource
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

import anyio
from agent_protocol.rollout.event import AgentMessageEvent
from agent_protocol.rollout.line import SessionMeta
from agent_state.file_store import FileThreadStore
from agent_state.store import NewThread
from msgspec import structs

NOW = datetime(2026, 2, 12, 10, 11, 12, tzinfo=UTC)
META = SessionMeta(
    id="", timestamp="2026-02-12T10:11:12.000Z", cwd="/", originator="test", cli_version="0", source="cli"
)


def texts(batch: int) -> list[str]:
    """Return what one batch says; lines are of many lengths."""
    return [f"{batch}/{number} " + "ünï – " * (7 * number % 40) for number in range(1 + batch % 4)]


BATCHES = [texts(batch) for batch in range(20)]


async def write(home: Path, thread_id: str, report: int) -> None:
    """Write all batches, one flush each; the writer is opened again in the middle, as a resumed thread does it."""
    store = FileThreadStore(home, now=lambda: NOW, zone=UTC)
    writer = store.create(NewThread(meta=structs.replace(META, id=thread_id), created_at=NOW))
    await writer.materialise()
    flushed = 1
    for number, batch in enumerate(BATCHES):
        if number == len(BATCHES) // 2:
            await writer.aclose()
            writer = await store.open(writer.path)
        writer.append([AgentMessageEvent(message=text) for text in batch])
        await writer.flush()
        flushed += len(batch)
        os.pwrite(report, flushed.to_bytes(4, "big"), 0)
    await writer.aclose()


def die_at(home: Path, thread_id: str, size: int) -> tuple[int, int]:
    """Write a thread until a file has ``size`` bytes; return the signal and the count of flushed lines."""
    report = os.memfd_create("report")
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
        anyio.run(write, home, thread_id, report)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    flushed = int.from_bytes(os.pread(report, 4, 0), "big")
    os.close(report)
    return (os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0), flushed


def main() -> None:
    """Read positions, write outcomes."""
    for line in sys.stdin:
        thread_id, size = line.split()
        ended_by, flushed = die_at(Path(sys.argv[1]), thread_id, int(size))
        sys.stdout.write(f"{thread_id} {ended_by} {flushed}\n")


if __name__ == "__main__":
    main()
