"""Measure how long the event loop stands still while a server reads and resumes a long thread.

    python benchmarks/loop_stall.py [--megabytes N] [--turns N] [--kind compacted|whole|extended]

A server and its agent run in this process; beside them a task wakes every millisecond and notes how late it is. What
is late by that much would be late in any other thread of the server.
"""

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import anyio
from agent_core.agent import open_agent
from agent_protocol.client.direct import DirectTransport, direct_pair
from agent_server import serve
from long_thread import FOLDER, NAME, REQUESTS, write_record

CONFIG = """\
model = "gpt-5.2-codex"
model_provider = "bench"
[model_providers.bench]
name = "Bench"
base_url = "http://127.0.0.1:9/v1"
"""


async def ask(client: DirectTransport, number: int, method: str, params: dict[str, object]) -> int:
    """Send a request and return the size of its reply, which is not parsed."""
    await client.send([json.dumps({"id": number, "method": method, "params": params}).encode()])
    while True:
        for frame in await client.receive():
            if b'"id":%d' % number in frame[:40]:
                return len(frame)


async def watch(gaps: list[float]) -> None:
    """Note how long each wait of a millisecond took."""
    last = time.perf_counter()
    while True:
        await anyio.sleep(0.001)
        now = time.perf_counter()
        gaps.append(now - last)
        last = now


async def measure(home: Path, rounds: Sequence[str]) -> None:
    """Serve the thread of ``home`` and print a row for each request."""
    gaps: list[float] = []
    async with open_agent(cwd=home, home=home) as agent, serve(agent) as server, anyio.create_task_group() as tasks:
        client, far = direct_pair()
        server.attach(far)
        await ask(client, 1, "initialize", {"clientInfo": {"name": "bench", "version": "1"}})
        tasks.start_soon(watch, gaps)
        sys.stdout.write(
            "| request | reply (MiB) | ms | longest stall (ms) | stalls above 10 ms |\n|---|--:|--:|--:|--:|\n"
        )
        for number, name in enumerate(rounds, start=2):
            gaps.clear()
            started = time.perf_counter()
            size = await ask(client, number, *REQUESTS[name])
            elapsed = time.perf_counter() - started
            late = sum(gap > 0.010 for gap in gaps)
            sys.stdout.write(
                f"| {name} | {size / 2**20:.1f} | {elapsed * 1000:.0f} | {max(gaps) * 1000:.1f} | {late} |\n"
            )
        tasks.cancel_scope.cancel()


def main() -> None:
    """Make a record and measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kind", default="compacted")
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--turns", type=int, default=2_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        (home / "config.toml").write_text(CONFIG)
        write_record(home / FOLDER / NAME, options.turns, options.megabytes * 1_000_000, options.kind)
        anyio.run(measure, home, ("read", "read", "read", "resume", "resume"))


if __name__ == "__main__":
    main()
