"""What one simple command is about: reading a file, listing files, searching, or something else."""

import re
from collections.abc import Callable, Collection, Sequence
from itertools import pairwise

from agent_protocol.rollout.event import (
    ListFilesCommand,
    ParsedCommand,
    ReadCommand,
    SearchCommand,
    UnknownCommand,
)
from agent_protocol.shellquote import join

_PASSED_OVER = frozenset({"build", "dist", "node_modules", "src"})
_SED_RANGE = re.compile(r"\d+(,\d+)?p")
_WALKS = (*("os.walk", "os.listdir", "os.scandir", "glob.glob", "glob.iglob", "pathlib.Path", ".rglob("),)

_Summary = Callable[[str, Sequence[str]], ParsedCommand | None]


def summarise(command: Sequence[str]) -> ParsedCommand:
    """Return what a simple command is about; ``cmd`` is the command, quoted."""
    cmd = join(command)
    if not command:
        return UnknownCommand(cmd=cmd)
    name, arguments = command[0], command[1:]
    if name in _PROGRAMS:
        summary = _PROGRAMS[name](cmd, arguments)
    elif re.fullmatch(r"python([23](\..*)?)?", name):
        summary = _python(cmd, arguments)
    else:
        summary = None
    return UnknownCommand(cmd=cmd) if summary is None else summary


def is_formatting(command: Sequence[str]) -> bool:
    """Tell whether a command only shapes what another one puts out, and so says nothing about a script's purpose."""
    name, arguments = command[0], command[1:]
    match name:
        case "wc" | "tr" | "cut" | "sort" | "uniq" | "tee" | "column" | "yes" | "printf":
            return True
        case "xargs":
            return not _xargs_writes(arguments)
        case "awk":
            return _awk_file(arguments) is None
        case "head" | "tail":
            return _has_no_file(name, arguments)
        case "sed":
            return _sed_file(arguments) is None
    return False


def short_path(path: str) -> str:
    """Return the component of a path that says most: the last one that is not a common folder name."""
    trimmed = path.replace("\\", "/").rstrip("/")
    return next((part for part in reversed(trimmed.split("/")) if part and part not in _PASSED_OVER), trimmed)


def operands(arguments: Sequence[str], value_flags: Collection[str] = ()) -> list[str]:
    """Return the arguments that are no options, nor values of ``value_flags``; after ``--`` every one is."""
    found: list[str] = []
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            found.extend(arguments[position + 1 :])
            break
        if argument in value_flags:
            position += 1
        elif not argument.startswith("-"):
            found.append(argument)
        position += 1
    return found


def _listing(*value_flags: str) -> _Summary:
    def summary(cmd: str, arguments: Sequence[str]) -> ParsedCommand:
        return ListFilesCommand(cmd=cmd, path=_first_short(operands(arguments, value_flags)))

    return summary


def _searching(*value_flags: str) -> _Summary:
    def summary(cmd: str, arguments: Sequence[str]) -> ParsedCommand:
        found = operands(arguments, value_flags)
        return SearchCommand(cmd=cmd, query=found[0] if found else None, path=_first_short(found[1:]))

    return summary


