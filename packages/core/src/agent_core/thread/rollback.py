"""Taking turns back."""

from agent_protocol.rollout.event import ThreadRolledBackEvent, TokenCountEvent

from agent_core.errors import EphemeralThread, RecordPending, RollbackPending
from agent_core.thread.history import History
from agent_core.thread.log import EventLog
from agent_core.thread.recorder import Recorder


class Rollback:
    """Takes turns out of one thread's history, one request at a time; the record gets a mark and keeps its lines."""

    def __init__(self, thread_id: str, history: History, recorder: Recorder, log: EventLog) -> None:
        self._thread_id = thread_id
        self._history = history
        self._recorder = recorder
        self._log = log
        self._is_running = False

    async def run(self, turns: int, *, operation: str, instructions: str, window: int | None) -> None:
        """Take the last ``turns`` turns back under the id ``operation``; returns when the mark is in the record.

        Raises:
            RollbackPending: an earlier one is not done.
            EphemeralThread, RecordPending: there is no record to mark; nothing was taken back.
            StateError: the mark could not be written yet; the turns are out of the history all the same.
        """
        if self._is_running:
            raise RollbackPending(self._thread_id)
        self._require_record()
        self._is_running = True
        try:
            self._history.roll_back(turns)
            self._history.count_estimate(instructions, window)
            self._log.append(operation, TokenCountEvent(info=self._history.usage, rate_limits=self._history.limits))
            await self._log.append_durable(operation, ThreadRolledBackEvent(num_turns=turns))
        finally:
            self._is_running = False

    def _require_record(self) -> None:
        writer = self._recorder.writer
        if writer is None:
            raise EphemeralThread(self._thread_id, "a rollback")
        if not writer.is_materialised:
            raise RecordPending(self._thread_id, str(writer.path))
