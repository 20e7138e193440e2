"""Where rollout files live and how they are called."""

import os
import re
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from agent_state.errors import RolloutReadError

SESSIONS = "sessions"
ARCHIVED = "archived_sessions"

_NAME = re.compile(
    r"rollout-(\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d)-([0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})\.jsonl"
)
_STAMP_FORMAT = "%Y-%m-%dT%H-%M-%S"


def canonical_id(text: str) -> str | None:
    """Return a UUID in lower case with hyphens, whatever spelling it came in; ``None`` if it is no UUID."""
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None


@dataclass(frozen=True, slots=True)
class RolloutPath:
    """A rollout file as its name tells it; ``stamp`` is the local time of creation, without a zone."""

    path: Path
    stamp: datetime
    thread_id: str

    @property
    def order(self) -> tuple[datetime, str]:
        """The key by which files sort, oldest first."""
        return self.stamp, self.thread_id


def parse_stamp(text: str) -> datetime | None:
    """Read the time part of a file name, ``YYYY-MM-DDThh-mm-ss``."""
    try:
        return datetime.strptime(text, _STAMP_FORMAT)
    except ValueError:
        return None


def parse_path(path: Path) -> RolloutPath | None:
    """Return what the file's name tells, or ``None`` if it is not named as a rollout is."""
    match = _NAME.fullmatch(path.name)
    stamp = parse_stamp(match[1]) if match else None
    return RolloutPath(path, stamp, match[2].lower()) if match and stamp else None


def new_path(home: Path, thread_id: str, created_at: datetime, zone: tzinfo | None = None) -> Path:
    """Return the path of a new thread's file. Names are in local time; ``zone`` stands in for the host's own."""
    local = created_at.astimezone(zone)
    return dated_directory(home, local) / f"rollout-{local.strftime(_STAMP_FORMAT)}-{thread_id}.jsonl"


def dated_directory(home: Path, day: date) -> Path:
    """Return the directory of the threads created on ``day``."""
    return home / SESSIONS / f"{day.year:04}" / f"{day.month:02}" / f"{day.day:02}"


def newest_first(home: Path, archived: bool, not_after: date | None = None) -> Iterator[RolloutPath]:
    """Walk the rollout files, newest first by their names; days after ``not_after`` are left out.

    Raises:
        RolloutReadError: a directory cannot be read.
    """
    for folder in folders(home, archived, not_after):
        yield from rollouts(folder)


def folders(home: Path, archived: bool, not_after: date | None = None) -> Iterator[Path]:
    """Walk the directories that hold rollout files: one for each day, newest first, or the one of archived files.

    Raises:
        RolloutReadError: a directory cannot be read.
    """
    if archived:
        yield home / ARCHIVED
        return
    for year, year_path in _numbered(home / SESSIONS):
        if not_after and year > not_after.year:
            continue
        for month, month_path in _numbered(year_path):
            if not_after and (year, month) > (not_after.year, not_after.month):
                continue
            for day, day_path in _numbered(month_path):
                if not not_after or (year, month, day) <= (not_after.year, not_after.month, not_after.day):
                    yield day_path


def find_path(home: Path, thread_id: str, archived: bool) -> Path | None:
    """Return the newest file of the thread. ``thread_id`` is in canonical form.

    Raises:
        RolloutReadError: a directory cannot be read.
    """
    if not archived:
        for day in _likely_days(thread_id):
            for candidate in rollouts(dated_directory(home, day)):
                if candidate.thread_id == thread_id:
                    return candidate.path
    for candidate in newest_first(home, archived):
        if candidate.thread_id == thread_id:
            return candidate.path
    return None


def _likely_days(thread_id: str) -> list[date]:
    # A version 7 id begins with the creation time; the local date is that UTC date or a neighbour of it.
    value = uuid.UUID(thread_id)
    if value.version != 7:
        return []
    try:
        day = date(1970, 1, 1) + timedelta(milliseconds=value.int >> 80)
        return [day, day + timedelta(days=1), day - timedelta(days=1)]
    except OverflowError:
        return []


def rollouts(directory: Path) -> list[RolloutPath]:
    """Return the rollout files of one directory, newest first.

    Raises:
        RolloutReadError: it cannot be read.
    """
    found = (parse_path(directory / name) for name in _names(directory))
    return sorted((path for path in found if path), key=lambda path: path.order, reverse=True)


def _numbered(directory: Path) -> list[tuple[int, Path]]:
    numbers = ((int(name), directory / name) for name in _names(directory) if name.isascii() and name.isdigit())
    return sorted(numbers, reverse=True)


def _names(directory: Path) -> list[str]:
    try:
        return os.listdir(directory)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise RolloutReadError(directory, error.errno or 0) from error
