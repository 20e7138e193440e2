"""What can go wrong between a policy and a running command. A denied command is not here: it is an outcome."""

from __future__ import annotations

import errno as errno_codes
import os
from dataclasses import dataclass


class SandboxError(Exception):
    """Base of every error of this package."""


class PolicyInvalid(SandboxError, ValueError):
    """A policy holds a value that has no meaning, such as a relative root.

    ``field`` names the policy field, ``value`` is what stood there, ``reason`` says what is wrong with it.
    """

    def __init__(self, field: str, value: str, reason: str) -> None:
        self.field = field
        self.value = value
        self.reason = reason
        super().__init__(f"{field}: {value!r} {reason}")


@dataclass(frozen=True, kw_only=True)
class Obstacle:
    """Why one back end cannot carry out a policy, and what the user can do about it."""

    backend: str
    reason: str
    remedy: str | None = None

    def __str__(self) -> str:
        return f"{self.backend}: {self.reason}" + (f" ({self.remedy})" if self.remedy else "")


class SandboxUnavailable(SandboxError):
    """The policy cannot be enforced on this host, so the command was not started.

    ``policy`` is the policy's summary, ``requested`` the back end asked for, ``obstacles`` one entry per back end.
    """

    def __init__(self, policy: str, requested: str, obstacles: tuple[Obstacle, ...]) -> None:
        self.policy = policy
        self.requested = requested
        self.obstacles = obstacles
        reasons = "; ".join(str(obstacle) for obstacle in obstacles)
        super().__init__(f"cannot confine a command to {policy} here: {reasons}")


class SpawnFailed(SandboxError):
    """The command could not be started.

    ``step`` is ``"cwd"``, ``"exec"``, ``"fork"`` or the confinement step that failed; ``errno`` is the kernel's answer;
    ``subject`` is the path or program it was about.
    """

    def __init__(self, step: str, errno: int, subject: str) -> None:
        self.step = step
        self.errno = errno
        self.subject = subject
        super().__init__(f"cannot start {subject!r} ({step}): {os.strerror(errno)}")

    @property
    def exit_code(self) -> int:
        """The status a shell would report: 127 when the program is not there, else 126."""
        return 127 if self.step == "exec" and self.errno == errno_codes.ENOENT else 126


class LauncherLost(SandboxError):
    """The process that starts commands ended unexpectedly. ``detail`` is what it last said, possibly nothing."""

    def __init__(self, detail: str) -> None:
        self.detail = detail
        super().__init__("the process that starts commands has ended" + (f": {detail}" if detail else ""))
