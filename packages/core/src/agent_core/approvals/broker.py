"""Questions to the user: asked once, answered once, remembered for the session when the user says so."""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, field

import anyio
from agent_protocol.rollout.event import ApplyPatchApprovalRequestEvent, EventMsg, ExecApprovalRequestEvent

from agent_core.face import Decision

Question = ExecApprovalRequestEvent | ApplyPatchApprovalRequestEvent


@dataclass(slots=True)
class _Open:
    turn_id: str
    question: Question
    answered: anyio.Event = field(default_factory=anyio.Event)
    gone: anyio.Event = field(default_factory=anyio.Event)
    decision: Decision = "denied"


class ApprovalBroker:
    """Holds a thread's open questions and the keys the user approved for the session.

    A question lives inside the call that asked it: when that call is cancelled the question is gone
    and a late answer changes nothing. Of calls that share an id, as some models write them, one asks at a time:
    an answer must never reach another question than the one it was given to.
    """

    def __init__(self, emit: Callable[[str, EventMsg], None]) -> None:
        self._emit = emit
        self._open: dict[str, _Open] = {}
        self._approved: set[Hashable] = set()

    def open_questions(self) -> Sequence[tuple[str, Question]]:
        """Return (turn id, question) of every unanswered question, oldest first."""
        return [(entry.turn_id, entry.question) for entry in self._open.values()]

    def is_remembered(self, keys: Sequence[Hashable]) -> bool:
        """Tell whether every key was approved for the session; no keys means no."""
        return bool(keys) and all(key in self._approved for key in keys)

    async def ask(self, turn_id: str, question: Question, keys: Sequence[Hashable]) -> Decision:
        """Ask the user and wait for the answer; ``approved_for_session`` remembers ``keys``.

        The wait ends with the answer or with the turn that owns the calling task.
        """
        while (other := self._open.get(question.call_id)) is not None:
            await other.gone.wait()
        if self.is_remembered(keys):
            return "approved_for_session"
        entry = self._open[question.call_id] = _Open(turn_id, question)
        try:
            self._emit(turn_id, question)
            await entry.answered.wait()
        finally:
            del self._open[question.call_id]
            entry.gone.set()
        if entry.decision == "approved_for_session":
            self._approved.update(keys)
        return entry.decision

    def answer(self, call_id: str, decision: Decision) -> bool:
        """Give the answer to an open question; return whether there was one to answer."""
        entry = self._open.get(call_id)
        if entry is None or entry.answered.is_set():
            return False
        entry.decision = decision
        entry.answered.set()
        return True
