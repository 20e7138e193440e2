"""The environment of a command."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

CORE_NAMES = frozenset({"HOME", "LOGNAME", "PATH", "SHELL", "USER", "USERNAME", "TMPDIR", "TEMP", "TMP"})
SECRET_PATTERNS = ("*KEY*", "*SECRET*", "*TOKEN*")

UNIFIED_EXEC_VARIABLES: Mapping[str, str] = {
    "NO_COLOR": "1",
    "TERM": "dumb",
    "LANG": "C.UTF-8",
    "LC_CTYPE": "C.UTF-8",
    "LC_ALL": "C.UTF-8",
    "COLORTERM": "",
    "PAGER": "cat",
    "GIT_PAGER": "cat",
    "GH_PAGER": "cat",
    "CODEX_CI": "1",
}
"""What ``exec_command`` sets so that programs neither colour nor page."""


@dataclass(frozen=True, slots=True)
class EnvironmentPolicy:
    """Which variables of our own environment a command gets.

    Patterns match whole names, ``*`` any run of characters and ``?`` any one, without regard to case.
    """

    inherit: Literal["all", "core", "none"] = "all"
    ignore_default_excludes: bool = True
    """When false, names that look like secrets are left out."""
    exclude: tuple[str, ...] = ()
    set: Mapping[str, str] = field(default_factory=dict)
    include_only: tuple[str, ...] = ()
    """When given, only matching names are kept."""


def command_environment(
    policy: EnvironmentPolicy, own: Mapping[str, str], *, thread_id: str, network_allowed: bool
) -> dict[str, str]:
    """Return a command's environment, made from ``own`` by the policy, with the marks every command gets."""
    environment = {name: value for name, value in own.items() if _is_inherited(policy, name)}
    if not policy.ignore_default_excludes:
        environment = _without(environment, SECRET_PATTERNS)
    environment = _without(environment, policy.exclude)
    environment |= policy.set
    if policy.include_only:
        wanted = _matcher(policy.include_only)
        environment = {name: value for name, value in environment.items() if wanted.fullmatch(name)}
    environment["CODEX_THREAD_ID"] = thread_id
    if not network_allowed:
        environment["CODEX_SANDBOX_NETWORK_DISABLED"] = "1"
    return environment


def _is_inherited(policy: EnvironmentPolicy, name: str) -> bool:
    return policy.inherit == "all" or (policy.inherit == "core" and name in CORE_NAMES)


def _without(environment: dict[str, str], patterns: Iterable[str]) -> dict[str, str]:
    unwanted = _matcher(patterns)
    return {name: value for name, value in environment.items() if not unwanted.fullmatch(name)}


def _matcher(patterns: Iterable[str]) -> re.Pattern[str]:
    parts = [re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".") for pattern in patterns]
    return re.compile("|".join(parts) if parts else r"(?!)", re.IGNORECASE | re.DOTALL)
