"""An agent that does what a test tells it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from agent_core.errors import ArchiveNotFound, ThreadNotLoaded, TurnNotActive
from agent_core.face import Decision, LoggedEvent, ThreadFacts, ThreadOptions, TurnOverrides
from agent_protocol.rollout.event import (
    EventMsg,
    TaskCompleteEvent,
    TaskStartedEvent,
    ThreadNameUpdatedEvent,
    TurnAbortedEvent,
)
from agent_protocol.v2 import thread as wire
from agent_protocol.v2.account import ApiKeyAccount, GetAccountResponse
from agent_protocol.v2.common import AskForApproval, ReadOnlySandboxPolicy
from agent_protocol.v2.config import ConfigReadParams, ConfigReadResponse
from agent_protocol.v2.model import Model
from agent_protocol.v2.notice import ConfigWarningNotification
from agent_protocol.v2.source import SessionSourceKind
from agent_protocol.v2.user_input import UserInput
from agent_protocol.wire import JsonValue

if TYPE_CHECKING:
    from agent_server.ports import Agent, EventLog, Thread

TurnScript: TypeAlias = Callable[["ScriptedThread", str, Sequence[UserInput]], None]
"""What a turn does: called with the thread, the turn's id and its input right after the turn was announced."""


def complete(thread: "ScriptedThread", turn_id: str, user_input: Sequence[UserInput]) -> None:
    """Start and complete the turn at once."""
    thread.emit(TaskStartedEvent(turn_id=turn_id), turn_id)
    thread.end_turn()


def stay_active(thread: "ScriptedThread", turn_id: str, user_input: Sequence[UserInput]) -> None:
    """Start the turn and leave it running."""
    thread.emit(TaskStartedEvent(turn_id=turn_id), turn_id)


class ScriptedLog:
    """An event log kept in memory."""

    def __init__(self) -> None:
        self.events: list[LoggedEvent] = []
        self._sinks: list[Callable[[LoggedEvent], None]] = []
        self._attached = False

    def attach(self, sink: Callable[[LoggedEvent], None]) -> Callable[[], None]:
        """Hand later events to ``sink``; the first sink also gets the earlier ones."""
        early = () if self._attached else tuple(self.events)
        self._attached = True
        self._sinks.append(sink)
        for event in early:
            sink(event)
        return lambda: self._sinks.remove(sink)

    def append(self, turn_id: str, msg: EventMsg) -> None:
        """Add an event and show it."""
        event = LoggedEvent(len(self.events) + 1, 1_700_000_000_000 + len(self.events), turn_id, msg)
        self.events.append(event)
        for sink in tuple(self._sinks):
            sink(event)


class ScriptedThread:
    """A thread whose turns do what ``script`` does; ``answers`` holds what approvals were answered."""

    def __init__(self, thread_id: str, script: TurnScript = complete, model: str = "scripted") -> None:
        self.id = thread_id
        self.script = script
        self.log = ScriptedLog()
        self.active_turn: str | None = None
        self.answers: list[tuple[str, Decision]] = []
        self.inputs: list[Sequence[UserInput]] = []
        self.settings = ThreadFacts(
            model=model,
            model_provider="scripted",
            cwd="/",
            approval_policy=AskForApproval.ON_REQUEST,
            sandbox=ReadOnlySandboxPolicy(),
            reasoning_effort=None,
        )
        self._turns = 0

    def emit(self, msg: EventMsg, turn_id: str | None = None) -> None:
        """Append an event to the log, under the running turn unless another is named."""
        self.log.append(self.active_turn or "" if turn_id is None else turn_id, msg)

    def end_turn(self) -> None:
        """Complete the running turn."""
        turn_id, self.active_turn = self.active_turn or "", None
        self.emit(TaskCompleteEvent(turn_id=turn_id), turn_id)

    async def view(self, include_turns: bool) -> wire.Thread:
        """Return a thread without turns."""
        status = wire.ActiveThreadStatus(active_flags=[]) if self.active_turn else wire.IdleThreadStatus()
        return wire.Thread(
            id=self.id,
            preview="",
            model_provider=self.settings.model_provider,
            created_at=0,
            updated_at=0,
            cwd=self.settings.cwd,
            cli_version="0",
            source=SessionSourceKind.VSCODE,
            turns=[],
            status=status,
        )

    async def start_turn(
        self, user_input: Sequence[UserInput], overrides: TurnOverrides, announce: Callable[[str], None]
    ) -> str:
        """Announce a turn and run the script, or join the running turn."""
        self.inputs.append(user_input)
        if self.active_turn is not None:
            announce(self.active_turn)
            return self.active_turn
        self._turns += 1
        turn_id = self.active_turn = f"turn-{self._turns}"
        announce(turn_id)
        self.script(self, turn_id, user_input)
        return turn_id

    async def interrupt(self, turn_id: str, announce: Callable[[], None]) -> None:
        """Announce the end of the running turn and append its abort."""
        running, self.active_turn = self.active_turn, None
        if running is None:
            raise TurnNotActive(self.id)
        announce()
        self.emit(TurnAbortedEvent(turn_id=running, reason="interrupted"), running)

    async def roll_back(self, turns: int) -> None:
        """Forget the last inputs."""
        del self.inputs[max(0, len(self.inputs) - turns) :]

    async def rename(self, name: str) -> None:
        """Tell of the name."""
        self.emit(ThreadNameUpdatedEvent(thread_id=self.id, thread_name=name))

    def answer(self, call_id: str, decision: Decision) -> bool:
        """Note the decision."""
        self.answers.append((call_id, decision))
        return True


