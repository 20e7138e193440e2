"""The whole index compared with the whole of the files, and made anew from them."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal, TypeAlias

from agent_state.errors import (
    IndexCorrupt,
    IndexNewer,
    IndexUnreachable,
    RolloutInvalid,
    RolloutMissing,
    RolloutReadError,
)
from agent_state.index.contract import ThreadIndex
from agent_state.index.fold import read_row
from agent_state.index.location import IndexLocation
from agent_state.index.reconcile import batches, bring_up, scan
from agent_state.index.row import ThreadRow

Value: TypeAlias = str | int | None
Kind: TypeAlias = Literal["no row", "no file", "not readable", "row altered", "differs"]

_BATCH = 100
_LEASE_MS = 60_000


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the index does not say what a file says; ``path`` is as rows have it."""

    path: str
    kind: Kind
    columns: Mapping[str, tuple[Value, Value]] = field(default_factory=dict)
    """Of a row that differs: what the index says and what the file says, by column."""


def check(home: Path, index: ThreadIndex) -> Iterator[Difference]:
    """Read every file to its end and yield every difference; the files are right.

    Raises:
        IndexFault: the index cannot be used.
        RolloutReadError: a folder cannot be read.
    """
    index.check()
    files = scan(home)
    for some in batches(list(files), _BATCH):
        rows = index.rows(some)
        for path in some:
            found = _difference(home, path, rows.get(path))
            if found is not None:
                yield found
    for path in index.files():
        if path not in files:
            yield Difference(path, "no file")


def rebuild(
    home: Path, location: IndexLocation, now: Callable[[], datetime], progress: Callable[[int, int], None]
) -> int:
    """Make the index anew and return how many files have a row; ``progress`` is told how many of how many are read.

    An index that cannot be opened because it is damaged, or of a newer version, is set aside.

    Raises:
        IndexFault: the index cannot be made.
        RolloutReadError: a folder cannot be read.
    """
    index = _opened(location, now())
    try:
        index.clear()
        owner = f"rebuild-{now().isoformat()}"
        files = scan(home)
        done = 0
        for some in batches(list(files), _BATCH):
            if not index.claim(owner, int(now().timestamp() * 1000), _LEASE_MS):
                raise IndexUnreachable(location.where, "another process has begun to make it anew")
            bring_up(index, home, some)
            done += len(some)
            progress(done, len(files))
        index.claim(owner, int(now().timestamp() * 1000), _LEASE_MS)
        index.finish(owner)
        return len(index.files())
    finally:
        index.close()


def _opened(location: IndexLocation, now: datetime) -> ThreadIndex:
    try:
        return location.open()
    except (IndexCorrupt, IndexNewer):
        location.set_aside(now)
        return location.open()


def _difference(home: Path, path: str, row: ThreadRow | None) -> Difference | None:
    try:
        found = read_row(home, path)
    except RolloutMissing:
        return None
    except (RolloutReadError, RolloutInvalid):
        return Difference(path, "not readable")
    if row is None:
        return Difference(path, "no row")
    if row.size_bytes < 0:
        # It is not as it was written; the index will read the file again.
        return Difference(path, "row altered")
    columns = {name: (getattr(row, name), getattr(found, name)) for name in ThreadRow.__struct_fields__}
    differing = {name: values for name, values in columns.items() if values[0] != values[1] and _counts(name, *values)}
    return Difference(path, "differs", differing) if differing else None


def _counts(column: str, indexed: Value, found: Value) -> bool:
    # When a file was archived, only the index can know; the file's own time stands in where it does not.
    return column != "archived_at" or indexed is None or found is None
