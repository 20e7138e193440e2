"""What the first lines of a rollout tell, read without decoding more of it than is needed."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from agent_protocol.rollout.line import SessionMeta
from msgspec import UNSET

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.index.fold import Fold
from agent_state.rollout.cursor import parse_time
from agent_state.rollout.reader import raw_lines
from agent_state.store import StoredThread

HEAD_RECORDS = 10
"""Records in which the session meta is looked for."""
SEARCH_RECORDS = 200
"""Further records in which the first user message is looked for."""


@dataclass(frozen=True, slots=True)
class Head:
    """The session meta and the first user message, as far as they were found."""

    meta: SessionMeta | None
    first_user_message: str | None


def read_head(path: Path) -> Head:
    """Look for the session meta and the first user message near the beginning of the file.

    Raises:
        RolloutMissing: there is no such file.
        RolloutReadError: it cannot be read.
    """
    fold = Fold()
    for number, raw in enumerate(raw_lines(path), start=1):
        fold.add(raw)
        if fold.meta is None:
            if number >= HEAD_RECORDS:
                break
        elif fold.first_user_message is not None or number >= HEAD_RECORDS + SEARCH_RECORDS:
            break
    return Head(fold.meta, fold.first_user_message)


def stored_thread(path: Path, head: Head, archived: bool) -> StoredThread:
    """Return the description of the thread whose head was read.

    Raises:
        RolloutInvalid: the head has no session meta.
        RolloutMissing, RolloutReadError: the file cannot be looked at.
    """
    meta = head.meta
    if meta is None:
        raise RolloutInvalid(path, "it has no session meta")
    created_at = parse_time(meta.timestamp)
    return StoredThread(
        thread_id=meta.id,
        path=path,
        preview=head.first_user_message or "",
        model_provider=meta.model_provider,
        created_at=None if created_at is None else created_at.replace(microsecond=0),
        updated_at=modified_at(path),
        cwd=meta.cwd,
        cli_version=meta.cli_version,
        source=meta.source,
        git=None if meta.git is UNSET else meta.git,
        archived=archived,
    )


def modified_at(path: Path) -> datetime:
    """Return when the file was last written, in whole seconds.

    Raises:
        RolloutMissing, RolloutReadError: the file cannot be looked at.
    """
    try:
        return datetime.fromtimestamp(os.stat(path).st_mtime_ns // 1_000_000_000, UTC)
    except FileNotFoundError as error:
        raise RolloutMissing(path) from error
    except OSError as error:
        raise RolloutReadError(path, error.errno or 0) from error
