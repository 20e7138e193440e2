"""`agent app-server`: an agent and a server on this process's standard streams."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
from agent_core.config.errors import ConfigError
from agent_core.host import host_agent
from agent_server.stdio import serve_stdio

from agent_cli.argv import AppServerOptions
from agent_cli.failure import sentence

if TYPE_CHECKING:
    from agent_core.config.override import Override


def serve(options: AppServerOptions) -> int:
    """Serve until standard input ends or a signal comes, and return the exit code."""
    code = 1
    try:
        code = anyio.run(_serve, options)
    except* (ConfigError, OSError) as group:
        sys.stderr.write(f"error: {sentence(group)}\n")
    return code


async def _serve(options: AppServerOptions) -> int:
    overrides = _overrides(options.overrides)
    async with host_agent(cwd=Path.cwd(), overrides=overrides, source="vscode") as host:
        return await serve_stdio(host)


def _overrides(texts: Sequence[str]) -> "list[Override]":
    if not texts:
        return []
    from agent_core.config.override import parse_override

    return [parse_override(text) for text in texts]
