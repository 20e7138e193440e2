import os
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from agent_core.agent import Agent
from agent_core.errors import ThreadClosed, TurnNotActive
from agent_core.face import LoggedEvent, ThreadOptions, TurnOverrides
from agent_core.model.request import ModelRequest
from agent_core.seams import SystemClock
from agent_core.testing.answer import WireEvent, answer, custom_call, function_call, message, reasoning
from agent_core.testing.model import Answer, ScriptedModel
from agent_protocol.rollout.event import (
    AgentMessageContentDeltaEvent,
    ExecApprovalRequestEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    PatchApplyBeginEvent,
    PatchApplyEndEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    TurnAbortedEvent,
)
from agent_protocol.rollout.response_item import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    MessageItem,
)
from agent_protocol.v2.common import AskForApproval, SandboxMode
from agent_protocol.v2.turn import TurnStatus
from agent_protocol.v2.user_input import LocalImageUserInput, TextUserInput, UserInput
from thread_harness import Opener, Watched, until

PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"


class StoppedClock(SystemClock):
    def __init__(self) -> None:
        self.sleepers = 0

    async def sleep(self, seconds: float) -> None:
        self.sleepers += 1
        await anyio.sleep_forever()


def said(request: ModelRequest) -> list[str]:
    return [str(item) for item in request.input if isinstance(item, MessageItem) and item.role == "user"]


def assert_every_call_has_one_output(request: ModelRequest) -> None:
    calls = [item.call_id for item in request.input if isinstance(item, FunctionCallItem | CustomToolCallItem)]
    outputs = [
        item.call_id for item in request.input if isinstance(item, FunctionCallOutputItem | CustomToolCallOutputItem)
    ]
    assert Counter(calls) == Counter(outputs)


def assert_one_end_which_is_last(seen: Watched) -> None:
    turn_id = seen.all(TaskStartedEvent)[0].turn_id
    of_turn = [event.msg for event in seen.events if event.turn_id == turn_id]
    ends = [msg for msg in of_turn if isinstance(msg, TaskCompleteEvent | TurnAbortedEvent)]
    assert len(ends) == 1
    assert of_turn[-1] is ends[0]


def assert_what_began_has_ended(seen: Watched) -> None:
    begun = [event.call_id for event in seen.all(ExecCommandBeginEvent)]
    begun += [event.call_id for event in seen.all(PatchApplyBeginEvent)]
    ended = [event.call_id for event in seen.all(ExecCommandEndEvent)]
    ended += [event.call_id for event in seen.all(PatchApplyEndEvent)]
    assert Counter(begun) == Counter(ended)


@pytest.mark.anyio
async def test_before_the_first_byte_the_message_is_kept_and_recorded(open_thread: Opener) -> None:
    async with open_thread([[anyio.Event()], answer(message("later"))]) as seen:
        turn_id = await seen.start("first words")
        await until(lambda: bool(seen.model.requests))
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_one_end_which_is_last(seen)
        view = await seen.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.INTERRUPTED]
        await seen.turn("next words")
        texts = said(seen.model.requests[1])
        assert ["first words" in text for text in texts].count(True) == 1
        assert ["<turn_aborted>" in text for text in texts].count(True) == 1


@pytest.mark.anyio
async def test_at_once_after_the_start_the_turn_is_recorded_all_the_same(open_thread: Opener) -> None:
    async with open_thread([answer(message("later"))]) as seen:
        turn_id = await seen.start("first words")
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_one_end_which_is_last(seen)
        path = seen.thread.path
        view = await seen.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.INTERRUPTED]
        assert view.preview == "first words"
    assert path is not None
    assert "first words" in path.read_text()


