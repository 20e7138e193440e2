"""An agent that opens when it is first needed, so that a server can answer its first request at once.

Opening an agent imports most of this package; introducing it does not.
"""

import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from agent_core.config.home import agent_home
from agent_core.group import ungrouped
from agent_core.identity import Identity

if TYPE_CHECKING:
    from agent_protocol.rollout.source import SourceKind

    from agent_core.agent import Agent
    from agent_core.config.override import Override


class AgentHost:
    """Introduces an agent and opens it on demand. Made by :func:`host_agent`."""

    def __init__(self, home: Path, identity: Identity) -> None:
        self._home = home
        self._identity = identity
        self._wanted = anyio.Event()
        self._ready = anyio.Event()
        self._agent: Agent | None = None

    @property
    def home(self) -> str:
        """The absolute path of the home in use."""
        return str(self._home)

    def introduce(self, client_name: str, client_version: str) -> str:
        """Note who connected and return the user agent text."""
        return self._identity.introduce(client_name, client_version)

    async def opened(self) -> "Agent":
        """Return the agent, opening it if this is the first call."""
        self._wanted.set()
        await self._ready.wait()
        assert self._agent is not None
        return self._agent

    async def aclose(self, reason: str) -> None:
        """Close the agent if it was opened. May be called more than once."""
        if self._agent is not None:
            await self._agent.aclose(reason)

    async def run(
        self, *, cwd: Path, overrides: "Sequence[Override]", source: "SourceKind", environ: Mapping[str, str]
    ) -> None:
        """Open the agent once it is wanted and keep it open until cancelled."""
        await self._wanted.wait()
        await anyio.to_thread.run_sync(import_module, "agent_core.agent")
        from agent_core.agent import open_agent

        async with open_agent(
            home=self._home, cwd=cwd, overrides=overrides, source=source, environ=environ, identity=self._identity
        ) as agent:
            self._agent = agent
            self._ready.set()
            await anyio.sleep_forever()


@asynccontextmanager
async def host_agent(
    *,
    cwd: Path,
    home: Path | None = None,
    overrides: "Sequence[Override]" = (),
    originator: str = "agent",
    source: "SourceKind" = "vscode",
    environ: Mapping[str, str] = os.environ,
) -> AsyncIterator[AgentHost]:
    """Host an agent for the length of the block; the arguments are those of ``agent_core.agent.open_agent``.

    Raises:
        ConfigError: the home cannot be used.
    """
    host = AgentHost(agent_home(environ) if home is None else home, Identity(originator, environ))
    run = partial(host.run, cwd=cwd, overrides=overrides, source=source, environ=environ)
    with ungrouped():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(run)
            yield host
            tasks.cancel_scope.cancel()
