"""A rollout looked through for what readers would skip."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.rollout.event import UnknownEvent
from agent_protocol.rollout.line import SessionMeta, UnknownLine
from agent_protocol.rollout.response_item import UnknownItem

from agent_state.errors import RolloutMissing, RolloutReadError
from agent_state.rollout.path import parse_path


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about a line, counted from 1, or about the whole file.

    A ``problem`` is lost on readers; anything else is kept by them and only not understood by this version.
    """

    line: int | None
    text: str
    problem: bool = True


def verify(path: Path) -> Iterator[Finding]:
    """Yield what is to be said of the file, in order of its lines.

    Raises:
        RolloutMissing: there is no such file.
        RolloutReadError: it cannot be read.
    """
    meta: SessionMeta | None = None
    for number, raw in _lines(path):
        torn = not raw.endswith(b"\n")
        try:
            item = decode_line(raw).item if raw.strip() else None
        except RolloutLineError as error:
            yield Finding(number, "the line is torn" if torn else f"no line of a rollout: {error.reason}")
            continue
        if torn:
            yield Finding(number, "the last line is whole but lacks its line break")
        if isinstance(item, SessionMeta) and meta is None:
            meta = item
        elif isinstance(item, UnknownLine):
            yield Finding(number, f"{item.kind}: {item.reason}", problem=False)
        elif isinstance(item, UnknownEvent | UnknownItem):
            yield Finding(number, f"{item.kind}: unknown, or not of its known shape", problem=False)
    if meta is None:
        yield Finding(None, "there is no session meta")
        return
    named = parse_path(path)
    if named is not None and named.thread_id != meta.id:
        yield Finding(None, f"the file is named for thread {named.thread_id} and holds thread {meta.id}")


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    try:
        with path.open("rb") as file:
            yield from enumerate(file, start=1)
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error
