"""The sample-act loop of a regular turn: ask the model, run its tools, ask again until it is done."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import anyio
import anyio.to_thread
from agent_protocol.rollout.error_info import CodexErrorDetail, HttpFailure
from agent_protocol.rollout.event import (
    EventMsg,
    ItemCompletedEvent,
    ItemStartedEvent,
    ModelRerouteEvent,
    StreamErrorEvent,
    TokenCountEvent,
    WarningEvent,
)
from agent_protocol.rollout.response_item import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallOutputItem,
    ResponseItem,
)
from agent_protocol.rollout.turn_item import LocalImageInput, UserInput, UserMessageTurnItem

from agent_core.context.message import user_message
from agent_core.model.client import ModelClient
from agent_core.model.errors import ContextWindowExceeded, ModelError, UsageLimitReached
from agent_core.model.event import Completed, ModelEvent, RateLimits, ServerModel
from agent_core.model.request import ModelRequest
from agent_core.model.retry import reconnecting_text, stream_backoff
from agent_core.seams import Clock, IdSource, Randomness
from agent_core.thread.history import History
from agent_core.tools.parallel import ParallelGate
from agent_core.tools.registry import ToolRegistry, aborted_output
from agent_core.tools.tool import ToolContext, ToolOutput
from agent_core.turn.context import TurnContext
from agent_core.turn.diff import show_diff
from agent_core.turn.reduce import StreamReducer, ToolCallItem


class TurnScribe(Protocol):
    """Where a turn leaves what it does: history, record and log behind one face."""

    def emit(self, msg: EventMsg) -> None:
        """Append an event to the thread's log."""
        ...

    def record(self, items: Sequence[ResponseItem]) -> None:
        """Keep items in the history and the record."""
        ...

    def record_context(self, context: TurnContext) -> None:
        """Note in the record which settings the next request is made with."""
        ...

    async def materialise(self) -> None:
        """Make sure the record exists."""
        ...


@dataclass(slots=True)
class _Call:
    item: ToolCallItem
    started: float
    done: anyio.Event = field(default_factory=anyio.Event)
    output: ToolOutput | None = None


@dataclass(slots=True)
class _Sample:
    called: bool = False
    """Whether the model called any tool."""
    failure: ModelError | None = None
    last_message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopServices:
    """What the loop works with."""

    history: History
    scribe: TurnScribe
    model: ModelClient
    tools: ToolRegistry
    tool_context: ToolContext
    request: Callable[[Sequence[ResponseItem]], ModelRequest]
    clock: Clock
    ids: IdSource
    randomness: Randomness
    stream_retries: int


