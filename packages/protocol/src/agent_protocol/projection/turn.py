"""Turns of a thread, rebuilt from the lines of its rollout."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import msgspec

from agent_protocol.projection.failure import turn_error
from agent_protocol.projection.item import COMPLETING, completed_item, review_item, web_search_item
from agent_protocol.projection.user_input import stored_input
from agent_protocol.rollout.error_info import affects_turn_status
from agent_protocol.rollout.event import (
    AgentMessageEvent,
    AgentReasoningEvent,
    AgentReasoningRawContentEvent,
    ContextCompactedEvent,
    EnteredReviewModeEvent,
    ErrorEvent,
    ExecCommandEndEvent,
    ExitedReviewModeEvent,
    ItemCompletedEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    ThreadRolledBackEvent,
    TurnAbortedEvent,
    UserMessageEvent,
    WebSearchEndEvent,
)
from agent_protocol.rollout.line import Compacted, RolloutItem, RolloutLine, SessionMeta
from agent_protocol.rollout.turn_item import PlanTurnItem
from agent_protocol.v2 import item as v2
from agent_protocol.v2.turn import Turn, TurnError, TurnStatus

TURN_EVENTS: frozenset[type] = COMPLETING | {
    AgentMessageEvent,
    AgentReasoningEvent,
    AgentReasoningRawContentEvent,
    ContextCompactedEvent,
    EnteredReviewModeEvent,
    ErrorEvent,
    ExitedReviewModeEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    ThreadRolledBackEvent,
    TurnAbortedEvent,
    UserMessageEvent,
    WebSearchEndEvent,
}
"""The events that turns are built from; others may be left out before they are decoded."""

_NAMESPACE = uuid.UUID("6f0d3c1e-58a4-4f0b-9a57-2c7c3b1f8d64")


def build_turns(
    lines: Iterable[RolloutLine | RolloutItem],
    *,
    implicit_turn_id: Callable[[int], str] | None = None,
    running_turn_id: str | None = None,
) -> list[Turn]:
    """Return the turns that the lines of a rollout tell, oldest first.

    Only events and compactions count. Messages, reasoning, compactions and reviews are numbered ``item-N`` over the
    whole thread; tool items keep their call ids. A turn that nothing ended reads as completed, except the one named
    by ``running_turn_id``, which is in progress.

    Old files do not say where turns begin: then a user message begins one, whose id comes from ``implicit_turn_id``,
    called with 1, 2, ... in the order of the file. The default derives it from the thread's id and that number, so a
    file gives the same ids whenever it is read.
    """
    history = _History(implicit_turn_id)
    for line in lines:
        history.apply(line.item if isinstance(line, RolloutLine) else line)
    return history.turns(running_turn_id)


@dataclass
class _OpenTurn:
    id: str
    explicit: bool
    items: list[v2.ThreadItem] = field(default_factory=list)
    status: TurnStatus = TurnStatus.COMPLETED
    error: TurnError | None = None
    compacted: bool = False


class _History:
    """Folds records, in order, into turns."""

    def __init__(self, implicit_turn_id: Callable[[int], str] | None) -> None:
        # Not the method itself in its place: a cycle would keep all turns until the collector comes by.
        self._given_turn_id = implicit_turn_id
        self._implicit_turns = 0
        self._thread_id: str | None = None
        self._finished: list[_OpenTurn] = []
        self._by_id: dict[str, _OpenTurn] = {}
        self._current: _OpenTurn | None = None
        self._next_item = 1

    def apply(self, record: RolloutItem) -> None:
        """Take in the next record."""
        match record:
            case SessionMeta():
                self._thread_id = self._thread_id or record.id
            case Compacted():
                self._turn().compacted = True
            case TaskStartedEvent():
                self._finish()
                self._current = _OpenTurn(id=record.turn_id, explicit=True)
            case TaskCompleteEvent():
                self._complete(record.turn_id)
            case TurnAbortedEvent():
                self._interrupt(record.turn_id)
            case ErrorEvent():
                self._fail(record)
            case ThreadRolledBackEvent():
                self._roll_back(record.num_turns)
            case ExecCommandEndEvent():
                if (item := completed_item(record)) is not None:
                    self._turn_of(record.turn_id).items.append(item)
            case _:
                self._add(record)

    def turns(self, running_turn_id: str | None) -> list[Turn]:
        """Return the turns so far."""
        self._finish()
        return [
            Turn(
                id=turn.id,
                items=turn.items,
                status=_status(turn, running_turn_id),
                error=turn.error,
            )
            for turn in self._finished
        ]

    def _add(self, record: RolloutItem) -> None:
        """Add the item that ``record`` holds, if it holds one."""
        match record:
            case UserMessageEvent():
                self._add_user_message(record)
            case AgentMessageEvent(message=text):
                if text:
                    self._turn().items.append(v2.AgentMessageThreadItem(id=self._item_id(), text=text))
            case AgentReasoningEvent(text=text):
                self._add_reasoning(summary=text)
            case AgentReasoningRawContentEvent(text=text):
                self._add_reasoning(content=text)
            case ContextCompactedEvent():
                self._turn().items.append(v2.ContextCompactionThreadItem(id=self._item_id()))
            case EnteredReviewModeEvent() | ExitedReviewModeEvent():
                self._turn().items.append(review_item(record, self._item_id()))
            case WebSearchEndEvent():
                self._turn().items.append(web_search_item(record))
            case ItemCompletedEvent() if _is_empty_plan(record):
                pass
            case _:
                if (item := completed_item(record)) is not None:
                    self._turn().items.append(item)

    def _add_user_message(self, event: UserMessageEvent) -> None:
        current = self._current
        if current is not None and not current.explicit and (current.items or not current.compacted):
            self._finish()
        item = v2.UserMessageThreadItem(id=self._item_id(), content=stored_input(event))
        self._turn().items.append(item)

    def _add_reasoning(self, *, summary: str = "", content: str = "") -> None:
        if not (summary or content):
            return
        items = self._turn().items
        summaries, contents = [summary] if summary else [], [content] if content else []
        last = items[-1] if items else None
        if isinstance(last, v2.ReasoningThreadItem):
            items[-1] = msgspec.structs.replace(
                last, summary=[*last.summary, *summaries], content=[*last.content, *contents]
            )
        else:
            items.append(v2.ReasoningThreadItem(id=self._item_id(), summary=summaries, content=contents))

    def _complete(self, turn_id: str) -> None:
        if self._is_current(turn_id) or turn_id not in self._by_id:
            self._finish()

    def _interrupt(self, turn_id: str | None) -> None:
        turn = self._current
        if turn_id is not None and not self._is_current(turn_id):
            turn = self._by_id.get(turn_id) or turn
        if turn is not None:
            turn.status, turn.error = TurnStatus.INTERRUPTED, None

    def _fail(self, event: ErrorEvent) -> None:
        if self._current is not None and affects_turn_status(event.codex_error_info):
            self._current.status = TurnStatus.FAILED
            self._current.error = turn_error(event)

    def _roll_back(self, count: int) -> None:
        self._finish()
        del self._finished[max(0, len(self._finished) - count) :]
        self._by_id = {turn.id: turn for turn in reversed(self._finished)}
        self._next_item = sum(len(turn.items) for turn in self._finished) + 1

    def _finish(self) -> None:
        turn, self._current = self._current, None
        if turn is not None and (turn.items or turn.explicit or turn.compacted):
            self._finished.append(turn)
            self._by_id.setdefault(turn.id, turn)

    def _turn(self) -> _OpenTurn:
        if self._current is None:
            self._implicit_turns += 1
            turn_id = (self._given_turn_id or self._derived_turn_id)(self._implicit_turns)
            self._current = _OpenTurn(id=turn_id, explicit=False)
        return self._current

    def _turn_of(self, turn_id: str) -> _OpenTurn:
        if self._is_current(turn_id):
            return self._turn()
        return self._by_id.get(turn_id) or self._turn()

    def _is_current(self, turn_id: str) -> bool:
        return self._current is not None and self._current.id == turn_id

    def _item_id(self) -> str:
        item_id = f"item-{self._next_item}"
        self._next_item += 1
        return item_id

    def _derived_turn_id(self, number: int) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{self._thread_id or ''}/{number}"))


def _status(turn: _OpenTurn, running_turn_id: str | None) -> TurnStatus:
    if turn.id == running_turn_id and turn.status is TurnStatus.COMPLETED:
        return TurnStatus.IN_PROGRESS
    return turn.status


def _is_empty_plan(event: ItemCompletedEvent) -> bool:
    return isinstance(event.item, PlanTurnItem) and not event.item.text
