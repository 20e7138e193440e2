"""What a command may do: the policy as configured, and the policy resolved against a directory and an environment."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Self

from agent_sandbox.errors import Obstacle, PolicyInvalid, SandboxUnavailable

PROTECTED_NAMES = (".git", ".agents", ".codex", ".agent")
"""First-level names of a writable root that stay read-only while they exist."""

PLATFORM_READ_ROOTS = ("/bin", "/dev", "/etc", "/lib", "/lib64", "/proc", "/tmp", "/usr")
"""What restricted reading includes so that ordinary programs start."""

_GITDIR_LIMIT_BYTES = 4096


class Mode(StrEnum):
    """The four kinds of policy, by their configuration names."""

    READ_ONLY = "read-only"
    WORKSPACE_WRITE = "workspace-write"
    DANGER_FULL_ACCESS = "danger-full-access"
    EXTERNAL = "external-sandbox"


@dataclass(frozen=True, kw_only=True)
class ReadAccess:
    """Restricts reading to ``roots``, plus what programs need to start when ``platform_defaults`` is set."""

    roots: tuple[Path, ...] = ()
    platform_defaults: bool = True

    def __post_init__(self) -> None:
        object.__setattr__(self, "roots", _absolute("readable_roots", self.roots))


@dataclass(frozen=True, kw_only=True)
class Policy:
    """What a command may read, write and reach. Make one with the constructors below.

    ``read_access`` of ``None`` means the whole disk can be read. The write fields matter for workspace-write only.
    """

    mode: Mode
    network: bool = False
    writable_roots: tuple[Path, ...] = ()
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False
    read_access: ReadAccess | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "writable_roots", _absolute("writable_roots", self.writable_roots))

    @classmethod
    def read_only(cls, network: bool = False, *, read_access: ReadAccess | None = None) -> Self:
        """Return the policy that writes nothing."""
        return cls(mode=Mode.READ_ONLY, network=network, read_access=read_access)

    @classmethod
    def workspace_write(
        cls,
        writable_roots: Iterable[str | os.PathLike[str]] = (),
        network: bool = False,
        *,
        exclude_tmpdir_env_var: bool = False,
        exclude_slash_tmp: bool = False,
        read_access: ReadAccess | None = None,
    ) -> Self:
        """Return the policy that writes to the working directory, the temporary directories and ``writable_roots``.

        Raises ``PolicyInvalid`` for a root that is not absolute.
        """
        return cls(
            mode=Mode.WORKSPACE_WRITE,
            network=network,
            writable_roots=tuple(Path(root) for root in writable_roots),
            exclude_tmpdir_env_var=exclude_tmpdir_env_var,
            exclude_slash_tmp=exclude_slash_tmp,
            read_access=read_access,
        )

    @classmethod
    def danger_full_access(cls) -> Self:
        """Return the policy that confines nothing."""
        return cls(mode=Mode.DANGER_FULL_ACCESS, network=True)

    @classmethod
    def external(cls, network: bool = False) -> Self:
        """Return the policy for a host that is itself a sandbox: the disk is open, the network as given."""
        return cls(mode=Mode.EXTERNAL, network=network)

    @classmethod
    def named(
        cls,
        name: str,
        *,
        network: str | None = None,
        writable_roots: Iterable[str | os.PathLike[str]] = (),
    ) -> Self:
        """Return the policy a command line asks for by ``name``, a value of ``Mode``.

        ``network`` is ``"off"``, ``"on"`` or ``"proxy"``; left out, it is on for danger-full-access and off otherwise.
        Full access with the network off is the external-sandbox policy, which says just that.
        Raises ``PolicyInvalid`` for a name that is not one and for roots that the policy has no use for, and
        ``SandboxUnavailable`` for the proxy, which no back end can provide yet.
        """
        if name not in tuple(Mode):
            raise PolicyInvalid("policy", name, f"is not one of {', '.join(Mode)}")
        if network not in (None, "off", "on", "proxy"):
            raise PolicyInvalid("network", str(network), "is not one of off, on, proxy")
        if network == "proxy":
            reason = "filtering the network through a proxy is not supported; it can be on or off"
            raise SandboxUnavailable(name, "proxy", (Obstacle(backend="proxy", reason=reason),))
        mode = Mode(name)
        roots = tuple(Path(root) for root in writable_roots)
        if roots and mode is not Mode.WORKSPACE_WRITE:
            raise PolicyInvalid("writable_roots", str(roots[0]), f"has no meaning under {name}")
        if mode is Mode.DANGER_FULL_ACCESS and network == "off":
            mode = Mode.EXTERNAL
        is_on = network == "on" or mode is Mode.DANGER_FULL_ACCESS
        return cls(mode=mode, network=is_on, writable_roots=roots)

    @property
    def full_write(self) -> bool:
        """Whether the whole disk may be written."""
        return self.mode in (Mode.DANGER_FULL_ACCESS, Mode.EXTERNAL)

    @property
    def full_network(self) -> bool:
        """Whether sockets are unrestricted."""
        return self.mode is Mode.DANGER_FULL_ACCESS or self.network

    @property
    def confines(self) -> bool:
        """Whether a back end has anything to enforce."""
        return not (self.full_write and self.full_network)

    def summary(self) -> str:
        """Return one line for banners: the mode, what is writable, and whether the network is on."""
        text = self.mode.value
        if self.mode is Mode.WORKSPACE_WRITE:
            places = ["workdir"]
            if not self.exclude_slash_tmp:
                places.append("/tmp")
            if not self.exclude_tmpdir_env_var:
                places.append("$TMPDIR")
            places += [str(root) for root in self.writable_roots]
            text += f" [{', '.join(places)}]"
        if self.network and self.mode is not Mode.DANGER_FULL_ACCESS:
            text += " (network access enabled)"
        return text

    def resolve(self, cwd: str | os.PathLike[str], env: Mapping[str, str] | None = None) -> ResolvedPolicy:
        """Return the policy for the directory ``cwd``, looking at the disk once for what must stay read-only.

        ``env`` is where ``TMPDIR`` is read from: the harness's own environment when left out.
        Raises ``PolicyInvalid`` when ``cwd`` is not absolute.
        """
        (base,) = _absolute("cwd", (Path(cwd),))
        roots = tuple(
            WritableRoot(path=path, read_only=_read_only_subpaths(path))
            for path in self._writable_paths(base, os.environ if env is None else env)
        )
        return ResolvedPolicy(
            policy=self,
            cwd=base,
            writable_roots=roots,
            readable_roots=self._readable_paths(base, roots),
        )

    def _writable_paths(self, cwd: Path, env: Mapping[str, str]) -> tuple[Path, ...]:
        if self.mode is not Mode.WORKSPACE_WRITE:
            return ()
        paths = [*self.writable_roots, cwd]
        if not self.exclude_slash_tmp and os.path.isdir("/tmp"):
            paths.append(Path("/tmp"))
        tmpdir = env.get("TMPDIR", "")
        if tmpdir and not self.exclude_tmpdir_env_var:
            paths.append(Path(os.path.abspath(tmpdir)))
        return _unique(paths)

    def _readable_paths(self, cwd: Path, writable: tuple[WritableRoot, ...]) -> tuple[Path, ...] | None:
        if self.read_access is None or self.full_write:
            return None
        paths = list(self.read_access.roots)
        if self.read_access.platform_defaults:
            paths += [*(Path(root) for root in PLATFORM_READ_ROOTS), cwd]
        paths += [root.path for root in writable]
        return _unique(paths)


@dataclass(frozen=True, kw_only=True)
class WritableRoot:
    """A directory or file that may be written, except the paths in ``read_only``."""

    path: Path
    read_only: tuple[Path, ...] = ()


@dataclass(frozen=True, kw_only=True)
class ResolvedPolicy:
    """A policy with its concrete paths. ``readable_roots`` is ``None`` when everything can be read."""

    policy: Policy
    cwd: Path
    writable_roots: tuple[WritableRoot, ...] = field(default=())
    readable_roots: tuple[Path, ...] | None = None

    def can_write(self, path: str | os.PathLike[str]) -> bool:
        """Return whether the policy lets ``path`` be written, judging by its text and following no symbolic link.

        A relative path is taken from ``cwd``.
        """
        if self.policy.full_write:
            return True
        target = Path(os.path.normpath(self.cwd / path))
        return any(target.is_relative_to(_normal(root.path)) for root in self.writable_roots) and not any(
            target.is_relative_to(_normal(protected)) for root in self.writable_roots for protected in root.read_only
        )


def _absolute(name: str, paths: Iterable[Path]) -> tuple[Path, ...]:
    result = tuple(Path(path) for path in paths)
    for path in result:
        if not path.is_absolute():
            raise PolicyInvalid(name, str(path), "is not an absolute path")
        if "\0" in str(path):
            raise PolicyInvalid(name, str(path), "holds a NUL character")
    return result


def _normal(path: Path) -> Path:
    return Path(os.path.normpath(path))


def _unique(paths: Iterable[Path]) -> tuple[Path, ...]:
    return tuple(dict.fromkeys(paths))


def _read_only_subpaths(root: Path) -> tuple[Path, ...]:
    result: list[Path] = []
    git = root / ".git"
    mode = _mode(git)
    if stat.S_ISREG(mode) and (target := _gitdir_target(git)) is not None:
        result.append(target)
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        result.append(git)
    result += [path for name in PROTECTED_NAMES[1:] if stat.S_ISDIR(_mode(path := root / name))]
    return tuple(result)


def _mode(path: Path) -> int:
    try:
        return path.stat().st_mode
    except OSError:
        return 0


def _gitdir_target(pointer: Path) -> Path | None:
    """The directory a ``.git`` file points at, when it exists."""
    try:
        with pointer.open("rb") as file:
            text = os.fsdecode(file.read(_GITDIR_LIMIT_BYTES))
    except OSError:
        return None
    label, _, value = text.partition(":")
    value = value.strip()
    if label.strip() != "gitdir" or not value or "\0" in value:
        return None
    target = Path(os.path.normpath(pointer.parent / value))
    return target if _mode(target) else None