@pytest.mark.anyio
async def test_an_image_that_was_still_to_be_read_is_not_lost(open_thread: Opener, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_bytes(b"no image")
    async with open_thread([answer(message("later"))]) as seen:
        given: list[UserInput] = [TextUserInput(text="look here"), LocalImageUserInput(path=str(tmp_path / "no.png"))]
        turn_id = await seen.thread.start_turn(given, TurnOverrides(), lambda _: None)
        await seen.thread.interrupt(turn_id, lambda: None)
        await seen.turn("next")
        assert ["look here" in text for text in said(seen.model.requests[-1])].count(True) == 1


@pytest.mark.anyio
async def test_in_the_middle_of_the_stream(open_thread: Opener) -> None:
    script = [[*answer(message("one"))[:-2], anyio.Event()], answer(message("later"))]
    async with open_thread(script) as seen:
        turn_id = await seen.start()
        await seen.until(AgentMessageContentDeltaEvent)
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_one_end_which_is_last(seen)
        await seen.turn("next")
        assert seen.all(TaskCompleteEvent)[0].last_agent_message == "later"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "call",
    [
        function_call("shell_command", {"command": "echo up; sleep 60"}),
        function_call("exec_command", {"cmd": "echo up; sleep 60"}),
    ],
)
async def test_in_a_command_its_end_is_shown(open_thread: Opener, call: list[WireEvent]) -> None:
    async with open_thread([answer(call), answer(message("later"))]) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandOutputDeltaEvent)
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_what_began_has_ended(seen)
        assert (seen.all(ExecCommandEndEvent)[0].exit_code, seen.all(ExecCommandEndEvent)[0].status) == (-1, "failed")
        assert_one_end_which_is_last(seen)
        await seen.turn("next")
        assert_every_call_has_one_output(seen.model.requests[1])


@pytest.mark.anyio
async def test_in_an_approval_the_question_is_gone_and_nothing_runs(open_thread: Opener) -> None:
    calls = answer(function_call("exec_command", {"cmd": "touch a"}), function_call("exec_command", {"cmd": "touch b"}))
    async with open_thread([calls, answer(message("later"))], approval=AskForApproval.UNTRUSTED) as seen:
        turn_id = await seen.start()
        await seen.until(ExecApprovalRequestEvent, 2)
        await seen.thread.interrupt(turn_id, lambda: None)
        for question in seen.all(ExecApprovalRequestEvent):
            assert not seen.thread.answer(question.call_id, "approved")
        assert_one_end_which_is_last(seen)
        await seen.turn("next")
        assert_every_call_has_one_output(seen.model.requests[1])
        assert not os.listdir(seen.thread.settings.cwd)


@pytest.mark.anyio
async def test_during_the_wait_before_another_attempt(open_thread: Opener) -> None:
    clock = StoppedClock()
    async with open_thread([answer(message("half"))[:-1], answer(message("later"))], clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(StreamErrorEvent)
        await until(lambda: clock.sleepers == 1)
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_one_end_which_is_last(seen)
        await seen.turn("next")
        assert len(seen.model.requests) == 2


@pytest.mark.anyio
async def test_twice_at_once_both_callers_are_answered_before_the_end_shows(open_thread: Opener) -> None:
    async with open_thread([answer(function_call("exec_command", {"cmd": "sleep 60"}))]) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandBeginEvent)
        shown: list[int] = []

        async def interrupt() -> None:
            await seen.thread.interrupt(turn_id, lambda: shown.append(len(seen.all(TurnAbortedEvent))))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(interrupt)
                tasks.start_soon(interrupt)
        assert shown == [0, 0]
        assert_one_end_which_is_last(seen)
        with pytest.raises(TurnNotActive):
            await seen.thread.interrupt(turn_id, lambda: None)


@pytest.mark.anyio
async def test_together_with_the_close_of_the_thread(open_thread: Opener) -> None:
    async with open_thread([answer(function_call("exec_command", {"cmd": "sleep 60"}))]) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandBeginEvent)
        answered: list[str] = []

        async def interrupt() -> None:
            await seen.thread.interrupt(turn_id, lambda: answered.append("yes"))

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(interrupt)
                tasks.start_soon(seen.thread.aclose)
        assert answered == ["yes"]
        assert_one_end_which_is_last(seen)
        with pytest.raises(ThreadClosed):
            await seen.start()


