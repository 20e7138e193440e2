"""Telling a patch from a command: models call the patch tool through a shell, too."""

import os.path
import re
from collections.abc import Sequence
from dataclasses import dataclass

from agent_core.patch.grammar import PatchError, parse

_NAMES = frozenset({"apply_patch", "applypatch"})
_POSIX_SHELLS = frozenset({"bash", "zsh", "sh"})
_POWERSHELLS = frozenset({"pwsh", "powershell"})

# A here-document may hold anything, a bash grammar would stumble over some of it, so the script is read by lines:
# the one line that opens the document, its body, and the tag that closes it.
_OPENING = re.compile(
    r"""\s*
    (?: cd [ \t]+ (?: '(?P<single>[^']*)' | "(?P<double>[^"$`\\]*)" | (?!-) (?P<word>[^\s'"$`\\;&|<>(){}*?~\#]+) )
        [ \t]* && \s* )?
    (?: apply_patch | applypatch ) [ \t]* (?: - [ \t]* )?
    << (?P<tabs>-?) [ \t]* (?: \\? | (?P<quote>['"]) ) (?P<tag>[\w.-]+) (?(quote)(?P=quote)) [ \t]* \r? \n
    """,
    re.VERBOSE,
)


class ImplicitInvocation(PatchError):
    """A bare patch was given where a command was expected."""

    def __init__(self) -> None:
        super().__init__(
            "a patch was given as the command itself. Call the apply_patch tool with it, "
            'or run ["apply_patch", "<patch>"]'
        )


@dataclass(frozen=True, slots=True)
class PatchCall:
    """A command that is a call of the patch tool: the patch, not yet parsed, and the directory it is meant for."""

    patch: str
    workdir: str | None
    """The path of a leading ``cd``, relative to the command's own directory; None when there is none."""


def detect(argv: Sequence[str]) -> PatchCall | None:
    """Return the patch call a command amounts to, or None for any other command.

    Raises:
        ImplicitInvocation: the command, or the script it runs, is itself a patch.
    """
    script = _script(argv)
    if script is None and len(argv) == 1:
        script = argv[0]
    if script is not None and _is_patch(script):
        raise ImplicitInvocation
    if len(argv) == 2 and argv[0] in _NAMES:
        return PatchCall(argv[1], None)
    return _heredoc_call(script) if script is not None and len(argv) > 1 else None


def _script(argv: Sequence[str]) -> str | None:
    if len(argv) not in (3, 4):
        return None
    name = os.path.splitext(os.path.basename(argv[0]))[0].lower()
    flag = argv[-2]
    if len(argv) == 4:
        profile_off = name in _POWERSHELLS and argv[1].lower() == "-noprofile"
        return argv[-1] if profile_off and flag.lower() == "-command" else None
    matches = (
        (name in _POSIX_SHELLS and flag in ("-lc", "-c"))
        or (name in _POWERSHELLS and flag.lower() == "-command")
        or (name == "cmd" and flag.lower() == "/c")
    )
    return argv[-1] if matches else None


def _is_patch(text: str) -> bool:
    if "*** Begin Patch" not in text:
        return False
    try:
        parse(text)
    except PatchError:
        return False
    return True


def _heredoc_call(script: str) -> PatchCall | None:
    opening = _OPENING.match(script)
    if opening is None:
        return None
    lines = script[opening.end() :].split("\n")
    if opening["tabs"]:
        lines = [line.lstrip("\t") for line in lines]
    end = next((number for number, line in enumerate(lines) if line.rstrip() == opening["tag"]), None)
    if end is None or any(line.strip() for line in lines[end + 1 :]):
        return None
    workdir = next((path for path in opening.group("single", "double", "word") if path is not None), None)
    return PatchCall("\n".join(lines[:end]).rstrip("\n"), workdir)
