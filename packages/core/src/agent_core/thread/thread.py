"""One loaded thread: its identity, its log, its history, and at most one running turn."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from agent_protocol.projection.user_input import core_input
from agent_protocol.rollout.event import TaskStartedEvent, WarningEvent
from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.rollout.turn_item import UserInput as CoreInput
from agent_protocol.v2 import thread as wire
from agent_protocol.v2.common import AskForApproval, ReasoningEffort
from agent_protocol.v2.user_input import UserInput
from agent_protocol.wire import JsonValue
from agent_state.errors import StateError
from anyio.abc import TaskGroup, TaskStatus

from agent_core.approvals.broker import ApprovalBroker
from agent_core.context.facts import ContextFacts
from agent_core.context.initial import initial_context
from agent_core.context.update import settings_update
from agent_core.errors import EphemeralThread, InputInvalid, NotMaterialised, ThreadClosed, TurnActive, TurnNotActive
from agent_core.exec.manager import ExecManager
from agent_core.face import Decision, ThreadFacts, TurnOverrides
from agent_core.model.providers import ModelProvider
from agent_core.model.request import TurnState
from agent_core.thread.assemble import directory
from agent_core.thread.history import History
from agent_core.thread.log import EventLog
from agent_core.thread.names import rename
from agent_core.thread.recorder import Recorder
from agent_core.thread.rollback import Rollback
from agent_core.thread.running import RunningTurn
from agent_core.thread.scribe import Scribe
from agent_core.thread.services import ThreadServices
from agent_core.thread.translate import sandbox_policy, stored_policy, wire_policy
from agent_core.thread.view import LiveFacts, live_view, stored_view
from agent_core.tools.tool import ToolContext
from agent_core.turn.context import TurnContext, TurnSettings
from agent_core.turn.diff import TurnDiffTracker
from agent_core.turn.loop import LoopServices, TurnLoop
from agent_core.turn.prepare import model_request, tools_for

CLOSE_SECONDS = 5.0
"""How long the end of a thread may take when everything else is being cancelled."""

_logger = logging.getLogger(__name__)


class Thread:
    """A loaded thread. :meth:`run` must be running in a task group; all that the thread starts ends with it."""

    def __init__(
        self,
        *,
        thread_id: str,
        settings: TurnSettings,
        services: ThreadServices,
        recorder: Recorder,
        history: History,
        recorded_model: str | None = None,
        raw_events: bool = False,
    ) -> None:
        self.id = thread_id
        self.log = EventLog(services.clock, recorder)
        self._settings = settings
        self._s = services
        self._recorder = recorder
        self._history = history
        self._recorded_model = recorded_model
        self._previous: ContextFacts | None = None
        """What the model was told last; ``None`` until it was told anything in this process."""
        self._told_items = 0
        """How many items the history held when the model was told last."""
        self._raw_events = raw_events
        self._rollback = Rollback(thread_id, history, recorder, self.log)
        self._broker = ApprovalBroker(self.log.append)
        self._turn: RunningTurn | None = None
        self._closing = anyio.Event()
        self._closed = anyio.Event()
        self._tasks: TaskGroup | None = None
        self._processes: ExecManager | None = None
        self._warned_of: str | None = None

    @property
    def path(self) -> Path | None:
        """Where the thread is, or will be, recorded; ``None`` for an ephemeral one."""
        writer = self._recorder.writer
        return writer.path if writer is not None else None

    @property
    def settings(self) -> ThreadFacts:
        """The live settings."""
        settings = self._settings
        return ThreadFacts(
            model=settings.model,
            model_provider=settings.model_provider,
            cwd=settings.cwd,
            approval_policy=AskForApproval(settings.approval_policy),
            sandbox=wire_policy(settings.sandbox_policy),
            reasoning_effort=None if settings.effort is None else ReasoningEffort(settings.effort),
        )

    @property
    def provider(self) -> ModelProvider:
        """Who answers the thread's model requests."""
        return self._s.provider(self._settings.model_provider)

    @property
    def active_turn(self) -> str | None:
        """The id of the running turn."""
        turn = self._active
        return None if turn is None else turn.id

    @property
    def _active(self) -> RunningTurn | None:
        return None if self._turn is None or self._turn.ended.is_set() else self._turn

    async def run(self, *, task_status: TaskStatus[None] = anyio.TASK_STATUS_IGNORED) -> None:
        """Live until :meth:`aclose` or a cancel; either way a running turn is recorded as interrupted."""
        try:
            async with anyio.create_task_group() as tasks:
                self._tasks = tasks
                self._processes = ExecManager(tasks, self._s.spawner, self._s.clock, self._s.randomness)
                if self._recorder.writer is not None:
                    tasks.start_soon(self._recorder.writer.run)
                task_status.started()
                await self._closing.wait()
                turn = self._active
                if turn is not None:
                    turn.abort("interrupted")
                    await turn.ended.wait()
                await self._processes.close_all()
                tasks.cancel_scope.cancel()
        finally:
            self._closing.set()
            with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                await self._let_go()
            self._closed.set()

    async def aclose(self) -> None:
        """End a running turn as interrupted, kill the processes, flush, let the record go."""
        self._closing.set()
        await self._closed.wait()

    def seed(self) -> None:
        """Tell the model of the settings; for a new thread or a copy, before its first turn."""
        context = self._s.turn_context(self.id, "", self._settings)
        facts = context.facts()
        self._tell(self._scribe(context), initial_context(facts))
        self._previous = replace(facts, model=self._recorded_model or facts.model)

    def adopt(self, items: Sequence[ResponseItem]) -> None:
        """Begin with a conversation held elsewhere; for a new thread, before its first turn."""
        self._scribe(self._s.turn_context(self.id, "", self._settings)).record(items)

    def warn(self, message: str) -> None:
        """Tell whoever watches something that stops nothing."""
        self.log.append("", WarningEvent(message=message))

    async def start_turn(
        self, user_input: Sequence[UserInput], overrides: TurnOverrides, announce: Callable[[str], None]
    ) -> str:
        """Admit a turn and return its id; ``announce`` gets the id before the first event.

        Input for a thread that is busy joins the running turn, whose id is then announced and returned; the
        overrides hold from the next turn on. Without input only the settings are changed: a busy thread is left
        alone, an idle one gets a turn that ends at once.

        Raises:
            ThreadClosed: the thread has ended.
            InputInvalid: the input or an override cannot be used; nothing was started or changed.
        """
        taken = _taken(user_input)
        while True:
            if self._tasks is None or self._closing.is_set():
                raise ThreadClosed(self.id)
            settings = self._overridden(overrides)
            turn = self._active
            if turn is None:
                break
            if not turn.is_aborting and (not taken or turn.steer(taken)):
                self._settings = settings
                announce(turn.id)
                return turn.id
            await turn.ended.wait()
        turn = self._new_turn(settings, taken, overrides.output_schema)
        self._tasks.start_soon(self._run_turn, turn)
        self._turn, self._settings = turn, settings
        announce(turn.id)
        return turn.id

    async def interrupt(self, turn_id: str, announce: Callable[[], None]) -> None:
        """Abort the running turn, whatever ``turn_id`` says, as the protocol has it.

        Returns when the turn's last event was shown, just after ``announce`` was called.

        Raises:
            TurnNotActive: no turn runs.
        """
        turn = self._active
        if turn is None:
            raise TurnNotActive(self.id)
        await turn.interrupt(announce)

    async def roll_back(self, turns: int) -> None:
        """Take the last ``turns`` turns of the user's out of the history; the record gets a mark and keeps its lines.

        Returns when the mark is in the record. Files the turns changed stay as they are.

        Raises:
            ThreadClosed: the thread has ended.
            TurnActive: a turn runs.
            RollbackPending, EphemeralThread, RecordPending, StateError: see :meth:`Rollback.run`.
        """
        if self._closing.is_set():
            raise ThreadClosed(self.id)
        if self._active is not None:
            raise TurnActive(self.id, self._active.id, "a rollback")
        operation = self._s.ids.uuid7()
        window = self._s.turn_context(self.id, operation, self._settings).window
        await self._rollback.run(
            turns, operation=operation, instructions=self._settings.base_instructions, window=window
        )

    async def rename(self, name: str) -> None:
        """Give the thread a name; the log tells of it, or of what prevented it."""
        is_recorded = self._recorder.writer is not None
        # Not recorded: a turn that runs meanwhile would read back as failed with it.
        self.log.tell(self._s.ids.uuid7(), await rename(self._s.store, self.id, name, is_recorded=is_recorded))

    async def flush(self) -> None:
        """Return when the record, if there is one, holds all that was said so far.

        Raises:
            StateError: it cannot be written.
        """
        await self._recorder.flush()

    def answer(self, call_id: str, decision: Decision) -> bool:
        """Answer an open approval request; return whether there was one."""
        return self._broker.answer(call_id, decision)

    async def view(self, include_turns: bool) -> wire.Thread:
        """Return the thread as clients see it; ``include_turns`` reads them from the record.

        Raises:
            EphemeralThread: turns of a thread without a record.
            NotMaterialised: turns of a thread whose record does not exist yet.
            StateError: the record cannot be written or read.
        """
        writer = self._recorder.writer
        if writer is None or not writer.is_materialised:
            if include_turns:
                raise EphemeralThread(self.id, "reading its turns") if writer is None else NotMaterialised(self.id)
            return live_view(self._live_facts(), self.status)
        await self._recorder.flush()
        stored = await self._s.store.summary(writer.path)
        turns = await self._s.store.turns(writer.path, self.active_turn) if include_turns else ()
        return stored_view(stored, turns=turns, status=self.status, default_provider=self._s.default_provider)

    def _live_facts(self) -> LiveFacts:
        return LiveFacts(
            id=self.id,
            path=str(self.path) if self.path is not None else None,
            model_provider=self._settings.model_provider,
            cwd=self._settings.cwd,
            cli_version=self._s.version,
            source=self._s.source,
            now_s=int(self._s.clock.now().timestamp()),
        )

    @property
    def status(self) -> wire.ThreadStatus:
        """Idle, or active and perhaps waiting for the user."""
        if self._active is None:
            return wire.IdleThreadStatus()
        flags = [wire.ThreadActiveFlag.WAITING_ON_APPROVAL] if self._broker.open_questions() else []
        return wire.ActiveThreadStatus(active_flags=flags)

    def _overridden(self, overrides: TurnOverrides) -> TurnSettings:
        old = self._settings
        policy = old.sandbox_policy if overrides.sandbox_policy is None else stored_policy(overrides.sandbox_policy)
        sandbox_policy(policy)
        return replace(
            old,
            model=overrides.model or old.model,
            cwd=old.cwd if overrides.cwd is None else str(directory(overrides.cwd, Path(old.cwd))),
            approval_policy=(overrides.approval_policy or AskForApproval(old.approval_policy)).value,
            sandbox_policy=policy,
            effort=old.effort if overrides.effort is None else overrides.effort.value,
            summary=old.summary if overrides.summary is None else overrides.summary.value,
            personality=overrides.personality or old.personality,
        )

    def _scribe(self, context: TurnContext) -> Scribe:
        return Scribe(context, self._history, self._recorder, self.log, raw_events=self._raw_events)

    def _new_turn(
        self, settings: TurnSettings, user_input: Sequence[CoreInput], output_schema: JsonValue
    ) -> RunningTurn:
        assert self._processes is not None
        context = self._s.turn_context(self.id, self._s.ids.uuid7(), settings, output_schema)
        provider = self._s.provider(settings.model_provider)
        scribe, state = self._scribe(context), TurnState()
        tools = tools_for(context, unified_exec=self._s.unified_exec)
        services = LoopServices(
            history=self._history,
            scribe=scribe,
            model=self._s.open_model(provider),
            tools=tools,
            tool_context=ToolContext(
                turn=context,
                emit=scribe.emit,
                emit_for=self.log.append,
                abort_turn=lambda: turn.abort("interrupted"),
                approvals=self._broker,
                processes=self._processes,
                spawner=self._s.spawner,
                diff=TurnDiffTracker(),
                clock=self._s.clock,
            ),
            request=lambda items: model_request(context, items, tools, state),
            clock=self._s.clock,
            ids=self._s.ids,
            randomness=self._s.randomness,
            stream_retries=provider.stream_retries,
        )
        turn = RunningTurn(context, scribe, TurnLoop(context, services, user_input), self._processes)
        return turn

    async def _run_turn(self, turn: RunningTurn) -> None:
        try:
            await turn.run(self._begin)
        finally:
            if self._turn is turn:
                self._turn = None

    def _begin(self, context: TurnContext, scribe: Scribe) -> None:
        facts = context.facts()
        if len(self._history.items) < self._told_items:
            # What it was told was rolled back with the turn it came with.
            self._previous = self._recorded_model = None
        previous = self._previous
        if previous is None:
            self._tell(scribe, initial_context(facts))
            previous = replace(facts, model=self._recorded_model or facts.model)
        self._tell(scribe, settings_update(previous, facts))
        self._previous = facts
        scribe.emit(TaskStartedEvent(turn_id=context.turn_id, model_context_window=context.window))
        if context.model.is_fallback and self._warned_of != context.model.slug:
            self._warned_of = context.model.slug
            scribe.emit(
                WarningEvent(
                    message=f"Nothing is known of the model {context.model.slug}: its context window, its tools and "
                    "its output limits are assumed."
                )
            )

    def _tell(self, scribe: Scribe, messages: Sequence[ResponseItem]) -> None:
        scribe.record(messages)
        if messages:
            self._told_items = len(self._history.items)

    async def _let_go(self) -> None:
        writer = self._recorder.writer
        if writer is not None:
            try:
                await writer.aclose()
            except StateError as error:
                _logger.error("the last lines of thread %s were not written: %s", self.id, error)


def _taken(user_input: Sequence[UserInput]) -> tuple[CoreInput, ...]:
    taken = tuple(core_input(item) for item in user_input)
    try:
        msgspec.json.encode(taken)
    except UnicodeEncodeError as error:
        raise InputInvalid(f"input: {error.object[error.start]!a} is not a character") from error
    return taken
