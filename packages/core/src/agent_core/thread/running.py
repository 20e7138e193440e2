"""The running turn of a thread, from its admission to its last event."""

import logging
from collections.abc import Callable, Sequence

import anyio
from agent_protocol.rollout.event import (
    ErrorEvent,
    EventMsg,
    TaskCompleteEvent,
    TurnAbortedEvent,
    TurnAbortReason,
)
from agent_protocol.rollout.turn_item import UserInput
from agent_state.errors import StateError

from agent_core.context.history import interrupted_marker
from agent_core.errors import AgentError
from agent_core.exec.manager import ExecManager
from agent_core.group import first_cause
from agent_core.thread.scribe import Scribe
from agent_core.turn.context import TurnContext
from agent_core.turn.failure import failure_info, failure_text
from agent_core.turn.loop import TurnLoop

WIND_UP_SECONDS = 10.0
"""How long a turn may take to settle what it left open, whoever cancels."""
END_SECONDS = 5.0
"""How long its last event may take to the file; it is shown then in any case."""

_logger = logging.getLogger(__name__)


class RunningTurn:
    """A turn that has been admitted. :meth:`run` ends with exactly one last event, whatever happens."""

    def __init__(self, context: TurnContext, scribe: Scribe, loop: TurnLoop, processes: ExecManager) -> None:
        self.context = context
        self.ended = anyio.Event()
        """Set when the last event was shown."""
        self._scribe = scribe
        self._loop = loop
        self._processes = processes
        self._scope = anyio.CancelScope()
        self._abort_reason: TurnAbortReason | None = None
        self._announcements: list[Callable[[], None]] = []

    @property
    def id(self) -> str:
        """The id of the turn."""
        return self.context.turn_id

    @property
    def is_aborting(self) -> bool:
        """Whether somebody has asked it to stop."""
        return self._abort_reason is not None

    def steer(self, user_input: Sequence[UserInput]) -> bool:
        """Let the turn take further input; return whether it still can."""
        return self._loop.steer(user_input)

    def abort(self, reason: TurnAbortReason) -> None:
        """Have the turn stop at its next await; the first reason counts."""
        if self._abort_reason is None:
            self._abort_reason = reason
            self._scope.cancel()

    async def interrupt(self, announce: Callable[[], None]) -> None:
        """Stop the turn and return when it has ended; ``announce`` is called just before its last event shows."""
        self._announcements.append(announce)
        self.abort("interrupted")
        await self.ended.wait()

    async def run(self, begin: Callable[[TurnContext, Scribe], None]) -> None:
        """Run the turn to its end; ``begin`` is called first. A failure is the turn's own and does not leave it."""
        failure: BaseException | None = None
        last_message: str | None = None
        completed = False
        try:
            with self._scope:
                begin(self.context, self._scribe)
                last_message = await self._loop.run()
                completed = True
        except* Exception as group:
            failure = self._noted(first_cause(group))
        finally:
            aborted = not completed and (failure is None or self.is_aborting)
            end: EventMsg = TaskCompleteEvent(turn_id=self.id, last_agent_message=last_message)
            if aborted:
                end = TurnAbortedEvent(turn_id=self.id, reason=self._abort_reason or "interrupted")
            try:
                with anyio.move_on_after(WIND_UP_SECONDS, shield=True):
                    await (self._wind_up_aborted() if aborted else self._wind_up(failure))
            finally:
                with anyio.move_on_after(END_SECONDS, shield=True):
                    await self._end(end)

    def _noted(self, failure: BaseException) -> BaseException:
        if not isinstance(failure, AgentError | StateError):
            _logger.error("turn %s of thread %s failed", self.id, self.context.thread_id, exc_info=failure)
        return failure

    async def _wind_up(self, failure: BaseException | None) -> None:
        await self._loop.close(aborted=False)
        await self._write(failure)
        if failure is not None:
            self._scribe.emit(ErrorEvent(message=failure_text(failure), codex_error_info=failure_info(failure)))

    async def _wind_up_aborted(self) -> None:
        """Processes die first, so that every command that was shown as started is also shown as ended."""
        await self._processes.close_all()
        await self._loop.close(aborted=True)
        self._scribe.record([interrupted_marker()])
        await self._write(None)

    async def _write(self, failure: BaseException | None) -> None:
        """Bring what the turn left to the file; what the user said is worth a file, however the turn ended."""
        try:
            if self._loop.has_input:
                await self._scribe.materialise()
            await self._scribe.flush()
        except StateError as error:
            if not isinstance(failure, StateError):
                self._scribe.emit(ErrorEvent(message=str(error), codex_error_info="other"))

    async def _end(self, msg: EventMsg) -> None:
        try:
            try:
                await self._scribe.emit_last(msg, self._announce)
            finally:
                self.ended.set()
            await self._scribe.sync()
        except StateError as error:
            _logger.warning("the end of turn %s is not in the record yet: %s", self.id, error)

    def _announce(self) -> None:
        announcements, self._announcements = self._announcements, []
        for announce in announcements:
            announce()
