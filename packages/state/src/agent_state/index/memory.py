"""An index that lives as long as its process: for tests, and where nothing may be written."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from agent_state.index.row import FileFacts, Place, ThreadRow, is_asked_for
from agent_state.store import ThreadQuery


class MemoryIndex:
    """A ``ThreadIndex`` over a dictionary."""

    def __init__(self) -> None:
        self._rows: dict[str, ThreadRow] = {}
        self._complete = False
        self._owner: str | None = None
        self._lease_until_ms = 0

    def page(
        self, query: ThreadQuery, after: Place | None, limit: int, without: Collection[str] = ()
    ) -> Sequence[ThreadRow]:
        key = query.sort_key
        found = (row for row in self._rows.values() if row.path not in without and is_asked_for(row, query))
        behind = [row for row in found if after is None or row.place(key) < after]
        return sorted(behind, key=lambda row: row.place(key), reverse=True)[:limit]

    def rows(self, paths: Collection[str]) -> Mapping[str, ThreadRow]:
        return {path: self._rows[path] for path in paths if path in self._rows}

    def find(self, thread_id: str, archived: bool) -> ThreadRow | None:
        found = (row for row in self._rows.values() if row.id == thread_id and row.archived == archived)
        return max(found, key=lambda row: (row.stamp, row.path), default=None)

    def files(self, folder: str = "") -> Mapping[str, FileFacts]:
        prefix = folder + "/" if folder else ""
        return {path: row.facts for path, row in self._rows.items() if path.startswith(prefix)}

    def put(self, rows: Iterable[ThreadRow]) -> None:
        self._rows.update({row.path: row for row in rows})

    def drop(self, files: Mapping[str, FileFacts]) -> None:
        for path, facts in files.items():
            if path in self._rows and self._rows[path].facts == facts:
                del self._rows[path]

    def move(self, old: str, row: ThreadRow) -> None:
        self._rows.pop(old, None)
        self._rows[row.path] = row

    def is_complete(self) -> bool:
        return self._complete

    def claim(self, owner: str, now_ms: int, lease_ms: int) -> bool:
        if self._complete or (self._owner not in (None, owner) and self._lease_until_ms > now_ms):
            return False
        self._owner, self._lease_until_ms = owner, now_ms + lease_ms
        return True

    def finish(self, owner: str) -> bool:
        if self._complete or self._owner != owner:
            return False
        self._complete, self._owner = True, None
        return True

    def clear(self) -> None:
        self._rows.clear()
        self._complete, self._owner = False, None

    def check(self) -> None:
        """Find nothing: memory has no damage to look for."""

    def close(self) -> None:
        """Keep the rows: another may open the same memory."""
