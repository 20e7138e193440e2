"""How a command ended, and whether the confinement had a part in it."""

from __future__ import annotations

import os
import re
import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeAlias

from agent_sandbox.policy import ResolvedPolicy

DENIAL_WORDS = (
    "operation not permitted",
    "permission denied",
    "read-only file system",
    "seccomp",
    "sandbox",
    "landlock",
    "failed to write file",
)
"""A failed confined command whose output holds one of these counts as denied, in any case of letters."""

_ORDINARY_FAILURES = (2, 126, 127)
_SIGSYS = 31
_SHELL_SIGNAL_BASE = 128

_REFUSAL = r"(?:operation not permitted|permission denied|read-only file system)"
_PATHS = (
    rf"{_REFUSAL}(?::|,[^'\"‘]*)\s*['\"‘](?P<path>[^'\"’]+)['\"’]",
    rf"['\"‘](?P<path>[^'\"’]+)['\"’]:\s*{_REFUSAL}",
    rf"(?:^|[\s:])(?P<path>[^\s:'\"]+):\s*{_REFUSAL}",
)
_MISSED_HOSTS = (
    r"/dev/(?:tcp|udp)/(?P<host>[^/\s]+)/",
    r"could not resolve host(?:name)?:? (?P<host>[\w.:-]+\w)",
    r"failed to connect to (?P<host>[\w.:-]+\w) port",
    r"connect to host (?P<host>\S+) port",
    r"(?:connect|getaddrinfo) (?:EPERM|EACCES|ENOTFOUND|EAI_AGAIN) (?P<host>[\w.-]+\w)",
    r"dial \w+: lookup (?P<host>[\w.-]+\w)",
    r"host='(?P<host>[^']+)', port=\d+\): max retries",
)
_DENIED_HOSTS = (*_MISSED_HOSTS, r"https?://(?:[^@/\s'\"]*@)?(?P<host>[\w.-]+\w)")
_EVIDENCE_REACH = 500


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What would let a denied command through.

    ``write`` means ``path`` as a further writable root, ``network`` an open network (for ``host``, where known),
    ``unconfined`` a run without confinement: ``path`` is one that stays read-only in any writable root.
    """

    kind: Literal["write", "network", "unconfined"]
    path: Path | None = None
    host: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finished:
    """The command ended by itself. ``blocked_host`` is one it seems to have missed because the network is off."""

    exit_code: int
    blocked_host: str | None = None


@dataclass(frozen=True, kw_only=True)
class Denied:
    """The command failed and the confinement is the likely cause.

    ``evidence`` is the line that says so, ``""`` where only the exit code does. ``path``, ``host`` and ``grant`` are
    guesses from that line, ``None`` where it names nothing recognisable.
    """

    exit_code: int
    evidence: str = ""
    path: Path | None = None
    host: str | None = None
    grant: Grant | None = None


@dataclass(frozen=True, kw_only=True)
class Signalled:
    """Signal number ``signal`` ended the command."""

    signal: int


@dataclass(frozen=True, kw_only=True)
class TimedOut:
    """The command was killed because its time was over."""


@dataclass(frozen=True, kw_only=True)
class SetupFailed:
    """The back end gave up before the command began; its output tells why."""

    exit_code: int


Outcome: TypeAlias = Finished | Denied | Signalled | TimedOut | SetupFailed


def classify(
    exit_code: int,
    output: str | bytes,
    confined: bool,
    *,
    timed_out: bool = False,
    setup_failed: bool = False,
    resolved: ResolvedPolicy | None = None,
    cwd: str | os.PathLike[str] | None = None,
) -> Outcome:
    """Return what ``exit_code`` (negative for a signal) and ``output`` say about a command.

    ``confined`` tells whether a back end was in force. ``resolved`` is the policy, for the grant; ``cwd`` is where
    relative paths in the output start, the policy's directory when left out.
    """
    if timed_out:
        return TimedOut()
    if setup_failed:
        return SetupFailed(exit_code=exit_code)
    if exit_code < 0 and not (confined and exit_code == -_SIGSYS):
        return Signalled(signal=-exit_code)
    if not confined or exit_code == 0:
        return Finished(exit_code=exit_code)
    text = output.decode(errors="replace") if isinstance(output, bytes) else output
    lowered = text.lower()
    position = min((at for word in DENIAL_WORDS if (at := lowered.find(word)) >= 0), default=-1)
    if position >= 0:
        return _denied(exit_code, _line(text, position), resolved, cwd)
    if exit_code not in _ORDINARY_FAILURES and exit_code in (-_SIGSYS, _SHELL_SIGNAL_BASE + _SIGSYS):
        return Denied(exit_code=exit_code)
    network_off = resolved is not None and not resolved.policy.full_network
    return Finished(exit_code=exit_code, blocked_host=_first(_MISSED_HOSTS, "host", text) if network_off else None)


def shell_exit_code(exit_code: int) -> int:
    """Return what a shell would report: ``128 + n`` for signal ``n``."""
    return _SHELL_SIGNAL_BASE - exit_code if exit_code < 0 else exit_code


def signal_name(number: int) -> str:
    """Return the name of signal ``number``, or its number as text."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return str(number)


def _line(text: str, position: int) -> str:
    """The line around ``position``, cut where it is very long."""
    start = max(text.rfind("\n", 0, position) + 1, position - _EVIDENCE_REACH)
    end = text.find("\n", position, position + _EVIDENCE_REACH)
    return text[start : end if end >= 0 else position + _EVIDENCE_REACH].strip()


def _first(patterns: tuple[str, ...], group: str, text: str) -> str | None:
    for pattern in patterns:
        if match := re.search(pattern, text, re.IGNORECASE):
            return match[group]
    return None


def _denied(
    exit_code: int, evidence: str, resolved: ResolvedPolicy | None, cwd: str | os.PathLike[str] | None
) -> Denied:
    host = _first(_DENIED_HOSTS, "host", evidence)
    if host is not None:
        network_off = resolved is None or not resolved.policy.full_network
        grant = Grant(kind="network", host=host) if network_off else None
        return Denied(exit_code=exit_code, evidence=evidence, host=host, grant=grant)
    name = _first(_PATHS, "path", evidence)
    if name is None or "\0" in name:
        return Denied(exit_code=exit_code, evidence=evidence)
    base = cwd if cwd is not None else resolved.cwd if resolved is not None else None
    path = Path(name) if base is None else Path(os.path.normpath(Path(base) / name))
    return Denied(exit_code=exit_code, evidence=evidence, path=path, grant=_write_grant(path, resolved))


def _write_grant(path: Path, resolved: ResolvedPolicy | None) -> Grant | None:
    """The grant for ``path``: none where the policy already lets it be written, so that something else refused."""
    if not path.is_absolute():
        return None
    if resolved is not None:
        if resolved.can_write(path):
            return None
        if any(path.is_relative_to(kept) for root in resolved.writable_roots for kept in root.read_only):
            return Grant(kind="unconfined", path=path)
    existing = path
    while not os.path.exists(existing):
        existing = existing.parent
    return Grant(kind="write", path=existing)
