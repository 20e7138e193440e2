"""What of a thread goes into its record, and when."""

from collections.abc import Iterable, Sequence

from agent_protocol.rollout.line import RolloutItem
from agent_protocol.rollout.persistence import PersistenceMode, persisted
from agent_protocol.rollout.response_item import ResponseItem, UnknownItem
from agent_state.store import ThreadWriter

from agent_core.face import LoggedEvent


class Recorder:
    """Hands a thread's durable lines to its writer; an ephemeral thread has no writer and keeps nothing."""

    def __init__(self, writer: ThreadWriter | None, mode: PersistenceMode) -> None:
        self._writer = writer
        self._mode = mode

    @property
    def writer(self) -> ThreadWriter | None:
        """The thread's writer, ``None`` for an ephemeral thread."""
        return self._writer

    def event(self, event: LoggedEvent) -> None:
        """Buffer what the persistence mode keeps of ``event``."""
        if self._writer is not None:
            kept = persisted(event.msg, self._mode)
            if kept:
                self._writer.append(kept)

    def items(self, items: Iterable[ResponseItem]) -> None:
        """Buffer model-facing items; those of unknown kinds are not kept."""
        self.lines([item for item in items if not isinstance(item, UnknownItem)])

    def lines(self, lines: Sequence[RolloutItem]) -> None:
        """Buffer lines of any kind."""
        if self._writer is not None and lines:
            self._writer.append(lines)

    async def materialise(self) -> None:
        """Create the file if it does not exist yet.

        Raises:
            RolloutWriteError: it cannot be created; the lines stay buffered.
        """
        if self._writer is not None:
            await self._writer.materialise()

    async def flush(self, durable: bool = False) -> None:
        """Return when all buffered lines are in the file; ``durable`` waits for the device too.

        Raises:
            RolloutWriteError: they could not be written; they stay buffered.
        """
        if self._writer is not None:
            await self._writer.flush(durable)
