"""What running commands needs of the sandbox: something that starts processes. ``agent_sandbox.Launcher`` is one."""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol

from agent_sandbox.policy import Policy


class Child(Protocol):
    """A started process, leader of its own group."""

    @property
    def pid(self) -> int:
        """The process id."""
        ...

    @property
    def confined(self) -> bool:
        """Whether any back end restricts the process."""
        ...

    @property
    def setup_failed(self) -> bool:
        """Whether confinement failed before the command began, so that code and output are not its own."""
        ...

    async def receive(self, max_bytes: int = 65536) -> bytes:
        """Return the next output; ``b""`` once there is no more."""
        ...

    async def receive_stderr(self, max_bytes: int = 65536) -> bytes:
        """Return the next error output where the streams were kept apart; ``b""`` once there is no more."""
        ...

    async def send(self, data: bytes) -> None:
        """Write to standard input or to the terminal."""
        ...

    def close_stdin(self) -> None:
        """End standard input where it is a pipe."""
        ...

    async def wait(self) -> int:
        """Return the exit code, the negated signal number where a signal ended the process."""
        ...

    def kill_group(self) -> None:
        """Kill the process and every member of its group."""
        ...

    async def aclose(self) -> None:
        """Release what is held for the process."""
        ...


class Spawner(Protocol):
    """Starts processes under a policy."""

    async def spawn(
        self,
        argv: Sequence[str],
        *,
        cwd: str,
        env: Mapping[str, str],
        policy: Policy,
        policy_cwd: str,
        stdin: Literal["null", "pipe"] = "null",
        merge_stderr: bool = False,
        pty: tuple[int, int] | None = None,
    ) -> Child:
        """Start ``argv``; ``pty`` is the (rows, columns) of a terminal to start it on.

        Raises:
            SandboxError: it cannot be started, or not confined as the policy asks.
        """
        ...
