"""What is rebuilt from a rollout: its turns, and what its thread goes on from. Only the lines needed are read."""

import logging
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

from agent_protocol.projection.kind import LineKind, history_lines, summarised_lines, turn_lines, without_images
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.rollout.event import TokenCountEvent
from agent_protocol.rollout.line import Compacted, RolloutItem, RolloutLine, SessionMeta, TurnContext
from agent_protocol.v2.turn import Turn

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.rollout.line_map import LineMap, MapStale, read_lines
from agent_state.rollout.map_cache import MapCache
from agent_state.store import StoredHistory

T = TypeVar("T")

_log = logging.getLogger(__name__)
_COMPACTIONS = (LineKind.SUMMARY, LineKind.REPLACEMENT)


class _Record:
    """An open rollout with its map."""

    def __init__(self, path: Path, fd: int, lines: LineMap) -> None:
        self._path = path
        self._fd = fd
        self.lines = lines

    def items(self, numbers: Iterable[int]) -> Iterator[RolloutItem]:
        """Yield what the lines of these numbers say; those that cannot be read are left out."""
        for data in read_lines(self._fd, self.lines, numbers):
            try:
                yield decode_line(data).item
            except RolloutLineError as error:
                _log.warning("%s: a line is skipped: %s", self._path, error)

    def meta(self) -> SessionMeta:
        """Return the first session meta."""
        for item in self.items(self.lines.numbers(LineKind.META)):
            if isinstance(item, SessionMeta):
                return item
        blank = not any(data.strip() for data in read_lines(self._fd, self.lines, range(len(self.lines.kinds))))
        raise RolloutInvalid(self._path, "the file is empty" if blank else "it has no session meta")

    def backwards(self, kind: LineKind) -> Iterator[RolloutItem]:
        """Yield what the lines of one kind say, the last one first."""
        for number in reversed(self.lines.numbers(kind)):
            yield from self.items([number])


def read_history(maps: MapCache, path: Path) -> StoredHistory:
    """Return what the thread goes on from.

    Raises:
        RolloutMissing: there is no such file.
        RolloutReadError: it cannot be read.
        RolloutInvalid: it is empty, or has no session meta.
    """
    return _read(maps, path, _history)


def read_turns(maps: MapCache, path: Path, running_turn_id: str | None) -> list[Turn]:
    """Return the turns; raises as :func:`read_history`."""
    return _read(maps, path, lambda record: build_turns(_turn_items(record), running_turn_id=running_turn_id))


def history_of(lines: Sequence[RolloutLine]) -> StoredHistory:
    """Return what a thread goes on from whose lines are all at hand; one of them must be a session meta."""
    items = [line.item for line in lines]
    accounts = (item.info for item in reversed(items) if isinstance(item, TokenCountEvent))
    return StoredHistory(
        meta=next(item for item in items if isinstance(item, SessionMeta)),
        items=items,
        context=next((item for item in reversed(items) if isinstance(item, TurnContext)), None),
        usage=next((info for info in accounts if info is not None), None),
    )


def _read(maps: MapCache, path: Path, extract: Callable[[_Record], T]) -> T:
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error
    try:
        try:
            return extract(_Record(path, fd, maps.map(path, fd)))
        except MapStale:
            return extract(_Record(path, fd, maps.map(path, fd, fresh=True)))
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error
    except MapStale as error:
        raise RolloutReadError(path, 0) from error
    finally:
        os.close(fd)


def _history(record: _Record) -> StoredHistory:
    kinds = record.lines.kinds
    return StoredHistory(
        meta=record.meta(),
        items=(
            *(without_images(item) for item in record.items(summarised_lines(kinds))),
            *record.items(history_lines(kinds)),
        ),
        context=next((item for item in record.backwards(LineKind.CONTEXT) if isinstance(item, TurnContext)), None),
        usage=next(
            (
                item.info
                for item in record.backwards(LineKind.TOKENS)
                if isinstance(item, TokenCountEvent) and item.info is not None
            ),
            None,
        ),
    )


def _turn_items(record: _Record) -> Iterator[RolloutItem]:
    record.meta()
    numbers: list[int] = []
    for number in turn_lines(record.lines.kinds):
        if record.lines.kinds[number] not in _COMPACTIONS:
            numbers.append(number)
            continue
        yield from record.items(numbers)
        numbers.clear()
        yield Compacted(message="")
    yield from record.items(numbers)
