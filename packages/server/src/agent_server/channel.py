"""What the subscribers of one loaded thread are told, projected from its event log."""

from collections.abc import Callable
from typing import Literal

from agent_core.face import LoggedEvent
from agent_core.seams import Clock
from agent_protocol.projection.approval import inquiry, refused
from agent_protocol.projection.notice import Notice, Place, ProjectionState
from agent_protocol.projection.notification import announced, fold, notifications
from agent_protocol.rollout.event import (
    ApplyPatchApprovalRequestEvent,
    ExecApprovalRequestEvent,
    TaskCompleteEvent,
    TurnAbortedEvent,
)
from msgspec import UNSET

from agent_server.approval import decision
from agent_server.connection import Connection
from agent_server.message import Outgoing
from agent_server.ports import Thread
from agent_server.questions import Answer, Questions, Refused

_ApprovalRequest = ExecApprovalRequestEvent | ApplyPatchApprovalRequestEvent


class ThreadChannel:
    """Subscribers of a thread, and the sink that turns its events into their messages.

    Every event is projected once and every message encoded at most once, whatever the number of subscribers.
    """

    def __init__(
        self, thread: Thread, questions: Questions, broadcast: Callable[[Outgoing], None], clock: Clock
    ) -> None:
        self.thread = thread
        self._questions = questions
        self._broadcast = broadcast
        self._clock = clock
        self._subscribers: dict[Connection, None] = {}
        self._state = ProjectionState()
        self._detach: Callable[[], None] | None = None

    def open(self) -> None:
        """Begin to follow the log; what the thread said before anybody followed comes first."""
        if self._detach is None:
            self._detach = lambda: None
            self._detach = self.thread.log.attach(self._event)

    def close(self) -> None:
        """Stop following the log."""
        if self._detach is not None:
            self._detach()
            self._detach = None

    def subscribe(self, connection: Connection) -> bool:
        """Send ``connection`` what happens from now on; return False when it was subscribed before."""
        if connection in self._subscribers:
            return False
        self._subscribers[connection] = None
        return True

    def unsubscribe(self, connection: Connection) -> None:
        """Send ``connection`` nothing more."""
        self._subscribers.pop(connection, None)

    def offer_questions(self, connection: Connection) -> None:
        """Ask ``connection`` what is still open."""
        self._questions.offer(connection, self.thread.id)

    def announce_turn(self, turn_id: str) -> bool:
        """Note that the caller tells of the turn's start; return False when that was told before."""
        if self._state.announced_turn_id == turn_id:
            return False
        self._state = announced(self._state, turn_id)
        return True

    def _event(self, event: LoggedEvent) -> None:
        place = Place(self.thread.id, event.turn_id, event.at_ms)
        if isinstance(event.msg, TaskCompleteEvent | TurnAbortedEvent):
            self._questions.end_turn(self.thread.id, event.turn_id)
        for notice in notifications(event.msg, place, self._state):
            self._tell(notice)
        self._state = fold(self._state, event.msg, event.turn_id)
        if isinstance(event.msg, _ApprovalRequest):
            self._ask(event.msg, place)

    def _tell(self, notice: Notice) -> None:
        outgoing = Outgoing(*notice)
        if outgoing.method == "turn/started":
            self._broadcast(outgoing)
            return
        for connection in tuple(self._subscribers):
            connection.notify(outgoing)

    def _ask(self, event: _ApprovalRequest, place: Place) -> None:
        asked = inquiry(event, place)
        assert asked is not None
        request, params = asked
        self._questions.ask(
            request,
            params,
            thread_id=place.thread_id,
            turn_id=place.turn_id,
            to=tuple(self._subscribers),
            settle=lambda answer: self._settle(event, place, answer),
        )

    def _settle(self, event: _ApprovalRequest, place: Place, answer: Answer) -> None:
        decided = decision(answer)
        if decided in ("denied", "abort"):
            now = Place(place.thread_id, place.turn_id, int(self._clock.now().timestamp() * 1000))
            status: Literal["declined", "failed"] = "failed" if isinstance(answer, Refused) else "declined"
            for notice in refused(event, status, now, self._state):
                self._tell(notice)
        part = event.approval_id if isinstance(event, ExecApprovalRequestEvent) else UNSET
        self.thread.answer(event.call_id if part is UNSET else part, decided)
