"""One run of `agent fork`: a client of the server in this process."""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field

import anyio
from agent_core.agent import open_agent
from agent_core.config.override import parse_override
from agent_protocol.client import connect_direct
from agent_protocol.v2.thread import THREAD_FORK, ThreadForkParams
from agent_protocol.version import VERSION
from agent_server.server import Server

from agent_cli.failure import sentence
from agent_cli.opening import Resume, find_thread
from agent_cli.render.human import resume_command
from agent_cli.run import IMPOSSIBLE
from agent_cli.view import Streams
from agent_cli.workspace import working_directory

ORIGINATOR = "agent_cli"


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `agent fork` was asked to do; ``None`` leaves a setting to the recorded thread or the configuration."""

    source: Resume
    model: str | None = None
    overrides: tuple[str, ...] = ()
    directory: str | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where AGENT_HOME is read from."""


async def fork(options: Options, streams: Streams) -> None:
    """Copy the thread, print the id of the copy, and note how to go on with it.

    Raises one of ``IMPOSSIBLE`` where that cannot be done.
    """
    directory = working_directory(options.directory)
    async with (
        open_agent(
            cwd=directory,
            overrides=[parse_override(text) for text in options.overrides],
            originator=ORIGINATOR,
            source="cli",
            environ=options.environ,
        ) as agent,
        Server(agent) as server,
        connect_direct(server) as client,
    ):
        await client.initialize(ORIGINATOR, VERSION)
        copy = await client.request(
            THREAD_FORK,
            ThreadForkParams(
                thread_id=await find_thread(client, agent.names, directory, options.source),
                model=options.model,
                cwd=None if options.directory is None else str(directory),
            ),
        )
    streams.stdout.write(f"{copy.thread.id}\n")
    streams.stdout.flush()
    streams.note(f"to go on: {resume_command(copy.thread.id)}")


def execute(options: Options) -> int:
    """Copy a thread, on the process's own streams, and return the exit code."""
    streams = Streams(sys.stdin.buffer, sys.stdout, sys.stderr)
    code = 1
    try:
        anyio.run(fork, options, streams)
        code = 0
    except* IMPOSSIBLE as group:
        streams.note(f"error: {sentence(group)}")
    return code
