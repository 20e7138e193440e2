"""A new rollout file that begins as a copy of another one."""

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

from agent_protocol.rollout.codec import encode_line, restamp

from agent_state.errors import StateError
from agent_state.rollout.file import RolloutFile
from agent_state.rollout.lock import ThreadLock
from agent_state.rollout.reader import read_lines

_BATCH_BYTES = 1 << 20


def copied_file(path: Path, lock: ThreadLock, first: bytes, source: Path, stamp: str) -> RolloutFile:
    """Make the file at ``path``: ``first``, then every readable line of ``source`` as written at ``stamp``.

    The file appears under its name only when it is whole; a copy that fails leaves nothing.

    Raises:
        RolloutMissing, RolloutReadError: the source cannot be read.
        RolloutWriteError: the copy cannot be written.
        ThreadLocked: somebody else made a file of this name just now.
    """
    unfinished = path.with_name(f"{path.name}.unfinished")
    file = RolloutFile.create(unfinished, lock, first)
    try:
        lines = (encode_line(restamp(line, stamp)) + b"\n" for line in read_lines(source))
        for batch in _batches(lines):
            file.append(batch)
        file.rename(path)
    except StateError:
        with suppress(OSError):
            os.unlink(unfinished)
        file.close()
        raise
    return file


def _batches(lines: Iterable[bytes]) -> Iterator[bytes]:
    batch: list[bytes] = []
    size = 0
    for line in lines:
        batch.append(line)
        size += len(line)
        if size >= _BATCH_BYTES:
            yield b"".join(batch)
            batch, size = [], 0
    if batch:
        yield b"".join(batch)
