"""One hand that writes what a turn does: into the history, the record and the log, in that order."""

from collections.abc import Callable, Sequence

from agent_protocol.rollout.event import EventMsg, RawResponseItemEvent
from agent_protocol.rollout.response_item import ResponseItem

from agent_core.thread.history import History
from agent_core.thread.log import EventLog
from agent_core.thread.recorder import Recorder
from agent_core.turn.context import TurnContext
from agent_core.turn.prepare import recorded


class Scribe:
    """Writes for one turn; ``raw_events`` shows every model-facing item as an event too."""

    def __init__(
        self, context: TurnContext, history: History, recorder: Recorder, log: EventLog, *, raw_events: bool
    ) -> None:
        self._context = context
        self._history = history
        self._recorder = recorder
        self._log = log
        self._raw_events = raw_events

    def emit(self, msg: EventMsg) -> None:
        """Append an event to the thread's log."""
        self._log.append(self._context.turn_id, msg)

    def record(self, items: Sequence[ResponseItem]) -> None:
        """Keep items in the history and the record, outputs cut to what the model may read."""
        kept = [recorded(item, self._context.truncation) for item in items]
        self._history.record(kept)
        self._recorder.items(kept)
        if self._raw_events:
            for item in kept:
                self.emit(RawResponseItemEvent(item=item))

    def record_context(self, context: TurnContext) -> None:
        """Note in the record which settings the next request is made with."""
        self._recorder.lines([context.line()])

    async def materialise(self) -> None:
        """Make sure the record exists.

        Raises:
            RolloutWriteError: it cannot be created.
        """
        await self._recorder.materialise()

    async def flush(self) -> None:
        """Return when all that was recorded is in the file, where there is one.

        Raises:
            RolloutWriteError: it could not be written yet.
        """
        await self._recorder.flush()

    async def emit_last(self, msg: EventMsg, announce: Callable[[], None]) -> None:
        """Append the turn's last event: shown when it is in the file, or cannot get there, just after ``announce``.

        Raises:
            RolloutWriteError: it is not in the file yet.
        """
        await self._log.append_durable(self._context.turn_id, msg, announce)

    async def sync(self) -> None:
        """Return when the device has all that was recorded.

        Raises:
            RolloutWriteError: it has not.
        """
        await self._recorder.flush(durable=True)
