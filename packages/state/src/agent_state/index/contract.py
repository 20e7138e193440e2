"""What keeps the rows of an index. Everything here blocks and belongs on one worker thread at a time."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from agent_state.index.row import FileFacts, Place, ThreadRow
from agent_state.store import ThreadQuery


class ThreadIndex(Protocol):
    """The rows of one home, one for each rollout file. Every method may raise an ``IndexFault``."""

    def page(
        self, query: ThreadQuery, after: Place | None, limit: int, without: Collection[str] = ()
    ) -> Sequence[ThreadRow]:
        """Return up to ``limit`` rows that the query asks for, newest first, those behind ``after``.

        Rows at the paths ``without`` are left out. The query's page size and cursor are not looked at.
        """
        ...

    def rows(self, paths: Collection[str]) -> Mapping[str, ThreadRow]:
        """Return the rows at these paths, as far as there are any."""
        ...

    def find(self, thread_id: str, archived: bool) -> ThreadRow | None:
        """Return the newest row of a thread; the id is in canonical form."""
        ...

    def files(self, folder: str = "") -> Mapping[str, FileFacts]:
        """Return the files that have a row, by path; only those below ``folder``, if one is given."""
        ...

    def put(self, rows: Iterable[ThreadRow]) -> None:
        """Add rows, each in place of one at the same path; all of them or none."""
        ...

    def drop(self, files: Mapping[str, FileFacts]) -> None:
        """Take away the rows of these files; one that has other facts by now stays."""
        ...

    def move(self, old: str, row: ThreadRow) -> None:
        """Put ``row`` in place of the row at the path ``old``: its file was moved, to or from the archive."""
        ...

    def is_complete(self) -> bool:
        """Tell whether every file had its row once, so that listings may trust the index."""
        ...

    def claim(self, owner: str, now_ms: int, lease_ms: int) -> bool:
        """Take the filling of the index upon ``owner``, for a while; false while another has it, or it is complete.

        The one who has it claims again, in time, to keep it.
        """
        ...

    def finish(self, owner: str) -> bool:
        """Note that the index is complete; false if the claim was lost meanwhile."""
        ...

    def clear(self) -> None:
        """Forget all rows and claims: the index is to be filled again."""
        ...

    def check(self) -> None:
        """Look for damage in what holds the rows.

        Raises:
            IndexCorrupt: it is damaged.
        """
        ...

    def close(self) -> None:
        """Let go of it. May be called more than once."""
        ...