FIRST = answer(
    reasoning("Think."),
    message("I look."),
    function_call("exec_command", {"cmd": "echo hi"}),
    custom_call("apply_patch", PATCH),
    function_call("view_image", {"path": "picture.png"}),
)
SECOND = answer(message("Done."))


def play(request: ModelRequest) -> Answer:
    last = request.input[-1]
    return FIRST if isinstance(last, MessageItem) and "'go'" in str(last) else SECOND


def endless() -> Iterator[Callable[[ModelRequest], Answer]]:
    while True:
        yield play


async def interrupted_at(agent: Agent, model: ScriptedModel, cwd: Path, position: int) -> bool:
    """Steer and interrupt when the ``position``-th event shows; return whether there was such an event."""
    options = ThreadOptions(
        model="gpt-5.2-codex",
        cwd=str(cwd),
        approval_policy=AskForApproval.NEVER,
        sandbox=SandboxMode.DANGER_FULL_ACCESS,
    )
    thread = await agent.start_thread(options)
    seen = Watched(agent, thread, model)
    shown = anyio.Event()
    announced: list[bool] = []

    def ended() -> bool:
        return bool(seen.all(TaskCompleteEvent) or seen.all(TurnAbortedEvent))

    def watch(_: LoggedEvent) -> None:
        if len(seen.events) == position:
            shown.set()

    async def steer_and_interrupt() -> None:
        await shown.wait()
        if thread.active_turn == turn_id:
            joined = await seen.start("more")
            assert joined == turn_id or ended()
            if thread.active_turn == turn_id:
                await thread.interrupt(turn_id, lambda: announced.append(ended()))

    thread.log.attach(watch)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(steer_and_interrupt)
        turn_id = await seen.start("go")
        await until(ended)
        was_reached = shown.is_set()
        shown.set()
    await until(lambda: thread.active_turn is None)
    assert announced in ([], [False])
    assert_one_end_which_is_last(seen)
    await seen.turn("next")
    request = model.requests[-1]
    assert_every_call_has_one_output(request)
    assert_what_began_has_ended(seen)
    assert ["'go'" in text for text in said(request)].count(True) == 1
    assert ["'more'" in text for text in said(request)].count(True) == int(was_reached and bool(announced))
    await thread.aclose()
    return was_reached


@pytest.mark.anyio
async def test_at_any_event_of_a_turn_nothing_is_lost_or_doubled(open_thread: Opener) -> None:
    async with open_thread(endless()) as seen:
        cwd = Path(seen.thread.settings.cwd)
        (cwd / "picture.png").write_bytes(b"no picture")
        position = 1
        while await interrupted_at(seen.agent, seen.model, cwd, position):
            position += 1
        assert position > 20


class BreakingClock(SystemClock):
    """Tells the time until it is told to break, fails once, and then tells it again."""

    def __init__(self) -> None:
        self.breaks = False

    def monotonic(self) -> float:
        if self.breaks:
            self.breaks = False
            raise ZeroDivisionError
        return super().monotonic()


@pytest.mark.anyio
async def test_a_tool_that_breaks_on_its_way_out_does_not_make_it_a_failure(open_thread: Opener) -> None:
    clock = BreakingClock()
    script = [answer(function_call("shell_command", {"command": "echo up; sleep 60"})), answer(message("later"))]
    async with open_thread(script, clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandOutputDeltaEvent)
        clock.breaks = True
        await seen.thread.interrupt(turn_id, lambda: None)
        assert len(seen.all(TurnAbortedEvent)) == 1
        assert_one_end_which_is_last(seen)
        await seen.turn("next")
        assert_every_call_has_one_output(seen.model.requests[1])


@pytest.mark.anyio
async def test_a_turn_whose_winding_up_breaks_still_ends(open_thread: Opener) -> None:
    clock = BreakingClock()
    script = [answer(function_call("exec_command", {"cmd": "touch a"}))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED, clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        clock.breaks = True
        await seen.thread.interrupt(turn_id, lambda: None)
        assert_one_end_which_is_last(seen)