class TurnLoop:
    """Runs one regular turn to its end. Cancel the calling scope to stop it, then :meth:`close` it in any case."""

    def __init__(self, context: TurnContext, services: LoopServices, user_input: Sequence[UserInput]) -> None:
        self._context = context
        self._s = services
        self._gate = ParallelGate()
        self._pending: list[Sequence[UserInput]] = [user_input] if user_input else []
        self._calls: deque[_Call] = deque()
        """Calls whose output is still to be recorded, in order."""
        self._rerouted = False
        self._is_over = False
        self.has_input = False
        """Whether the history holds something the user said in this turn."""

    def steer(self, user_input: Sequence[UserInput]) -> bool:
        """Let the turn take further input before its next model request; return whether it still can."""
        if self._is_over:
            return False
        self._pending.append(user_input)
        return True

    async def run(self) -> str | None:
        """Run until the model asks for nothing more; return its last message. Without input it is not asked at all.

        Raises:
            ModelError: the model cannot be asked, retries included.
            RolloutWriteError: the record cannot be created.
        """
        last_message: str | None = None
        called = False
        while called or self._pending:
            await self._take_pending()
            await self._s.scribe.materialise()
            sample = await self._sample_with_retries()
            called = sample.called
            last_message = sample.last_message or last_message
        self._is_over = True
        return last_message

    async def close(self, *, aborted: bool) -> None:
        """Take no more input, and keep what was left: outputs of calls, and what nobody answered.

        With ``aborted`` a call still without an output gets one that says so.
        """
        self._is_over = True
        for call in self._calls:
            if call.output is None and aborted:
                call.output = aborted_output(call.item.name, self._s.clock.monotonic() - call.started)
        self._record_finished()
        await self._take_pending()

    async def _take_pending(self) -> None:
        while self._pending:
            await self._take_input(self._pending[0])
            del self._pending[0]

    async def _take_input(self, user_input: Sequence[UserInput]) -> None:
        message = (
            await anyio.to_thread.run_sync(user_message, user_input)
            if _reads_files(user_input)
            else user_message(user_input)
        )
        item = UserMessageTurnItem(id=self._s.ids.uuid4(), content=tuple(user_input))
        thread_id, turn_id = self._context.thread_id, self._context.turn_id
        self._s.scribe.record([message])
        self._s.scribe.emit(ItemStartedEvent(thread_id=thread_id, turn_id=turn_id, item=item))
        self._s.scribe.emit(ItemCompletedEvent(thread_id=thread_id, turn_id=turn_id, item=item))
        self.has_input = True

    async def _sample_with_retries(self) -> _Sample:
        attempt = 0
        while True:
            sample = await self._sample()
            if sample.failure is None:
                return sample
            error = sample.failure
            self._account_failure(error)
            attempt += 1
            if not error.retryable or attempt > self._s.stream_retries:
                raise error
            self._s.scribe.emit(
                StreamErrorEvent(
                    message=reconnecting_text(attempt, self._s.stream_retries),
                    codex_error_info=CodexErrorDetail(
                        response_stream_disconnected=HttpFailure(http_status_code=error.status)
                    ),
                    additional_details=str(error),
                )
            )
            await self._s.clock.sleep(stream_backoff(attempt, error, self._s.randomness))

    async def _sample(self) -> _Sample:
        sample = _Sample()
        self._s.scribe.record_context(self._context)
        request = self._s.request(self._s.history.items)
        async with anyio.create_task_group() as tools:

            def start_call(item: ToolCallItem) -> None:
                call = _Call(item, self._s.clock.monotonic())
                self._calls.append(call)
                sample.called = True
                tools.start_soon(self._run_call, call)

            reducer = StreamReducer(
                thread_id=self._context.thread_id,
                turn_id=self._context.turn_id,
                emit=self._s.scribe.emit,
                record=lambda item: self._s.scribe.record([item]),
                start_call=start_call,
                fresh_id=self._s.ids.uuid4,
            )
            try:
                async with self._s.model.open(request) as events:
                    async for event in events:
                        if not reducer.feed(event):
                            self._account(event)
            except ModelError as error:
                sample.failure = error
                tools.cancel_scope.cancel()
            else:
                await self._collect()
        self._record_finished()
        sample.last_message = reducer.last_message
        if sample.failure is None:
            await show_diff(self._s.tool_context.diff, self._s.scribe.emit)
        return sample

    async def _run_call(self, call: _Call) -> None:
        async with self._gate.hold(shared=self._s.tools.is_parallel(call.item.name)):
            call.output = await self._s.tools.run(self._s.tool_context, call.item)
        call.done.set()

    async def _collect(self) -> None:
        """Record outputs in the order of the calls, whichever finishes first."""
        while self._calls:
            await self._calls[0].done.wait()
            self._record_output(self._calls.popleft())

    def _record_finished(self) -> None:
        """Record the outputs there are; a call without one is answered in its place when the model is asked again."""
        while self._calls:
            self._record_output(self._calls.popleft())

    def _record_output(self, call: _Call) -> None:
        if call.output is not None:
            self._s.scribe.record([*call.output.before, _output_item(call.item, call.output)])
            self._pending.extend(call.output.pending)

    def _account(self, event: ModelEvent) -> None:
        history = self._s.history
        match event:
            case RateLimits():
                history.count_limits(event.snapshot)
            case Completed():
                if event.usage is not None:
                    history.count_usage(event.usage, self._context.window)
            case ServerModel():
                self._account_server_model(event.model)
                return
            case _:
                return
        self._s.scribe.emit(TokenCountEvent(info=history.usage, rate_limits=history.limits))

    def _account_failure(self, error: ModelError) -> None:
        history = self._s.history
        if isinstance(error, ContextWindowExceeded) and self._context.window is not None:
            history.count_full_window(self._context.window)
        elif isinstance(error, UsageLimitReached) and error.snapshot is not None:
            history.count_limits(error.snapshot)
        else:
            return
        self._s.scribe.emit(TokenCountEvent(info=history.usage, rate_limits=history.limits))

    def _account_server_model(self, model: str) -> None:
        asked = self._context.model.slug
        if self._rerouted or model.lower() == asked.lower():
            return
        self._rerouted = True
        self._s.scribe.emit(ModelRerouteEvent(from_model=asked, to_model=model))
        self._s.scribe.emit(WarningEvent(message=f"The backend answered with {model} instead of {asked}."))


def _reads_files(user_input: Sequence[UserInput]) -> bool:
    return any(isinstance(item, LocalImageInput) for item in user_input)


def _output_item(item: ToolCallItem, output: ToolOutput) -> ResponseItem:
    content = output.content if isinstance(output.content, str) else tuple(output.content)
    if isinstance(item, CustomToolCallItem):
        return CustomToolCallOutputItem(call_id=item.call_id, output=content)
    return FunctionCallOutputItem(call_id=item.call_id, output=content)
