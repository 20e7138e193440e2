"""A command made ready by a back end: what the fork server is to execute, and how."""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from agent_sandbox.policy import ResolvedPolicy

if TYPE_CHECKING:
    from agent_sandbox.linux.child import Confinement

STATUS_DESCRIPTOR = 4
"""Where a wrapper reports whether the command was reached."""


@dataclass(frozen=True, kw_only=True)
class CommandRequest:
    """A command as the caller wants it. ``terminal`` means that descriptor 0 is a terminal made for it."""

    argv: tuple[str, ...]
    cwd: str
    env: Mapping[str, str]
    resolved: ResolvedPolicy
    terminal: bool = False


@dataclass(frozen=True, kw_only=True)
class PreparedCommand:
    """What to execute so that ``request`` runs confined by ``backend``.

    ``confinement`` is applied between fork and exec; ``files`` are descriptors to create with the given contents.
    ``reports_status`` asks for a pipe at ``STATUS_DESCRIPTOR``. ``nested`` means that argv is a wrapper whose
    grandchild is the command, which is where signals have to go. ``unprotected`` are paths that the policy keeps
    read-only but this back end cannot.
    """

    backend: str
    request: CommandRequest
    argv: tuple[str, ...]
    confinement: Confinement | None = None
    files: tuple[tuple[int, bytes], ...] = ()
    reports_status: bool = False
    nested: bool = False
    unprotected: tuple[str, ...] = ()

    def order(self) -> bytes:
        """Return the order for the fork server.

        Raises ``ValueError`` where an argument or a variable holds what no process can be given.
        """
        return marshal.dumps(
            (
                tuple(map(_bytes, self.argv)),
                {_bytes(name): _bytes(value) for name, value in self.request.env.items()},
                _bytes(self.request.cwd),
                (0, 1, 2, STATUS_DESCRIPTOR) if self.reports_status else (0, 1, 2),
                self.files,
                self.request.terminal and not self.nested,
                self.nested,
                self.confinement,
            )
        )


def _bytes(text: str) -> bytes:
    value = os.fsencode(text)
    if b"\0" in value:
        raise ValueError(f"{text!r} holds a NUL character")
    return value
