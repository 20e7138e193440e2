"""Line maps kept beside the thread index, so that a long rollout is looked through once and not on every reading.

A kept map holds nothing but places and kinds; the file may be deleted at any time. It is believed only if the rollout
is the same file, has not shrunk, and begins and ends, as far as the map goes, with the bytes it was made of. With the
slightest doubt the rollout is looked through again.
"""

import logging
import os
import struct
import sys
import threading
from array import array
from contextlib import suppress
from pathlib import Path
from zlib import crc32

from agent_state.rollout.line_map import LineMap, extended, with_open_end

_log = logging.getLogger(__name__)

KEPT_FROM_BYTES = 4 << 20
"""Smaller rollouts are looked through faster than it is worth keeping a map of them."""
CACHE = Path("cache", "rollout-index")

_MAGIC = b"linemap1" if sys.byteorder == "little" else b"1pamenil"
_HEADER = struct.Struct("<8s6Q3I")
_PROBE_BYTES = 4096


class MapCache:
    """The line maps of one home. Every method blocks and belongs on a worker thread."""

    def __init__(self, home: Path, kept_from_bytes: int = KEPT_FROM_BYTES) -> None:
        self._folder = home / CACHE
        self._kept_from_bytes = kept_from_bytes

    def map(self, path: Path, fd: int, *, fresh: bool = False) -> LineMap:
        """Return the map of the open file as it is now; ``fresh`` believes nothing that was kept.

        Raises:
            OSError: the rollout cannot be read. A map that cannot be kept is no failure.
        """
        facts = os.fstat(fd)
        kept = self._folder / f"{path.stem}.map"
        if facts.st_size < self._kept_from_bytes:
            return with_open_end(fd, extended(fd, LineMap(), facts.st_size), facts.st_size)
        known = None if fresh else _load(kept, fd, facts)
        if known is None or known.end < facts.st_size:
            known = extended(fd, known or LineMap(), facts.st_size)
            self._keep(kept, _packed(known, fd, facts))
        return with_open_end(fd, known, facts.st_size)

    def _keep(self, kept: Path, data: bytes) -> None:
        draft = kept.with_name(f".{kept.name}.{os.getpid()}-{threading.get_ident()}")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            draft.write_bytes(data)
            draft.replace(kept)
        except OSError as error:
            _log.debug("the map %s cannot be kept: %s", kept, error)
            with suppress(OSError):
                draft.unlink()


def _packed(lines: LineMap, fd: int, facts: os.stat_result) -> bytes:
    body = lines.starts.tobytes() + lines.kinds
    return (
        _HEADER.pack(
            _MAGIC,
            facts.st_dev,
            facts.st_ino,
            facts.st_mtime_ns,
            facts.st_size,
            lines.end,
            len(lines.kinds),
            *_probes(fd, lines.end),
            crc32(body),
        )
        + body
    )


def _load(kept: Path, fd: int, facts: os.stat_result) -> LineMap | None:
    """Return the kept map if there is no doubt that it is one of this file."""
    try:
        data = kept.read_bytes()
    except OSError:
        return None
    if len(data) < _HEADER.size:
        return None
    magic, device, inode, mtime_ns, size, end, count, head, tail, checksum = _HEADER.unpack_from(data)
    body = memoryview(data)[_HEADER.size :]
    whole = magic == _MAGIC and len(body) == count * 9 and crc32(body) == checksum
    same_file = (device, inode) == (facts.st_dev, facts.st_ino)
    grown = size < facts.st_size or (size == facts.st_size and mtime_ns == facts.st_mtime_ns)
    if not (whole and same_file and grown and end <= size and _probes(fd, end) == (head, tail)):
        return None
    starts = array("Q")
    starts.frombytes(body[: count * 8])
    return LineMap(starts, bytes(body[count * 8 :]), end)


def _probes(fd: int, end: int) -> tuple[int, int]:
    length = min(end, _PROBE_BYTES)
    return crc32(os.pread(fd, length, 0)), crc32(os.pread(fd, length, end - length))
