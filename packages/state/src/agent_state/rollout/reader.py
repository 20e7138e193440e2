"""Reading of rollout files: line by line, and never failing for a line that cannot be read."""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent_protocol.rollout.codec import decode_line
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.rollout.line import RolloutLine, SessionMeta

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError

_log = logging.getLogger(__name__)


def raw_lines(path: Path) -> Iterator[bytes]:
    """Yield the lines that are not blank, without their line breaks; also a last one that lacks its break.

    Raises:
        RolloutMissing: there is no such file.
        RolloutReadError: it cannot be read.
    """
    try:
        with path.open("rb") as file:
            for line in file:
                if line.strip():
                    yield line.removesuffix(b"\n")
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error


def read_lines(path: Path) -> Iterator[RolloutLine]:
    """Yield the lines that can be read, in order. Those of unknown kinds are among them; torn ones are left out.

    Raises:
        RolloutMissing, RolloutReadError: as ``raw_lines``.
    """
    for number, raw in enumerate(raw_lines(path), start=1):
        try:
            yield decode_line(raw)
        except RolloutLineError as error:
            _log.warning("%s: line %d is skipped: %s", path, number, error)


def load_lines(path: Path) -> list[RolloutLine]:
    """Return all lines that can be read.

    Raises:
        RolloutInvalid: there is none, or none of them is a session meta.
        RolloutMissing, RolloutReadError: as ``raw_lines``.
    """
    lines = list(read_lines(path))
    _require_meta(path, lines)
    return lines


def read_meta(path: Path) -> SessionMeta:
    """Return the first session meta, which says whose file this is; raises as ``load_lines``."""
    return _require_meta(path, read_lines(path))


def first_meta(lines: Iterable[RolloutLine]) -> SessionMeta | None:
    """Return the first session meta among ``lines``: a forked thread has its parent's after its own."""
    return next((line.item for line in lines if isinstance(line.item, SessionMeta)), None)


def _require_meta(path: Path, lines: Iterable[RolloutLine]) -> SessionMeta:
    meta = first_meta(lines)
    if meta is None:
        raise RolloutInvalid(path, "the file is empty" if _is_blank(path) else "it has no session meta")
    return meta


def _is_blank(path: Path) -> bool:
    return next(raw_lines(path), None) is None
