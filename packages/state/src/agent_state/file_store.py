"""The thread store over the files of a home. Each call is one hop to a worker thread."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path

import anyio.to_thread
from agent_protocol.rollout.codec import encode_line, format_timestamp, new_line
from agent_protocol.rollout.line import RolloutLine, SessionMeta
from agent_protocol.v2.turn import Turn

from agent_state.rollout import extract, head, listing, names, reader
from agent_state.rollout.archive import archive_file, unarchive_file
from agent_state.rollout.copy import copied_file
from agent_state.rollout.file import RolloutFile
from agent_state.rollout.lock import ThreadLock
from agent_state.rollout.map_cache import MapCache
from agent_state.rollout.path import ARCHIVED, canonical_id, find_path, new_path
from agent_state.rollout.writer import Deferred, RolloutWriter, utc_now
from agent_state.store import NewThread, Page, StoredHistory, StoredThread, ThreadQuery


class FileThreadStore:
    """A ``ThreadStore`` over ``home/sessions`` and ``home/archived_sessions``.

    ``now`` stamps lines and names; ``zone`` stands in for the host's time zone, in which files are named. ``changed``
    is told the path of a file that was made, that has all lines of a turn, or that is let go.
    """

    def __init__(
        self,
        home: Path,
        *,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        changed: Callable[[Path], None] = lambda path: None,
    ) -> None:
        self._home = home
        self._changed = changed
        self._maps = MapCache(home)
        self._now = now
        self._zone = zone

    @property
    def home(self) -> Path:
        """Return the directory all of it lives in."""
        return self._home

    async def run(self) -> None:
        """Return at once: files need no looking after."""

    async def aclose(self) -> None:
        """Return at once: nothing is held open."""

    def create(self, new: NewThread) -> RolloutWriter:
        path = new_path(self._home, new.meta.id, new.created_at, self._zone)
        make = partial(RolloutFile.create, path, self._lock(new.meta.id, path))
        return RolloutWriter(new.meta.id, path, self._now, Deferred(new, make), self._changed)

    async def open(self, path: Path) -> RolloutWriter:
        thread_id, file = await anyio.to_thread.run_sync(self._open, path)
        return RolloutWriter(thread_id, path, self._now, file, self._changed)

    async def fork(self, new: NewThread, source: Path) -> RolloutWriter:
        meta = await new.finish_meta(new.meta) if new.finish_meta else new.meta
        path = new_path(self._home, meta.id, new.created_at, self._zone)
        file = await anyio.to_thread.run_sync(self._copied, meta, path, source)
        self._changed(path)
        return RolloutWriter(meta.id, path, self._now, file, self._changed)

    async def meta(self, path: Path) -> SessionMeta:
        return await anyio.to_thread.run_sync(reader.read_meta, path)

    async def load(self, path: Path) -> list[RolloutLine]:
        return await anyio.to_thread.run_sync(reader.load_lines, path)

    async def history(self, path: Path) -> StoredHistory:
        return await anyio.to_thread.run_sync(extract.read_history, self._maps, path)

    async def turns(self, path: Path, running_turn_id: str | None = None) -> Sequence[Turn]:
        return await anyio.to_thread.run_sync(extract.read_turns, self._maps, path, running_turn_id)

    async def find(self, thread_id: str, archived: bool = False) -> Path | None:
        canonical = canonical_id(thread_id)
        if canonical is None:
            return None
        return await anyio.to_thread.run_sync(find_path, self._home, canonical, archived)

    async def archive(self, path: Path) -> Path:
        return await anyio.to_thread.run_sync(self._moved, archive_file, path)

    async def unarchive(self, path: Path) -> Path:
        return await anyio.to_thread.run_sync(self._moved, unarchive_file, path)

    async def list(self, query: ThreadQuery) -> Page:
        return await anyio.to_thread.run_sync(listing.list_page, self._home, query)

    async def summary(self, path: Path) -> StoredThread:
        return await anyio.to_thread.run_sync(self._summary, path)

    async def rename(self, thread_id: str, name: str) -> None:
        await anyio.to_thread.run_sync(names.append_name, self._home, thread_id, name, self._now())

    async def names(self, thread_ids: Sequence[str]) -> Mapping[str, str]:
        return await anyio.to_thread.run_sync(names.names_of, self._home, thread_ids)

    async def find_named(self, name: str) -> str | None:
        return await anyio.to_thread.run_sync(names.id_of_name, self._home, name)

    async def known_names(self, limit: int = 1_000) -> Sequence[str]:
        return await anyio.to_thread.run_sync(names.known_names, self._home, limit)

    def _lock(self, thread_id: str, path: Path) -> ThreadLock:
        return ThreadLock(self._home, thread_id, path)

    def _copied(self, meta: SessionMeta, path: Path, source: Path) -> RolloutFile:
        stamp = format_timestamp(self._now())
        first = encode_line(new_line(meta, stamp)) + b"\n"
        return copied_file(path, self._lock(meta.id, path), first, source, stamp)

    def _moved(self, move: Callable[[Path, Path, ThreadLock], Path], path: Path) -> Path:
        return move(self._home, path, self._lock(reader.read_meta(path).id, path))

    def _open(self, path: Path) -> tuple[str, RolloutFile]:
        thread_id = reader.read_meta(path).id
        return thread_id, RolloutFile.open(path, self._lock(thread_id, path))

    def _summary(self, path: Path) -> StoredThread:
        return head.stored_thread(path, head.read_head(path), archived=path.parent == self._home / ARCHIVED)
