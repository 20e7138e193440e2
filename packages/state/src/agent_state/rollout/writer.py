"""The writer of one thread's file: lines are buffered as they come and written in batches by a worker thread.

When lines are on the device: ``flush(durable=True)`` asks the system for it and is meant for the end of a turn;
lines written in between survive the death of the process at once, and that of the machine within seconds.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import anyio
import anyio.to_thread
from agent_protocol.rollout.codec import encode_line, format_timestamp, new_line
from agent_protocol.rollout.line import RolloutItem, SessionMeta

from agent_state.errors import RolloutWriteError, WriterClosed
from agent_state.rollout.file import RolloutFile
from agent_state.store import NewThread

_log = logging.getLogger(__name__)


def utc_now() -> datetime:
    """Return the host's time."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Deferred:
    """A file that is not there yet; ``make`` creates it around its first bytes, on a worker thread."""

    new: NewThread
    make: Callable[[bytes], RolloutFile]


class RolloutWriter:
    """A ``ThreadWriter`` over one rollout file.

    A batch leaves the buffer only after it was written whole, and that in the worker thread itself, so neither a
    failure nor a cancelled caller loses or doubles a line. ``changed`` is told the path when the file was made, when
    lines were made durable, and at the end.
    """

    def __init__(
        self,
        thread_id: str,
        path: Path,
        now: Callable[[], datetime],
        origin: "RolloutFile | Deferred",
        changed: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self._thread_id = thread_id
        self._path = path
        self._now = now
        self._changed = changed
        self._origin = origin
        self._file = origin if isinstance(origin, RolloutFile) else None
        self._pending: list[bytes] = []
        self._closed = False
        self._wake = anyio.Event()
        self._creating = anyio.Lock()
        self._guard = threading.Lock()

    @property
    def thread_id(self) -> str:
        return self._thread_id

    @property
    def path(self) -> Path:
        return self._path

    @property
    def is_materialised(self) -> bool:
        return self._file is not None

    @property
    def pending_lines(self) -> int:
        """How many lines wait to be written."""
        return len(self._pending)

    def append(self, items: Sequence[RolloutItem]) -> None:
        if self._closed:
            raise WriterClosed(self._path)
        stamp = format_timestamp(self._now())
        self._pending.extend(_encoded(item, stamp) for item in items)
        if self._file and self._pending:
            self._wake.set()

    async def materialise(self) -> None:
        async with self._creating:
            if self._file or isinstance(self._origin, RolloutFile):
                return
            if self._closed:
                raise WriterClosed(self._path)
            new = self._origin.new
            meta = await new.finish_meta(new.meta) if new.finish_meta else new.meta
            await anyio.to_thread.run_sync(self._create, self._origin.make, meta)
            self._changed(self._path)
            if self._pending:
                self._wake.set()

    async def flush(self, durable: bool = False) -> None:
        if self._file and not self._closed and (self._pending or durable):
            await anyio.to_thread.run_sync(self._drain, durable)
            if durable:
                self._changed(self._path)

    async def run(self) -> None:
        while not self._closed:
            await self._wake.wait()
            self._wake = anyio.Event()
            try:
                await self.flush()
            except RolloutWriteError as error:
                _log.warning("%s; %d lines wait", error, len(self._pending))

    async def aclose(self) -> None:
        if self._closed:
            return
        self._closed = True
        self._wake.set()
        with anyio.CancelScope(shield=True):
            async with self._creating:
                if self._file:
                    try:
                        await anyio.to_thread.run_sync(self._finish)
                    finally:
                        self._changed(self._path)

    def _create(self, make: Callable[[bytes], RolloutFile], meta: SessionMeta) -> None:
        with self._guard:
            count = len(self._pending)
            lines = [_encoded(meta, format_timestamp(self._now())), *self._pending[:count]]
            self._file = make(b"".join(lines))
            del self._pending[:count]

    def _drain(self, durable: bool) -> None:
        with self._guard:
            if self._file is None:
                return
            if count := len(self._pending):
                self._file.append(b"".join(self._pending[:count]))
                del self._pending[:count]
            if durable:
                self._file.sync()

    def _finish(self) -> None:
        try:
            self._drain(durable=False)
        finally:
            with self._guard:
                if self._file:
                    self._file.close()


def _encoded(item: RolloutItem, stamp: str) -> bytes:
    return encode_line(new_line(item, stamp)) + b"\n"
