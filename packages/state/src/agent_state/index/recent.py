"""New files of other programs: found by looking at the few folders in which threads appear."""

import os
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from agent_state.index.contract import ThreadIndex
from agent_state.rollout.path import folders, rollouts

DAYS = 3
"""How many days' folders are looked at: more than one, since the machines of a shared home may differ in their date."""
SETTLED_NS = 2_000_000_000
"""From this age on, the time of a folder's last change tells for certain that nothing was added since."""


class RecentFolders:
    """Remembers which folders have not changed since they were looked at. Belongs on the index's worker thread."""

    def __init__(self, home: Path, now_ns: Callable[[], int] = time.time_ns) -> None:
        self._home = home
        self._now_ns = now_ns
        self._settled: dict[Path, int] = {}

    def unknown(self, index: ThreadIndex, archived: bool) -> list[str]:
        """Return files that have no row, newest first: those of the newest days, or the archived ones.

        Raises:
            IndexFault: the index cannot be used.
            RolloutReadError: a folder cannot be read.
        """
        found: list[str] = []
        for folder in islice(folders(self._home, archived), DAYS):
            changed_ns = _changed_ns(folder)
            if changed_ns is not None and self._settled.get(folder) != changed_ns:
                found += self._without_row(index, folder)
                if self._now_ns() - changed_ns > SETTLED_NS:
                    self._settled[folder] = changed_ns
        return found

    def _without_row(self, index: ThreadIndex, folder: Path) -> list[str]:
        below = folder.relative_to(self._home).as_posix()
        known = index.files(below)
        paths = (f"{below}/{rollout.path.name}" for rollout in rollouts(folder))
        return [path for path in paths if path not in known]


def _changed_ns(folder: Path) -> int | None:
    try:
        return os.stat(folder).st_mtime_ns
    except OSError:
        return None
