"""Summaries of commands for display: what a command, or each part of a script, reads, lists or searches."""

import os.path
import shlex
from collections.abc import Sequence

import msgspec
from agent_protocol.rollout.event import ParsedCommand, ReadCommand, UnknownCommand
from agent_protocol.shellquote import join

from agent_core.command.parse import plain_commands, shell_script
from agent_core.command.summary import is_formatting, summarise

_CONNECTORS = frozenset({"&&", "||", "|", ";"})
_POWERSHELLS = frozenset({"pwsh", "powershell"})
_TRUE = UnknownCommand(cmd="true")


def parse_command(argv: Sequence[str]) -> tuple[ParsedCommand, ...]:
    """Return what a command does, for people to see; what cannot be told is given as unknown."""
    script = shell_script(argv)
    if script is not None:
        found = _script(script)
    elif (script := _powershell_script(argv)) is not None:
        found = [UnknownCommand(cmd=script)]
    else:
        found = _tokens(argv)
    return tuple(entry for at, entry in enumerate(found) if at == 0 or entry != found[at - 1])


def _script(script: str) -> list[ParsedCommand]:
    commands = plain_commands(script)
    telling = [command for command in commands or () if not is_formatting(command)]
    if commands is None or not telling:
        return [UnknownCommand(cmd=script)]
    found = _simplified(_summaries(telling))
    if len(found) != 1:
        return found
    (only,) = found
    if len(commands) == 1:
        return [msgspec.structs.replace(only, cmd=join(commands[0]))]
    if isinstance(only, ReadCommand) and "|" in script and _has_sed_n(commands):
        return [msgspec.structs.replace(only, cmd=script)]
    return found


def _tokens(argv: Sequence[str]) -> list[ParsedCommand]:
    tokens = list(argv)
    if len(tokens) > 2 and tokens[0] in ("yes", "y", "no", "n") and tokens[1] == "|":
        tokens = tokens[2:]
    commands: list[list[str]] = [[]]
    for token in tokens:
        if token in _CONNECTORS:
            commands.append([])
        else:
            commands[-1].append(token)
    return _simplified(_summaries([command for command in commands if command]))


def _summaries(commands: Sequence[Sequence[str]]) -> list[ParsedCommand]:
    found: list[ParsedCommand] = []
    directory = ""
    for command in commands:
        if command[0] == "cd":
            directory = os.path.join(directory, _cd_target(command[1:]))
            continue
        summary = summarise(command)
        if isinstance(summary, ReadCommand) and directory:
            summary = msgspec.structs.replace(summary, path=os.path.join(directory, summary.path))
        found.append(summary)
    return found


def _cd_target(arguments: Sequence[str]) -> str:
    """Return where a ``cd`` goes by its arguments; nowhere when they do not say."""
    target = ""
    for position, argument in enumerate(arguments):
        if argument == "--":
            return next(iter(arguments[position + 1 :]), target)
        if not argument.startswith("-"):
            target = argument
    return target


def _simplified(found: list[ParsedCommand]) -> list[ParsedCommand]:
    if len(found) > 1:
        found = [entry for entry in found if entry != _TRUE]
    while len(found) > 1:
        dropped = _superfluous(found)
        if dropped is None:
            break
        found = found[:dropped] + found[dropped + 1 :]
    return found


def _superfluous(found: Sequence[ParsedCommand]) -> int | None:
    """Return the position of a part that says nothing about the whole."""
    for position, entry in enumerate(found):
        if not isinstance(entry, UnknownCommand):
            continue
        match _split(entry.cmd):
            case ["echo", *_] if position == 0:
                return position
            case ["cd", *_] if position + 1 < len(found):
                return position
            case ["nl", *flags] if all(flag.startswith("-") for flag in flags):
                return position
    return None


def _split(cmd: str) -> list[str]:
    try:
        return shlex.split(cmd)
    except ValueError:
        return []


def _has_sed_n(commands: Sequence[Sequence[str]]) -> bool:
    return any(list(command[:2]) == ["sed", "-n"] for command in commands)


def _powershell_script(argv: Sequence[str]) -> str | None:
    if len(argv) < 3 or os.path.splitext(os.path.basename(argv[0]))[0].lower() not in _POWERSHELLS:
        return None
    return argv[-1] if argv[-2].lower() in ("-command", "-c") else None
