"""The user's shell and how a script is handed to it."""

import os
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass

_KNOWN = ("bash", "zsh", "sh")
_LAST_RESORT = "/bin/sh"


@dataclass(frozen=True, slots=True)
class Shell:
    """A POSIX shell by its path."""

    path: str

    @property
    def name(self) -> str:
        """The base name: ``bash``, ``zsh`` or ``sh``."""
        return os.path.basename(self.path)

    def argv(self, script: str, *, login: bool = True) -> list[str]:
        """Return the command that runs ``script``; ``login`` reads the user's profile first."""
        return [self.path, "-lc" if login else "-c", script]


def _is_program(path: str) -> bool:
    return os.access(path, os.X_OK) and not os.path.isdir(path)


def detect_shell(
    account_shell: str | None = None,
    *,
    is_program: Callable[[str], bool] = _is_program,
    which: Callable[[str], str | None] = shutil.which,
) -> Shell:
    """Return the shell of the account database when it is one we know and it exists, else the best there is."""
    if account_shell is None:
        account_shell = _account_shell()
    if os.path.basename(account_shell) in _KNOWN and is_program(account_shell):
        return Shell(account_shell)
    order = ("zsh", "bash", "sh") if sys.platform == "darwin" else _KNOWN
    found = next((path for path in map(which, order) if path is not None), _LAST_RESORT)
    return Shell(found)


def shell_named(
    wanted: str,
    detected: Shell,
    *,
    is_program: Callable[[str], bool] = _is_program,
    which: Callable[[str], str | None] = shutil.which,
) -> Shell:
    """Return the shell a model asks for by name or path; ``detected`` when it is unknown or not there."""
    name = os.path.basename(wanted)
    if name not in _KNOWN:
        return detected
    if os.path.isabs(wanted) and is_program(wanted):
        return Shell(wanted)
    if detected.name == name:
        return detected
    path = which(name)
    return Shell(path) if path is not None else detected


def _account_shell() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.getuid()).pw_shell
    except KeyError:
        return ""
