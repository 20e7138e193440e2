"""The descriptors of one command: the ends it gets, the ends that stay here."""

from __future__ import annotations

import os
import socket
import sys
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Literal

from agent_sandbox.command import PreparedCommand
from agent_sandbox.stream import Descriptor

InputMode = Literal["null", "pipe", "inherit"]
OutputMode = Literal["pipe", "inherit"]


@dataclass(kw_only=True)
class Streams:
    """The ends that stay for as long as the command is of interest.

    ``terminal`` stands for both input and output where the command has one; ``status`` is where a wrapper reports.
    """

    stdin: Descriptor | None = None
    stdout: Descriptor | None = None
    stderr: Descriptor | None = None
    terminal: Descriptor | None = None
    status: Descriptor | None = None

    def close(self) -> None:
        """Close every end."""
        for end in (self.stdin, self.stdout, self.stderr, self.terminal, self.status):
            if end is not None:
                end.close()


@dataclass(kw_only=True)
class Wiring:
    """Everything opened for one start: ``passed`` goes to the fork server, the rest stays.

    ``channel`` carries the order and the end; ``report`` carries a failure to execute.
    """

    channel: Descriptor
    report: Descriptor
    streams: Streams
    passed: list[int]
    owned: list[int] = field(default_factory=list)

    def close_passed(self) -> None:
        """Close this process's copies of what was passed on."""
        _close_all(self.owned)

    def close(self) -> None:
        """Close everything, which ends the command if it was started."""
        self.close_passed()
        self.channel.close()
        self.report.close()
        self.streams.close()


def wire(
    command: PreparedCommand,
    *,
    stdin: InputMode,
    output: OutputMode,
    merge_stderr: bool,
    pty: tuple[int, int] | None,
) -> Wiring:
    """Open the descriptors for ``command``. Raises ``OSError`` when the process has none left."""
    with ExitStack() as undo:
        owned: list[int] = []
        undo.callback(_close_all, owned)
        streams = Streams()
        undo.callback(streams.close)
        here, there = socket.socketpair()
        channel = undo.enter_context(Descriptor(here.detach()))
        owned.append(there.detach())
        reading, writing = os.pipe()
        report = undo.enter_context(Descriptor(reading))
        owned.append(writing)
        passed = owned.copy()
        if pty is None:
            passed += _pipes(streams, owned, stdin=stdin, output=output, merge_stderr=merge_stderr)
        else:
            passed += _terminal(streams, owned, pty)
        if command.reports_status:
            streams.status = _incoming(owned)
            passed.append(owned[-1])
        undo.pop_all()
    return Wiring(channel=channel, report=report, streams=streams, passed=passed, owned=owned)


def _close_all(numbers: list[int]) -> None:
    while numbers:
        os.close(numbers.pop())


def _pipes(
    streams: Streams, owned: list[int], *, stdin: InputMode, output: OutputMode, merge_stderr: bool
) -> tuple[int, int, int]:
    given = [0, 1, 2]
    if stdin == "pipe":
        reading, writing = os.pipe()
        owned.append(reading)
        streams.stdin = Descriptor(writing)
        given[0] = reading
    elif stdin == "null":
        given[0] = os.open(os.devnull, os.O_RDWR)
        owned.append(given[0])
    if output == "pipe":
        streams.stdout = _incoming(owned)
        given[1] = given[2] = owned[-1]
        if not merge_stderr:
            streams.stderr = _incoming(owned)
            given[2] = owned[-1]
    return given[0], given[1], given[2]


def _incoming(owned: list[int]) -> Descriptor:
    """A pipe to read from; the writing end is the last of ``owned``."""
    reading, writing = os.pipe()
    owned.append(writing)
    return Descriptor(reading)


def _terminal(streams: Streams, owned: list[int], size: tuple[int, int]) -> tuple[int, int, int]:
    ours, given = os.openpty()
    owned.append(given)
    streams.terminal = Descriptor(ours)
    set_terminal_size(ours, *size)
    return given, given, given


def set_terminal_size(descriptor: int, rows: int, columns: int) -> None:
    """Set the size of the terminal behind ``descriptor``."""
    if sys.platform != "win32":
        import termios

        termios.tcsetwinsize(descriptor, (rows, columns))
