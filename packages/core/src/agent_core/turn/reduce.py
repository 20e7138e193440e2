"""From model events to thread events: one synchronous call per event, no queue between."""

from collections.abc import Callable

from agent_protocol.rollout.event import (
    AgentMessageContentDeltaEvent,
    AgentReasoningSectionBreakEvent,
    EventMsg,
    ItemCompletedEvent,
    ItemStartedEvent,
    ReasoningContentDeltaEvent,
    ReasoningRawContentDeltaEvent,
)
from agent_protocol.rollout.response_item import CustomToolCallItem, FunctionCallItem, ResponseItem
from agent_protocol.rollout.turn_item import TurnItem

from agent_core.model.event import (
    ModelEvent,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    ReasoningSummaryDelta,
    ReasoningSummaryPartAdded,
    ReasoningTextDelta,
)
from agent_core.turn.item import announced, message_text, turn_item

ToolCallItem = FunctionCallItem | CustomToolCallItem


class StreamReducer:
    """Turns the output of one response into events and history items.

    ``record`` keeps an item in the history; ``start_call`` sets a tool to work.
    """

    def __init__(
        self,
        *,
        thread_id: str,
        turn_id: str,
        emit: Callable[[EventMsg], None],
        record: Callable[[ResponseItem], None],
        start_call: Callable[[ToolCallItem], None],
        fresh_id: Callable[[], str],
    ) -> None:
        self._thread_id = thread_id
        self._turn_id = turn_id
        self._emit = emit
        self._record = record
        self._start_call = start_call
        self._fresh_id = fresh_id
        self._active: TurnItem | None = None
        self.last_message: str | None = None
        """Text of the newest agent message of this response."""

    def feed(self, event: ModelEvent) -> bool:
        """Take one event; return whether it was one of the response's output."""
        match event:
            case OutputTextDelta():
                if self._active is not None:
                    self._emit(
                        AgentMessageContentDeltaEvent(
                            thread_id=self._thread_id,
                            turn_id=self._turn_id,
                            item_id=self._active.id,
                            delta=event.delta,
                        )
                    )
            case OutputItemAdded():
                self._added(event.item)
            case OutputItemDone():
                self._done(event.item)
            case ReasoningSummaryDelta() | ReasoningSummaryPartAdded() | ReasoningTextDelta():
                if self._active is not None:
                    self._reasoning(self._active.id, event)
            case _:
                return False
        return True

    def _added(self, item: ResponseItem) -> None:
        shown = turn_item(item, self._fresh_id)
        if shown is not None:
            self._active = announced(shown)
            self._emit(ItemStartedEvent(thread_id=self._thread_id, turn_id=self._turn_id, item=self._active))

    def _done(self, item: ResponseItem) -> None:
        if isinstance(item, FunctionCallItem | CustomToolCallItem):
            self._record(item)
            self._start_call(item)
            return
        active = self._active
        shown = turn_item(item, (lambda: active.id) if active is not None else self._fresh_id)
        if shown is not None:
            if active is None or active.id != shown.id:
                self._emit(ItemStartedEvent(thread_id=self._thread_id, turn_id=self._turn_id, item=announced(shown)))
            self._active = None
            self._emit(ItemCompletedEvent(thread_id=self._thread_id, turn_id=self._turn_id, item=shown))
            self.last_message = message_text(shown) or self.last_message
        self._record(item)

    def _reasoning(
        self, item_id: str, event: ReasoningSummaryDelta | ReasoningSummaryPartAdded | ReasoningTextDelta
    ) -> None:
        match event:
            case ReasoningSummaryDelta():
                self._emit(
                    ReasoningContentDeltaEvent(
                        thread_id=self._thread_id,
                        turn_id=self._turn_id,
                        item_id=item_id,
                        delta=event.delta,
                        summary_index=event.summary_index,
                    )
                )
            case ReasoningTextDelta():
                self._emit(
                    ReasoningRawContentDeltaEvent(
                        thread_id=self._thread_id,
                        turn_id=self._turn_id,
                        item_id=item_id,
                        delta=event.delta,
                        content_index=event.content_index,
                    )
                )
            case ReasoningSummaryPartAdded():
                self._emit(AgentReasoningSectionBreakEvent(item_id=item_id, summary_index=event.summary_index))
