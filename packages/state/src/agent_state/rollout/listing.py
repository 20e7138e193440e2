"""Pages of threads, straight from the rollout files."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from agent_state.errors import RolloutMissing, RolloutReadError
from agent_state.filter import kind_of, narrowest, spellings
from agent_state.rollout.cursor import Anchor, decode_cursor, encode_cursor
from agent_state.rollout.head import modified_at, read_head, stored_thread
from agent_state.rollout.path import RolloutPath, newest_first
from agent_state.store import Page, StoredThread, ThreadQuery

_log = logging.getLogger(__name__)

SCAN_LIMIT = 10_000
"""Files one page looks at before it ends early."""


@dataclass(frozen=True, slots=True)
class _Candidate:
    order: Anchor
    path: Path


def list_page(home: Path, query: ThreadQuery, scan_limit: int = SCAN_LIMIT) -> Page:
    """Return the page of ``query``: newest first by its sort key, ties by id, both descending.

    A thread is shown only if its head has a session meta and a user message. Blocks; belongs on a worker thread.

    Raises:
        CursorInvalid: the cursor is not one.
        RolloutReadError: a directory of the store cannot be read.
    """
    anchor = decode_cursor(query.cursor) if query.cursor is not None else None
    candidates = _by_update if query.sort_key == "updated_at" else _by_creation
    found: list[StoredThread] = []
    scanned = 0
    last: _Candidate | None = None
    for candidate in candidates(home, query.archived, anchor, scan_limit):
        capped = scanned == scan_limit
        if last and (capped or len(found) >= max(1, query.page_size)):
            return Page(threads=found, next_cursor=encode_cursor(last.order), scanned=scanned, capped=capped)
        scanned += 1
        last = candidate
        thread = _read(candidate.path, query.archived)
        if thread and is_shown(thread, query):
            found.append(thread)
    return Page(threads=found, next_cursor=None, scanned=scanned)


def is_shown(thread: StoredThread, query: ThreadQuery) -> bool:
    """Tell whether the thread passes the query's filters."""
    if query.source_kinds is not None and kind_of(thread.source) not in narrowest(query.source_kinds):
        return False
    if query.model_providers and (thread.model_provider or query.default_provider) not in query.model_providers:
        return False
    return query.cwd is None or thread.cwd in spellings(query.cwd)


def _by_creation(home: Path, archived: bool, anchor: Anchor | None, _: int) -> Iterator[_Candidate]:
    for found in newest_first(home, archived, not_after=anchor[0].date() if anchor else None):
        if anchor is None or found.order < anchor:
            yield _Candidate(found.order, found.path)


def _by_update(home: Path, archived: bool, anchor: Anchor | None, limit: int) -> Iterator[_Candidate]:
    # One more than the limit is kept, so that the caller sees that the scan ended early.
    newest = islice(newest_first(home, archived), limit + 1)
    stamped = [candidate for found in newest if (candidate := _with_update_time(found))]
    stamped.sort(key=lambda candidate: candidate.order, reverse=True)
    yield from (candidate for candidate in stamped if anchor is None or candidate.order < anchor)


def _with_update_time(found: RolloutPath) -> _Candidate | None:
    try:
        return _Candidate((modified_at(found.path).replace(tzinfo=None), found.thread_id), found.path)
    except (RolloutMissing, RolloutReadError) as error:
        _log.debug("%s", error)
        return None


def _read(path: Path, archived: bool) -> StoredThread | None:
    try:
        head = read_head(path)
        if head.meta is None or head.first_user_message is None:
            return None
        return stored_thread(path, head, archived)
    except (RolloutMissing, RolloutReadError) as error:
        _log.debug("%s", error)
        return None
