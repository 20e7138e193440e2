"""Starts commands under a policy, through one fork server that lives as long as the launcher."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Self

import anyio
import anyio.to_thread

from agent_sandbox.command import CommandRequest, PreparedCommand
from agent_sandbox.errors import LauncherLost, Obstacle, PolicyInvalid, SandboxUnavailable, SpawnFailed
from agent_sandbox.fork_client import ForkClient
from agent_sandbox.fork_protocol import MAX_ORDER_BYTES
from agent_sandbox.policy import Policy
from agent_sandbox.process import Process
from agent_sandbox.report import BackendName, Report
from agent_sandbox.wiring import InputMode, OutputMode, Wiring, wire

_COMMAND_STEPS = frozenset(("cwd", "exec", "fork"))
"""Steps that concern the command itself; any other step that fails is the confinement."""


class Launcher:
    """Starts commands. Use it as an async context manager; at its end every command it started is killed.

    ``report`` stands in for probing the host, ``probe`` for the way that is done.
    The fork server starts with the first command, or with ``prepare``, and is started again should it die.
    """

    def __init__(self, *, report: Report | None = None, probe: Callable[[], Report] | None = None) -> None:
        self._report = report
        self._probe = probe
        self._client: ForkClient | None = None
        self._starting = anyio.Lock()
        self._probing = anyio.Lock()
        self._closed = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Kill every command that still runs or was left behind, and end the fork server."""
        self._closed = True
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def prepare(self) -> Report:
        """Probe the host and start the fork server now, so that the first command waits for neither."""
        await self._running_client()
        return await self.report()

    async def report(self) -> Report:
        """Return what this host can confine with. The host is probed once per process."""
        async with self._probing:
            if self._report is None:
                from agent_sandbox.host import cached_probe

                self._report = await anyio.to_thread.run_sync(self._probe or cached_probe)
        return self._report

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: str | os.PathLike[str],
        env: Mapping[str, str],
        policy: Policy,
        policy_cwd: str | os.PathLike[str] | None = None,
        backend: BackendName = "auto",
        stdin: InputMode = "null",
        output: OutputMode = "pipe",
        merge_stderr: bool = False,
        pty: tuple[int, int] | None = None,
    ) -> Process:
        """Start ``argv`` in ``cwd`` with exactly ``env``, confined by ``policy``, and return once it runs.

        ``policy_cwd`` is the workspace the policy is about, ``cwd`` when left out. ``pty`` gives the command a terminal
        of that many rows and columns in place of ``stdin``, ``output`` and ``merge_stderr``.

        Raises ``SandboxUnavailable`` when the policy cannot be enforced, ``SpawnFailed`` when the program or the
        directory is not there, ``PolicyInvalid`` for a relative directory, ``LauncherLost`` when the fork server fails.
        """
        command = await self._command(_request(argv, cwd, env, policy, policy_cwd, terminal=pty is not None), backend)
        program = argv[0]
        try:
            order = command.order()
            if len(order) > MAX_ORDER_BYTES:
                raise SpawnFailed("exec", errno.E2BIG, program)
            wiring = wire(command, stdin=stdin, output=output, merge_stderr=merge_stderr, pty=pty)
        except ValueError:
            raise SpawnFailed("exec", errno.EINVAL, program) from None
        except OSError as error:
            raise SpawnFailed("fork", error.errno or errno.EMFILE, program) from error
        try:
            pid = await self._launch(order, wiring, program)
        except SpawnFailed as error:
            wiring.close()
            if error.step in _COMMAND_STEPS:
                raise
            reason = f"the kernel refused {error.step}: {os.strerror(error.errno)}"
            obstacle = Obstacle(backend=command.backend, reason=reason)
            raise SandboxUnavailable(policy.summary(), backend, (obstacle,)) from error
        except BaseException:
            wiring.close()
            raise
        return Process(pid, command, wiring.channel, wiring.streams)

    async def _command(self, request: CommandRequest, backend: BackendName) -> PreparedCommand:
        if not request.resolved.policy.confines:
            from agent_sandbox.backends import none

            return none.prepare(request)
        from agent_sandbox.select import choose

        report = await self.report()
        if choose(request.resolved.policy, backend, report) == "bubblewrap":
            from agent_sandbox.backends import bubblewrap

            return bubblewrap.prepare(request, report)
        from agent_sandbox.backends import landlock

        return landlock.prepare(request, report)

    async def _launch(self, order: bytes, wiring: Wiring, program: str) -> int:
        client = await self._running_client()
        try:
            return await client.launch(order, wiring, program)
        except LauncherLost:
            await self._discard(client)
            if not wiring.owned:
                # The server took the order with it; whether the command began is not known.
                raise
        return await (await self._running_client()).launch(order, wiring, program)

    async def _running_client(self) -> ForkClient:
        async with self._starting:
            if self._closed:
                raise anyio.ClosedResourceError
            if self._client is None:
                self._client = await ForkClient.start()
            return self._client

    async def _discard(self, client: ForkClient) -> None:
        async with self._starting:
            if self._client is client:
                self._client = None
                await client.aclose()


def _request(
    argv: Sequence[str],
    cwd: str | os.PathLike[str],
    env: Mapping[str, str],
    policy: Policy,
    policy_cwd: str | os.PathLike[str] | None,
    *,
    terminal: bool,
) -> CommandRequest:
    if not argv:
        raise SpawnFailed("exec", errno.EINVAL, "")
    if not os.path.isabs(cwd):
        raise PolicyInvalid("cwd", os.fspath(cwd), "is not an absolute path")
    resolved = policy.resolve(cwd if policy_cwd is None else policy_cwd)
    return CommandRequest(argv=tuple(argv), cwd=os.fspath(cwd), env=env, resolved=resolved, terminal=terminal)
