"""`agent app-server`: an agent and a server on this process's standard streams."""

import sys
from pathlib import Path

import anyio
from agent_core.config.errors import ConfigError
from agent_core.config.override import parse_override
from agent_core.host import host_agent
from agent_server.stdio import serve_stdio

from agent_cli.argv import AppServerOptions
from agent_cli.failure import sentence


def serve(options: AppServerOptions) -> int:
    """Serve until standard input ends or a signal comes, and return the exit code."""
    code = 1
    try:
        code = anyio.run(_serve, options)
    except* (ConfigError, OSError) as group:
        sys.stderr.write(f"error: {sentence(group)}\n")
    return code


async def _serve(options: AppServerOptions) -> int:
    overrides = [parse_override(text) for text in options.overrides]
    async with host_agent(cwd=Path.cwd(), overrides=overrides, source="vscode") as host:
        return await serve_stdio(host)
