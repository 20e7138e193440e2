"""Files and rows compared by what a look at the folders tells, and the rows brought up to the files."""

import logging
import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.index.contract import ThreadIndex
from agent_state.index.fold import read_row
from agent_state.index.row import FileFacts, ThreadRow
from agent_state.rollout.path import newest_first

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Drift:
    """Where the rows do not show the files. Paths are as rows have them."""

    added: Sequence[str]
    """Files without a row, newest first."""
    changed: Sequence[str]
    """Files that are not as they were when their row was read, newest first."""
    gone: Sequence[str]
    """Rows without a file."""

    @property
    def paths(self) -> Sequence[str]:
        """All of them."""
        return (*self.added, *self.changed, *self.gone)

    def __str__(self) -> str:
        return f"{len(self.added)} without a row, {len(self.changed)} changed, {len(self.gone)} rows without a file"


def scan(home: Path) -> dict[str, FileFacts]:
    """Return every rollout file, newest first, the archived ones last.

    Raises:
        RolloutReadError: a folder cannot be read.
    """
    start = len(str(home)) + 1
    files: dict[str, FileFacts] = {}
    for archived in (False, True):
        for rollout in newest_first(home, archived):
            facts = facts_of(rollout.path)
            if facts is not None:
                files[str(rollout.path)[start:]] = facts
    return files


def facts_of(path: str | Path) -> FileFacts | None:
    """Return the facts of a file, ``None`` if it cannot be looked at."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return FileFacts(status.st_mtime_ns, status.st_size)


def drift(files: Mapping[str, FileFacts], rows: Mapping[str, FileFacts]) -> Drift:
    """Compare the files with the facts that rows were read from."""
    return Drift(
        added=[path for path in files if path not in rows],
        changed=[path for path, facts in files.items() if rows.get(path, facts) != facts],
        gone=[path for path in rows if path not in files],
    )


def bring_up(index: ThreadIndex, home: Path, paths: Collection[str]) -> Drift:
    """Read the files at ``paths`` again where their rows do not show them, and take away rows without a file.

    Returns what was done. Files that cannot be read keep the row they have.

    Raises:
        IndexFault: the index cannot be used.
    """
    known = index.rows(paths)
    rows: list[ThreadRow] = []
    gone: dict[str, FileFacts] = {}
    for path in paths:
        row = known.get(path)
        try:
            if row is None or row.facts != facts_of(home / path):
                rows.append(read_row(home, path, row))
        except RolloutMissing:
            if row is not None:
                gone[path] = row.facts
        except (RolloutReadError, RolloutInvalid) as error:
            _log.debug("%s", error)
    if rows:
        index.put(rows)
    if gone:
        index.drop(gone)
    written = [row.path for row in rows]
    return Drift(
        added=[path for path in written if path not in known],
        changed=[path for path in written if path in known],
        gone=list(gone),
    )


def move_row(index: ThreadIndex, home: Path, old: str, new: str, archived_at: int | None) -> None:
    """Let the row of a file that was moved from ``old`` to ``new`` follow it.

    Raises:
        IndexFault: the index cannot be used.
        RolloutMissing, RolloutInvalid, RolloutReadError: the file cannot be read.
    """
    known = index.rows([old]).get(old)
    facts = facts_of(home / new)
    if known and facts and facts.size_bytes == known.size_bytes:
        row = msgspec.structs.replace(known, path=new, mtime_ns=facts.mtime_ns)
    else:
        row = read_row(home, new)
    index.move(old, msgspec.structs.replace(row, archived_at=archived_at))


def batches(paths: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Cut ``paths`` into pieces of ``size``."""
    for start in range(0, len(paths), size):
        yield paths[start : start + size]
