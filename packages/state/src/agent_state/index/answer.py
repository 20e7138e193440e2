"""Answers from the index, each compared with the files it speaks of; where they differ the files win."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.index.contract import ThreadIndex
from agent_state.index.fold import read_row
from agent_state.index.recent import RecentFolders
from agent_state.index.reconcile import facts_of
from agent_state.index.row import Place, ThreadRow, is_asked_for
from agent_state.rollout.cursor import decode_cursor, encode_cursor
from agent_state.store import Page, SortKey, StoredThread, ThreadQuery

MOST_CORRECTIONS = 200
"""More rows than this are not read again for one answer; then the index is too old to answer from."""

Corrections = Mapping[str, ThreadRow | None]
"""What the files say in place of rows, by path; ``None`` for a file that is gone or cannot be read."""


def answer_page(
    index: ThreadIndex, home: Path, query: ThreadQuery, recent: RecentFolders
) -> tuple[Page | None, Corrections]:
    """Return the page of ``query`` and the rows that must be written again; no page if these are too many.

    Raises:
        CursorInvalid: the query's cursor is not one.
        IndexFault: the index cannot be used.
        RolloutReadError: a folder cannot be read.
    """
    after = _place(query.cursor)
    limit = max(1, query.page_size) + 1
    unknown = recent.unknown(index, query.archived) if after is None else []
    if len(unknown) > MOST_CORRECTIONS:
        return None, dict.fromkeys(unknown)
    corrections = {path: _read(home, path, None) for path in unknown}
    while len(corrections) <= MOST_CORRECTIONS:
        rows = index.page(query, after, limit, without=corrections.keys())
        stale = [row for row in rows if row.facts != facts_of(f"{home}/{row.path}")]
        if not stale:
            return _page(home, query, _merged(rows, corrections, query, after)[:limit], limit), corrections
        corrections |= {row.path: _read(home, row.path, row) for row in stale}
    return None, corrections


def answer_summary(index: ThreadIndex, home: Path, path: str) -> StoredThread | None:
    """Return what the index knows of a file, if that is what the file says.

    Raises:
        IndexFault: the index cannot be used.
    """
    row = index.rows([path]).get(path)
    if row is None or row.source is None or row.facts != facts_of(home / path):
        return None
    return row.stored(home)


def answer_path(index: ThreadIndex, home: Path, thread_id: str, archived: bool) -> Path | None:
    """Return where the index knows the thread, if there is a file.

    Raises:
        IndexFault: the index cannot be used.
    """
    row = index.find(thread_id, archived)
    return home / row.path if row and facts_of(home / row.path) else None


def _page(home: Path, query: ThreadQuery, rows: Sequence[ThreadRow], limit: int) -> Page:
    shown = rows[: limit - 1]
    cursor = _cursor(shown[-1], query.sort_key) if len(rows) == limit else None
    return Page(threads=[row.stored(home) for row in shown], next_cursor=cursor, scanned=len(rows))


def _merged(
    rows: Sequence[ThreadRow], corrections: Corrections, query: ThreadQuery, after: Place | None
) -> list[ThreadRow]:
    key = query.sort_key
    corrected = [row for row in corrections.values() if row is not None and is_asked_for(row, query)]
    behind = [row for row in corrected if after is None or row.place(key) < after]
    return sorted([*rows, *behind], key=lambda row: row.place(key), reverse=True) if behind else list(rows)


def _read(home: Path, path: str, row: ThreadRow | None) -> ThreadRow | None:
    try:
        return read_row(home, path, row)
    except (RolloutMissing, RolloutReadError, RolloutInvalid):
        return None


def _place(cursor: str | None) -> Place | None:
    if cursor is None:
        return None
    time, thread_id = decode_cursor(cursor)
    return int(time.replace(tzinfo=UTC).timestamp()), thread_id


def _cursor(row: ThreadRow, key: SortKey) -> str:
    seconds, thread_id = row.place(key)
    return encode_cursor((datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None), thread_id))
