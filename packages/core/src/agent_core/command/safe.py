"""The short lists of commands known to be harmless and of commands known to be destructive.

Neither list is a boundary: the sandbox is. The first saves questions, the second asks one more.
"""

import os.path
import re
import sys
from collections.abc import Callable, Sequence

from agent_core.command.parse import plain_commands, shell_script

_ALWAYS = frozenset(
    {
        *("cat", "cd", "cut", "echo", "expr", "false", "grep", "head", "id", "ls", "nl", "paste", "pwd", "rev"),
        *("seq", "stat", "tail", "tr", "true", "uname", "uniq", "wc", "which", "whoami"),
        *(("numfmt", "tac") if sys.platform == "linux" else ()),
    }
)
_SYSTEM_DIRECTORIES = frozenset({"/bin", "/usr/bin", "/usr/local/bin", "/opt/homebrew/bin"})

_FIND_ACTIONS = frozenset({"-exec", "-execdir", "-ok", "-okdir", "-delete", "-fls", "-fprint", "-fprint0", "-fprintf"})
_GIT_VALUE_OPTIONS = frozenset(
    {"-C", "-c", "--config-env", "--exec-path", "--git-dir", "--namespace", "--super-prefix", "--work-tree"}
)
_GIT_READERS = frozenset({"status", "log", "diff", "show", "branch"})
_GIT_ACTIONS = frozenset({"--output", "--ext-diff", "--textconv", "--exec", "--paginate"})
_GIT_BRANCH_LISTING = frozenset(
    {"--list", "-l", "--show-current", "-a", "--all", "-r", "--remotes", "-v", "-vv", "--verbose"}
)
_SED_RANGE = re.compile(r"\d+(,\d+)?p")


def is_known_safe(argv: Sequence[str]) -> bool:
    """Tell whether a command only reads, whatever it reads: itself, or every command of its plain shell script."""
    if _is_safe_program(argv):
        return True
    script = shell_script(argv)
    commands = plain_commands(script) if script is not None else None
    return commands is not None and all(_is_safe_program(command) for command in commands)


def is_dangerous(argv: Sequence[str]) -> bool:
    """Tell whether a command, or one of its plain shell script, forces a removal."""
    if _is_forced_removal(argv):
        return True
    script = shell_script(argv)
    commands = plain_commands(script) if script is not None else None
    return commands is not None and any(_is_forced_removal(command) for command in commands)


def _is_safe_program(argv: Sequence[str]) -> bool:
    if not argv:
        return False
    directory, name = os.path.split(argv[0])
    if directory and directory not in _SYSTEM_DIRECTORIES:
        return False
    check = _CHECKS.get(name)
    return name in _ALWAYS if check is None else check(argv[1:])


def _is_forced_removal(argv: Sequence[str]) -> bool:
    if argv and argv[0] == "sudo":
        return _is_forced_removal(argv[1:])
    return len(argv) > 1 and argv[0] == "rm" and argv[1] in ("-f", "-rf")


def _base64(arguments: Sequence[str]) -> bool:
    return not any(a == "--output" or a.startswith(("-o", "--output=")) for a in arguments)


def _find(arguments: Sequence[str]) -> bool:
    return _FIND_ACTIONS.isdisjoint(arguments)


def _rg(arguments: Sequence[str]) -> bool:
    return not any(
        a in ("--pre", "--hostname-bin", "--search-zip", "-z") or a.startswith(("--pre=", "--hostname-bin="))
        for a in arguments
    )


def _git(arguments: Sequence[str]) -> bool:
    if any(a == "--config-env" or a.startswith(("-c", "--config-env=")) for a in arguments):
        return False
    position = 0
    while position < len(arguments) and arguments[position].startswith("-"):
        position += 2 if arguments[position] in _GIT_VALUE_OPTIONS else 1
    if position >= len(arguments) or arguments[position] not in _GIT_READERS:
        return False
    rest = arguments[position + 1 :]
    if any(a in _GIT_ACTIONS or a.startswith(("--output=", "--exec=")) for a in rest):
        return False
    return arguments[position] != "branch" or all(a in _GIT_BRANCH_LISTING or a.startswith("--format=") for a in rest)


def _sed(arguments: Sequence[str]) -> bool:
    return 2 <= len(arguments) <= 3 and arguments[0] == "-n" and _SED_RANGE.fullmatch(arguments[1]) is not None


_CHECKS: dict[str, Callable[[Sequence[str]], bool]] = {
    "base64": _base64,
    "find": _find,
    "git": _git,
    "rg": _rg,
    "sed": _sed,
}
