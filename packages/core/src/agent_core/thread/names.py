"""From what a person calls a thread to its id, and back."""

import logging
import uuid

from agent_protocol.rollout.event import ErrorEvent, ThreadNameUpdatedEvent
from agent_state.errors import StateError
from agent_state.store import ThreadStore

from agent_core.errors import EphemeralThread, NameUnknown

_logger = logging.getLogger(__name__)

_OFFERED = 3
"""How many names an unknown one is answered with."""


class ThreadNames:
    """The names of stored threads. They need not be unique: the one given last counts."""

    def __init__(self, store: ThreadStore) -> None:
        self._store = store

    async def find(self, word: str) -> str:
        """Return the id that ``word`` stands for: an id in any spelling, or a name.

        Raises:
            NameUnknown: no thread was ever called so.
            StateError: the names cannot be read.
        """
        try:
            return str(uuid.UUID(word))
        except ValueError:
            found = await self._store.find_named(word)
        if found is None:
            raise NameUnknown(word, _near(word, list(await self._store.known_names())))
        return found

    async def word_for(self, thread_id: str) -> str:
        """Return what to call the thread by: its name where that leads back to it, else its id.

        Names that cannot be read count as none given.
        """
        try:
            name = (await self._store.names([thread_id])).get(thread_id)
            return name if name is not None and await self._store.find_named(name) == thread_id else thread_id
        except StateError as error:
            _logger.warning("%s", error)
            return thread_id


async def rename(
    store: ThreadStore, thread_id: str, name: str, *, is_recorded: bool
) -> ThreadNameUpdatedEvent | ErrorEvent:
    """Give a thread a name and return what to tell of it: the name, or what prevented it."""
    if not is_recorded:
        return ErrorEvent(message=str(EphemeralThread(thread_id, "a name")), codex_error_info="other")
    try:
        await store.rename(thread_id, name)
    except StateError as error:
        return ErrorEvent(message=str(error), codex_error_info="other")
    return ThreadNameUpdatedEvent(thread_id=thread_id, thread_name=name)


def _near(word: str, names: list[str]) -> list[str]:
    from difflib import get_close_matches

    wanted = word.strip().lower()
    by_lower = {name.lower(): name for name in reversed(names)}
    close = get_close_matches(wanted, by_lower, _OFFERED)
    parts = [lower for lower in by_lower if wanted and (wanted in lower or lower in wanted)]
    return [by_lower[lower] for lower in dict.fromkeys([*close, *parts])][:_OFFERED]
