"""What `agent state` does: each function says what it found, line by line, and returns the exit code."""

import os
import sys
from collections.abc import Callable, Iterator
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias

from agent_core.config.errors import ConfigError
from agent_core.config.home import agent_home
from agent_state.errors import StateError, ThreadMissing
from agent_state.index.check import Difference, rebuild
from agent_state.index.check import check as differences
from agent_state.index.location import VARIABLE, IndexLocation, SqliteLocation, index_location
from agent_state.rollout.names import id_of_name
from agent_state.rollout.path import canonical_id, find_path, newest_first
from agent_state.rollout.transfer import export_file, import_file
from agent_state.rollout.verify import verify
from agent_state.rollout.writer import utc_now

P = ParamSpec("P")
Say: TypeAlias = Callable[[str], None]


def _explained(command: Callable[Concatenate[Say, P], int]) -> Callable[Concatenate[Say, P], int]:
    """Tell standard error what is in the way and return 1, in place of raising it."""

    @wraps(command)
    def run(say: Say, /, *args: P.args, **kwargs: P.kwargs) -> int:
        try:
            return command(say, *args, **kwargs)
        except (StateError, ConfigError) as error:
            sys.stderr.write(f"error: {error}\n")
            return 1

    return run


@_explained
def check_index(say: Say) -> int:
    """Say every difference between the index and the files."""
    home = agent_home(os.environ)
    location = _location(say, home)
    if location is None:
        return 0
    if isinstance(location, SqliteLocation) and not location.path.exists():
        say(f"There is no index yet at {location.path}; `agent state rebuild` makes one.")
        return 1 if any(next(newest_first(home, archived), None) for archived in (False, True)) else 0
    index = location.open()
    try:
        if not index.is_complete():
            say("The index is being filled; until it is complete, the files answer.")
        count = 0
        for difference in differences(home, index):
            count += 1
            _tell(say, difference)
        say(f"{len(index.files())} rows, {count} differences")
        return 1 if count else 0
    finally:
        index.close()


@_explained
def rebuild_index(say: Say, progress: Callable[[int, int], None]) -> int:
    """Make the index anew; ``progress`` is told how many of how many records are read."""
    home = agent_home(os.environ)
    location = _location(say, home)
    if location is None:
        return 0
    count = rebuild(home, location, utc_now, progress)
    say(f"{count} records are in {location.where}")
    return 0


@_explained
def verify_records(say: Say, thread: str | None) -> int:
    """Say every line that cannot be read, of one thread or of all."""
    home = agent_home(os.environ)
    paths = [_find(home, thread)] if thread is not None else [*_every(home)]
    faulty = unknown = 0
    for path in paths:
        findings = [*verify(path)]
        problems = [finding for finding in findings if finding.problem]
        unknown += len(findings) - len(problems)
        faulty += bool(problems)
        for finding in problems:
            place = f"{path}:{finding.line}" if finding.line is not None else str(path)
            say(f"{place}: {finding.text}")
    say(f"{len(paths)} records, {faulty} with faults; {unknown} lines of kinds this version does not know")
    return 1 if faulty else 0


@_explained
def export_record(say: Say, thread: str, file: Path, force: bool) -> int:
    """Copy the record of a thread to a file."""
    export_file(_find(agent_home(os.environ), thread), file, replace=force)
    return 0


@_explained
def import_record(say: Say, file: Path) -> int:
    """Take the record in a file among the threads and say where it is."""
    say(str(import_file(agent_home(os.environ), file)))
    return 0


def _location(say: Say, home: Path) -> IndexLocation | None:
    location = index_location(home, os.environ)
    if location is None:
        say(f"{VARIABLE} is off: there is no index, the files answer.")
    return location


def _tell(say: Say, difference: Difference) -> None:
    if difference.kind != "differs":
        say(f"{difference.path}: {difference.kind}")
    for column, (indexed, found) in difference.columns.items():
        say(f"{difference.path}: {column} is {indexed!r} in the index and {found!r} in the file")


def _find(home: Path, thread: str) -> Path:
    thread_id = canonical_id(thread) or id_of_name(home, thread)
    canonical = canonical_id(thread_id) if thread_id is not None else None
    if canonical is not None:
        for archived in (False, True):
            path = find_path(home, canonical, archived)
            if path is not None:
                return path
    raise ThreadMissing(thread, archived=False)


def _every(home: Path) -> Iterator[Path]:
    for archived in (False, True):
        yield from (found.path for found in newest_first(home, archived))