@dataclass
class ScriptedAgent:
    """An agent whose threads live in memory; every id counts up."""

    script: TurnScript = complete
    home: str = "/home/agent"
    cwd: str = "/proj/project"
    startup_warnings: Sequence[ConfigWarningNotification] = ()
    catalogue: Sequence[Model] = ()
    threads: dict[str, ScriptedThread] = field(default_factory=dict)
    archived: dict[str, ScriptedThread] = field(default_factory=dict)
    options: list[ThreadOptions] = field(default_factory=list)
    started: list[ScriptedThread] = field(default_factory=list)
    close_reason: str | None = None
    before_thread_is_returned: Callable[[ScriptedThread], None] = lambda thread: None
    """Called with each new thread, to let it say something during its start."""

    async def opened(self) -> "ScriptedAgent":
        return self

    def introduce(self, client_name: str, client_version: str) -> str:
        """Return a user agent that names the client."""
        return f"scripted/0 ({client_name}; {client_version})"

    async def start_thread(self, options: ThreadOptions) -> ScriptedThread:
        """Create a thread."""
        self.options.append(options)
        thread = ScriptedThread(f"00000000-0000-7000-8000-{len(self.started):012d}", self.script)
        self.started.append(thread)
        self.threads[thread.id] = thread
        self.before_thread_is_returned(thread)
        return thread

    async def resume_thread(
        self, thread_id: str, options: ThreadOptions, *, path: str | None, history: Sequence[JsonValue] | None
    ) -> ScriptedThread:
        """Return a loaded thread; nothing is stored."""
        self.options.append(options)
        return self.thread(thread_id)

    async def fork_thread(self, thread_id: str, options: ThreadOptions, *, path: str | None) -> ScriptedThread:
        """Create a thread; nothing is copied."""
        self.thread(thread_id)
        return await self.start_thread(options)

    async def archive_thread(self, thread_id: str) -> None:
        """Forget a thread after ending its turn."""
        thread = self.thread(thread_id)
        if thread.active_turn is not None:
            await thread.interrupt(thread.active_turn, lambda: None)
        self.archived[thread_id] = self.threads.pop(thread_id)

    async def unarchive_thread(self, thread_id: str) -> wire.Thread:
        """Return the view of a thread archived before."""
        if thread_id not in self.archived:
            raise ArchiveNotFound(thread_id)
        return await self.archived.pop(thread_id).view(False)

    def loaded_threads(self) -> Sequence[str]:
        """Return the ids of all threads."""
        return tuple(self.threads)

    def thread(self, thread_id: str) -> ScriptedThread:
        """Return a thread by id."""
        if thread_id not in self.threads:
            raise ThreadNotLoaded(thread_id)
        return self.threads[thread_id]

    async def read_thread(self, thread_id: str, include_turns: bool) -> wire.Thread:
        """Return a loaded thread's view."""
        return await self.thread(thread_id).view(include_turns)

    async def list_threads(self, params: wire.ThreadListParams) -> wire.ThreadListResponse:
        """Return every thread on one page."""
        return wire.ThreadListResponse(data=[await thread.view(False) for thread in self.threads.values()])

    async def config_read(self, params: ConfigReadParams) -> ConfigReadResponse:
        """Return an empty configuration."""
        return ConfigReadResponse(config={}, origins={})

    async def models(self, include_hidden: bool) -> Sequence[Model]:
        """Return the catalogue, without hidden models unless asked for."""
        return [model for model in self.catalogue if include_hidden or not model.hidden]

    async def account(self, refresh: bool) -> GetAccountResponse:
        """Return an account with an API key."""
        return GetAccountResponse(account=ApiKeyAccount(), requires_openai_auth=True)

    async def aclose(self, reason: str) -> None:
        """Interrupt every running turn."""
        if self.close_reason is not None:
            return
        self.close_reason = reason
        for thread in self.threads.values():
            if thread.active_turn is not None:
                await thread.interrupt(thread.active_turn, lambda: None)


if TYPE_CHECKING:
    _agent: type[Agent] = ScriptedAgent
    _thread: type[Thread] = ScriptedThread
    _log: type[EventLog] = ScriptedLog
