"""Where a run is shown: the pure renderings, their state, and the streams they are written to."""

import os
import shutil
from dataclasses import dataclass
from typing import BinaryIO, Protocol, TextIO

import anyio

from agent_cli.render import human, jsonl
from agent_cli.render.event import ThreadStarted, encode
from agent_cli.render.human import Facts
from agent_cli.render.paint import Paint

_TICK_SECONDS = 0.1
_SPINNER = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_CLEAR_LINE = "\r\x1b[2K"


@dataclass(frozen=True, slots=True)
class Streams:
    """The standard streams of a run."""

    stdin: BinaryIO
    stdout: TextIO
    stderr: TextIO

    def note(self, text: str) -> None:
        """Write one line to standard error."""
        self.stderr.write(text + "\n")
        self.stderr.flush()


class View(Protocol):
    """How a run is shown."""

    def open(self, facts: Facts, prompt: str) -> None:
        """Show what is about to run."""
        ...

    def show(self, notification: object) -> None:
        """Show a notification, given as its params."""
        ...

    async def animate(self) -> None:
        """Show that time passes, until cancelled."""
        ...

    def close(self, final_message: str | None, thread: str) -> None:
        """Show the end; ``final_message`` is what the agent said last in a turn that was completed.

        ``thread`` is the name or the id by which the thread can be resumed.
        """
        ...


class JsonView:
    """JSON lines on standard output."""

    def __init__(self, streams: Streams) -> None:
        self._out = streams.stdout
        self._state = jsonl.State()

    def open(self, facts: Facts, prompt: str) -> None:
        self._write(encode(ThreadStarted(thread_id=facts.thread_id)))

    def show(self, notification: object) -> None:
        self._state, events = jsonl.step(self._state, notification)
        for event in events:
            self._write(encode(event))

    async def animate(self) -> None:
        await anyio.sleep_forever()

    def close(self, final_message: str | None, thread: str) -> None:
        """Write nothing: the last event has said it."""

    def _write(self, line: bytes) -> None:
        self._out.write(line.decode())
        self._out.flush()


class HumanView:
    """Lines for a person on standard error, and the final message alone on standard output."""

    def __init__(self, streams: Streams, *, color: str) -> None:
        self._streams = streams
        self._state = human.State(paint=Paint(enabled=_is_coloured(streams.stderr, color)))
        self._is_live = streams.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._drawn = False
        self._since = 0.0

    def open(self, facts: Facts, prompt: str) -> None:
        self._lines(human.heading(facts, prompt, self._state.paint))

    def show(self, notification: object) -> None:
        before = self._state.activity
        self._state, lines = human.step(self._state, notification)
        if self._state.activity != before:
            self._since = anyio.current_time()
        self._lines(lines)

    async def animate(self) -> None:
        if not self._is_live:
            await anyio.sleep_forever()
        self._since = started = anyio.current_time()
        try:
            while True:
                self._draw(anyio.current_time() - started)
                await anyio.sleep(_TICK_SECONDS)
        finally:
            self._erase()

    def close(self, final_message: str | None, thread: str) -> None:
        self._lines(human.closing(self._state, thread))
        if final_message is not None and not (self._streams.stdout.isatty() and self._streams.stderr.isatty()):
            self._streams.stdout.write(final_message.rstrip("\n") + "\n")
            self._streams.stdout.flush()

    def _lines(self, lines: human.Lines) -> None:
        self._erase()
        if lines:
            self._streams.note("\n".join(lines))

    def _draw(self, elapsed: float) -> None:
        spinner = _SPINNER[int(elapsed / _TICK_SECONDS) % len(_SPINNER)]
        activity = self._state.activity or "working"
        minutes, seconds = divmod(int(anyio.current_time() - self._since), 60)
        took = f"{minutes}m {seconds:02}s" if minutes else f"{seconds}s"
        width = max(shutil.get_terminal_size().columns - 1, 20)
        text = f"{spinner} {took} {activity}".replace("\n", " ")[:width]
        self._streams.stderr.write(_CLEAR_LINE + self._state.paint(text, "dim"))
        self._streams.stderr.flush()
        self._drawn = True

    def _erase(self) -> None:
        if self._drawn:
            self._streams.stderr.write(_CLEAR_LINE)
            self._drawn = False


def _is_coloured(stream: TextIO, color: str) -> bool:
    if color == "auto":
        return stream.isatty() and "NO_COLOR" not in os.environ
    return color == "always"
