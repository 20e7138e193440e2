"""The thread store over the files of a home, with an index that answers listings and look-ups."""

import logging
from collections.abc import Callable
from datetime import datetime, tzinfo
from pathlib import Path

from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutReadError
from agent_state.file_store import FileThreadStore
from agent_state.index.answer import Corrections, answer_page, answer_path, answer_summary
from agent_state.index.contract import ThreadIndex
from agent_state.index.keeper import AT_EASE, IndexKeeper, IndexStatistics, Pace
from agent_state.index.location import IndexLocation
from agent_state.index.recent import RecentFolders
from agent_state.index.reconcile import move_row
from agent_state.index.row import below_home
from agent_state.rollout.cursor import decode_cursor
from agent_state.rollout.path import canonical_id
from agent_state.rollout.writer import utc_now
from agent_state.store import Page, StoredThread, ThreadQuery

_log = logging.getLogger(__name__)


class IndexedThreadStore(FileThreadStore):
    """A ``FileThreadStore`` whose listings and look-ups come from an index, as long as it says what the files say.

    No fault of the index is an error of the store: the files answer then, and the log has one warning.
    """

    def __init__(
        self,
        home: Path,
        location: IndexLocation,
        *,
        now: Callable[[], datetime] = utc_now,
        zone: tzinfo | None = None,
        pace: Pace = AT_EASE,
    ) -> None:
        self._keeper = IndexKeeper(home, location, now, pace)
        super().__init__(home, now=now, zone=zone, changed=self._keeper.changed)
        self._recent = RecentFolders(home)

    def statistics(self) -> IndexStatistics:
        """Return how the index is."""
        return self._keeper.statistics()

    async def settled(self) -> None:
        """Return once the index shows all files, or has a fault; ``run`` must be running."""
        await self._keeper.settled()

    async def run(self) -> None:
        await self._keeper.run()

    async def aclose(self) -> None:
        await self._keeper.aclose()

    async def find(self, thread_id: str, archived: bool = False) -> Path | None:
        canonical = canonical_id(thread_id)
        if canonical is None:
            return None
        home = self.home
        path = await self._keeper.ask(lambda index: answer_path(index, home, canonical, archived))
        if path is not None:
            return path
        with self._keeper.standing_aside():
            return await super().find(canonical, archived)

    async def archive(self, path: Path) -> Path:
        target = await super().archive(path)
        await self._follow(path, target, int(self._now().timestamp()))
        return target

    async def unarchive(self, path: Path) -> Path:
        target = await super().unarchive(path)
        await self._follow(path, target, None)
        return target

    async def list(self, query: ThreadQuery) -> Page:
        if query.cursor is not None:
            decode_cursor(query.cursor)
        self._keeper.used()

        def answer(index: ThreadIndex) -> tuple[Page | None, Corrections]:
            return answer_page(index, self.home, query, self._recent)

        answered = await self._keeper.ask(answer)
        if answered is not None:
            page, corrections = answered
            self._keeper.correct(corrections)
            if page is not None:
                return page
        with self._keeper.standing_aside():
            return await super().list(query)

    async def summary(self, path: Path) -> StoredThread:
        below, home = below_home(self.home, path), self.home
        if below is not None:
            stored = await self._keeper.ask(lambda index: answer_summary(index, home, below))
            if stored is not None:
                return stored
        return await super().summary(path)

    async def _follow(self, old: Path, new: Path, archived_at: int | None) -> None:
        """Let the row of a moved file follow it, now or as soon as there is an index."""
        home, before, after = self.home, below_home(self.home, old), below_home(self.home, new)
        if before is None or after is None:
            return
        try:
            await self._keeper.ask(lambda index: move_row(index, home, before, after, archived_at))
        except (RolloutMissing, RolloutInvalid, RolloutReadError) as error:
            _log.debug("%s", error)
        self._keeper.correct([before, after])