def _reading(*value_flags: str) -> _Summary:
    def summary(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
        found = operands(arguments, value_flags)
        return _read(cmd, found[0]) if len(found) == 1 else None

    return summary


def _ripgrep(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    if "--files" in arguments:
        return ListFilesCommand(cmd=cmd, path=_first_short(operands(arguments, _RG_VALUE_FLAGS)))
    return _searching(*_RG_VALUE_FLAGS)(cmd, arguments)


def _git(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    match arguments[:1]:
        case ["grep"]:
            return _grep(cmd, arguments[1:])
        case ["ls-files"]:
            return _listing("--exclude", "--exclude-from", "--pathspec-from-file")(cmd, arguments[1:])
    return None


def _grep(cmd: str, arguments: Sequence[str]) -> ParsedCommand:
    pattern: str | None = None
    found: list[str] = []
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            found.extend(arguments[position + 1 :])
            break
        if argument in ("-e", "--regexp", "-f", "--file"):
            if pattern is None and position + 1 < len(arguments):
                pattern = arguments[position + 1]
            position += 1
        elif argument in _GREP_VALUE_FLAGS:
            position += 1
        elif not argument.startswith("-"):
            found.append(argument)
        position += 1
    if pattern is None and found:
        pattern = found.pop(0)
    return SearchCommand(cmd=cmd, query=pattern, path=_first_short(found))


def _fd(cmd: str, arguments: Sequence[str]) -> ParsedCommand:
    found = operands(arguments, ("-t", "--type", "-e", "--extension", "-E", "--exclude", "--search-path"))
    query = None if len(found) == 1 and _looks_like_path(found[0]) else next(iter(found), None)
    path = _first_short(found if query is None else found[1:])
    if query is None:
        return ListFilesCommand(cmd=cmd, path=path)
    return SearchCommand(cmd=cmd, query=query, path=path)


def _find(cmd: str, arguments: Sequence[str]) -> ParsedCommand:
    path = next((a for a in arguments if not a.startswith("-") and a not in ("!", "(", ")")), None)
    shown = None if path is None else short_path(path)
    for flag, value in pairwise(arguments):
        if flag in ("-name", "-iname", "-path", "-regex"):
            return SearchCommand(cmd=cmd, query=value, path=shown)
    return ListFilesCommand(cmd=cmd, path=shown)


def _head(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    path = _counted_file(arguments, r"\d+")
    return None if path is None else _read(cmd, path)


def _tail(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    path = _counted_file(arguments, r"\+?\d+")
    return None if path is None else _read(cmd, path)


def _counted_file(arguments: Sequence[str], count: str) -> str | None:
    """Return the file of ``head`` or ``tail`` called as ``FILE``, ``-n COUNT FILE`` or ``-nCOUNT FILE``."""
    match list(arguments):
        case ["-n", number, *rest] if re.fullmatch(count, number):
            pass
        case [flag, *rest] if re.fullmatch(f"-n{count}", flag):
            pass
        case [path] if not path.startswith("-"):
            return path
        case _:
            return None
    return next((a for a in rest if not a.startswith("-")), None)


def _has_no_file(name: str, arguments: Sequence[str]) -> bool:
    match list(arguments):
        case []:
            return True
        case [flag]:
            return flag.startswith("-")
        case ["-n" | "-c", count]:
            return re.fullmatch(r"\+?\d+" if name == "tail" else r"\d+", count) is not None
    return False


def _awk(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    path = _awk_file(arguments)
    return None if path is None else _read(cmd, path)


def _awk_file(arguments: Sequence[str]) -> str | None:
    has_script_file = any(a in ("-f", "--file") for a in arguments)
    found = operands(arguments, ("-F", "-v", "-f", "--field-separator", "--assign", "--file"))
    return next(iter(found if has_script_file else found[1:]), None)


def _sed(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    path = _sed_file(arguments)
    return None if path is None else _read(cmd, path)


def _sed_file(arguments: Sequence[str]) -> str | None:
    """Return the file of a ``sed -n RANGEp FILE``, also with ``-e RANGEp``; None for any other use."""
    if "-n" not in arguments:
        return None
    ranged = any(
        flag in ("-e", "--expression") and _SED_RANGE.fullmatch(script) for flag, script in pairwise(arguments)
    )
    found = operands(arguments, ("-e", "--expression", "-f", "--file"))
    if not ranged:
        if not found or not _SED_RANGE.fullmatch(found[0]):
            return None
        found = found[1:]
    return next(iter(found), None)


def _python(cmd: str, arguments: Sequence[str]) -> ParsedCommand | None:
    script = next((s for flag, s in pairwise(arguments) if flag == "-c"), "")
    return ListFilesCommand(cmd=cmd) if any(walk in script for walk in _WALKS) else None


def _xargs_writes(arguments: Sequence[str]) -> bool:
    called = operands(arguments, ("-E", "-e", "-I", "-L", "-n", "-P", "-s"))
    if not called:
        return False
    rest = arguments[list(arguments).index(called[0]) + 1 :]
    match called[0]:
        case "perl" | "ruby":
            return any(a.startswith("-") and "i" in a for a in rest)
        case "sed":
            return any(a.startswith(("-i", "--in-place")) for a in rest)
        case "rg":
            return "--replace" in rest
    return False


def _read(cmd: str, path: str) -> ReadCommand:
    return ReadCommand(cmd=cmd, name=short_path(path), path=path)


def _first_short(found: Sequence[str]) -> str | None:
    return short_path(found[0]) if found else None


def _looks_like_path(text: str) -> bool:
    return text in (".", "..") or "/" in text or "\\" in text


_RG_VALUE_FLAGS = (
    *("-g", "--glob", "--iglob", "-t", "--type", "--type-add", "--type-not", "-m", "--max-count"),
    *("-A", "-B", "-C", "--context", "--max-depth"),
)
_GREP_VALUE_FLAGS = ("-m", "--max-count", "-C", "--context", "-A", "--after-context", "-B", "--before-context")
_LS = _listing("-I", "-w", "--block-size", "--format", "--time-style", "--color", "--quoting-style")
_EXA = _listing("-I", "--ignore-glob", "--color", "--sort", "--time-style", "--time")
_AG = _searching("-G", "-g", "--file-search-regex", "--ignore-dir", "--ignore-file", "--path-to-ignore")
_BAT = _reading(
    *("--theme", "--language", "--style", "--terminal-width", "--tabs", "--line-range", "--map-syntax"),
)
_LESS = _reading("-p", "-P", "-x", "-y", "-z", "-j", "--pattern", "--prompt", "--tabs", "--shift", "--jump-target")

_PROGRAMS: dict[str, _Summary] = {
    "ls": _LS,
    "eza": _EXA,
    "exa": _EXA,
    "tree": _listing("-L", "-P", "-I", "--charset", "--filelimit", "--sort"),
    "du": _listing("-d", "--max-depth", "-B", "--block-size", "--exclude", "--time-style"),
    "rg": _ripgrep,
    "rga": _ripgrep,
    "ripgrep-all": _ripgrep,
    "git": _git,
    "grep": _grep,
    "egrep": _grep,
    "fgrep": _grep,
    "ag": _AG,
    "ack": _AG,
    "pt": _AG,
    "fd": _fd,
    "find": _find,
    "cat": _reading(),
    "bat": _BAT,
    "batcat": _BAT,
    "less": _LESS,
    "more": _reading(),
    "head": _head,
    "tail": _tail,
    "nl": _reading("-s", "-w", "-v", "-i", "-b"),
    "awk": _awk,
    "sed": _sed,
}
