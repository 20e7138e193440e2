"""What the server needs from the core: the face it is written against.

The core satisfies these contracts by structure and never imports this module. Errors the core raises are its
own (``agent_core.errors``) and those of the stores below it; ``agent_server.faults`` maps them to wire codes.
"""

from collections.abc import Callable, Sequence
from typing import Protocol

from agent_core.face import Decision, LoggedEvent, ThreadFacts, ThreadOptions, TurnOverrides
from agent_protocol.v2.account import GetAccountResponse
from agent_protocol.v2.config import ConfigReadParams, ConfigReadResponse
from agent_protocol.v2.model import Model
from agent_protocol.v2.notice import ConfigWarningNotification
from agent_protocol.v2.thread import Thread as ThreadView
from agent_protocol.v2.thread import ThreadListParams, ThreadListResponse
from agent_protocol.v2.user_input import UserInput
from agent_protocol.wire import JsonValue

Sink = Callable[[LoggedEvent], None]
Detach = Callable[[], None]


class EventLog(Protocol):
    """The ordered events of one loaded thread."""

    def attach(self, sink: Sink) -> Detach:
        """Hand every later event to ``sink``, synchronously and in order; call the result to stop.

        Events appended before the first ``attach`` (start-up notices, the initial context) are held and handed
        to that first sink inside this call, so nothing the thread said is lost.
        """
        ...


class Thread(Protocol):
    """One loaded thread."""

    @property
    def id(self) -> str:
        """Return the thread id in canonical lower case."""
        ...

    @property
    def settings(self) -> ThreadFacts:
        """Return the live settings as of now."""
        ...

    @property
    def log(self) -> EventLog:
        """Return the thread's event log."""
        ...

    async def view(self, include_turns: bool) -> ThreadView:
        """Return the wire form; ``include_turns`` fills ``turns`` from the record, after a flush."""
        ...

    async def start_turn(
        self, user_input: Sequence[UserInput], overrides: TurnOverrides, announce: Callable[[str], None]
    ) -> str:
        """Admit a turn and return its id.

        ``announce`` is called once with that id, synchronously, before the first event of the turn is appended:
        the caller says there what must precede the events. It is not called when this raises.
        """
        ...

    async def interrupt(self, turn_id: str, announce: Callable[[], None]) -> None:
        """Abort the running turn and return when its abort event was appended.

        ``announce`` is called once, synchronously, just before that event is shown to sinks. Raises
        ``TurnNotActive`` when no turn runs.
        """
        ...

    async def roll_back(self, turns: int) -> None:
        """Take the last ``turns`` turns out of the history; new token usage is told before this returns."""
        ...

    async def rename(self, name: str) -> None:
        """Give the thread a name; the log tells of it, or of what prevented it."""
        ...

    def answer(self, call_id: str, decision: Decision) -> bool:
        """Answer an open approval request; return whether there was one to answer.

        ``call_id`` is the request event's ``approval_id`` where it has one, else its ``call_id``. A client that
        failed to answer counts as ``"denied"``.
        """
        ...


class Host(Protocol):
    """What a server is given: it can say at once who serves, and gives the agent once that is open.

    An open agent is a host of itself.
    """

    @property
    def home(self) -> str:
        """Return the absolute path of the home in use."""
        ...

    def introduce(self, client_name: str, client_version: str) -> str:
        """Note who connected and return the user agent text of the ``initialize`` reply.

        The first client's name stays the originator of the process; later ones change the suffix only.
        """
        ...

    async def opened(self) -> "Agent":
        """Return the agent, opening it if need be."""
        ...

    async def aclose(self, reason: str) -> None:
        """Interrupt and record running turns, end their processes, flush. May be called more than once."""
        ...


class Agent(Host, Protocol):
    """All threads of one process, its models, configuration and account."""

    @property
    def cwd(self) -> str:
        """Return the absolute directory requests without one refer to."""
        ...

    @property
    def startup_warnings(self) -> Sequence[ConfigWarningNotification]:
        """Return what the configuration wants every client to know."""
        ...

    async def start_thread(self, options: ThreadOptions) -> Thread:
        """Create a thread."""
        ...

    async def resume_thread(
        self, thread_id: str, options: ThreadOptions, *, path: str | None, history: Sequence[JsonValue] | None
    ) -> Thread:
        """Load a stored thread, or return the loaded one unchanged; ``history`` wins over ``path`` over the id.

        With ``path`` or ``history`` the id is as the client wrote it and need not be valid.
        """
        ...

    async def fork_thread(self, thread_id: str, options: ThreadOptions, *, path: str | None) -> Thread:
        """Load a new thread that begins as a copy of a stored one; ``path`` wins over the id."""
        ...

    async def archive_thread(self, thread_id: str) -> None:
        """Unload the thread if need be, which ends its running turn, and put its record away."""
        ...

    async def unarchive_thread(self, thread_id: str) -> ThreadView:
        """Bring an archived thread back without loading it."""
        ...

    def loaded_threads(self) -> Sequence[str]:
        """Return the ids of all loaded threads, in any order."""
        ...

    def thread(self, thread_id: str) -> Thread:
        """Return a loaded thread; raises ``ThreadNotLoaded``."""
        ...

    async def read_thread(self, thread_id: str, include_turns: bool) -> ThreadView:
        """Return a stored or loaded thread without loading it."""
        ...

    async def list_threads(self, params: ThreadListParams) -> ThreadListResponse:
        """Return one page of stored threads."""
        ...

    async def config_read(self, params: ConfigReadParams) -> ConfigReadResponse:
        """Return the effective configuration."""
        ...

    async def models(self, include_hidden: bool) -> Sequence[Model]:
        """Return the model catalogue in display order."""
        ...

    async def account(self, refresh: bool) -> GetAccountResponse:
        """Return who is logged in; ``refresh`` asks for a token refresh first."""
        ...
