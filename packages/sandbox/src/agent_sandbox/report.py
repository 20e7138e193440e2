"""What this host can confine with, as plain data that prints well."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

BackendName = Literal["auto", "bubblewrap", "landlock", "none"]
"""What a caller may ask for. ``auto`` takes bubblewrap where it works, else Landlock, else refuses."""


@dataclass(frozen=True, kw_only=True)
class BackendReport:
    """One back end on this host.

    ``reason`` says why it does not work and ``remedy`` what to do; both are ``None`` where it works.
    ``protects_subpaths`` says whether ``.git`` and its like inside a writable root stay read-only.
    ``limits`` are the things it does not stop, one sentence each.
    """

    name: Literal["bubblewrap", "landlock"]
    works: bool
    reason: str | None = None
    remedy: str | None = None
    protects_subpaths: bool = False
    limits: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bubblewrap:
    """The bubblewrap program that was found and the way of calling it that works.

    ``proc``, ``network_namespace`` and ``user_namespace`` say which options it is given; ``setsid`` is the helper that
    gives a command a controlling terminal inside, or ``None``.
    """

    path: str
    version: str
    proc: bool = True
    network_namespace: bool = True
    user_namespace: bool = False
    setsid: str | None = None


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything ``probe`` found out.

    ``landlock_abi`` is 0 where the kernel has no Landlock. ``mount_namespace`` is ``"direct"``, ``"user-namespace"`` or
    ``None``: how the Landlock back end can also make the rest of the disk read-only.
    """

    system: str
    kernel: str
    machine: str
    is_root: bool
    landlock_abi: int = 0
    seccomp: bool = False
    user_namespaces: bool = False
    mount_namespace: str | None = None
    bubblewrap: Bubblewrap | None = None
    backends: tuple[BackendReport, ...] = ()

    def backend(self, name: str) -> BackendReport:
        """Return the report of one back end. Raises ``KeyError`` for a name that is not one."""
        for backend in self.backends:
            if backend.name == name:
                return backend
        raise KeyError(name)

    @property
    def works(self) -> bool:
        """Whether any back end works here."""
        return any(backend.works for backend in self.backends)

    def to_json(self) -> dict[str, object]:
        """Return the report as values that ``json.dumps`` takes."""
        return asdict(self)

    def text(self) -> str:
        """Return the report for a person, one fact a line."""
        found = self.bubblewrap
        lines = [
            f"system            {self.system} {self.kernel} ({self.machine}){', as root' if self.is_root else ''}",
            f"landlock          {f'ABI {self.landlock_abi}' if self.landlock_abi else 'absent'}",
            f"seccomp filters   {_yes(self.seccomp)}",
            f"user namespaces   {_yes(self.user_namespaces)}",
            f"mount namespaces  {self.mount_namespace or 'no'}",
            f"bubblewrap        {f'{found.path} ({found.version})' if found else 'not found'}",
        ]
        for backend in self.backends:
            lines += ["", *_backend_lines(backend)]
        return "\n".join(lines) + "\n"


def _yes(value: bool) -> str:
    return "yes" if value else "no"


def _backend_lines(backend: BackendReport) -> list[str]:
    if not backend.works:
        lines = [f"back end {backend.name}: does not work", f"  why: {backend.reason}"]
        return [*lines, f"  what to do: {backend.remedy}"] if backend.remedy else lines
    protects = "stay read-only" if backend.protects_subpaths else "are NOT protected"
    lines = [f"back end {backend.name}: works", f"  .git and agent settings inside a writable root {protects}"]
    return lines + [f"  does not stop: {limit}" for limit in backend.limits]
