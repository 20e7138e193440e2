import os
from pathlib import Path

import anyio
import pytest
from agent_core.errors import AgentError, InputInvalid, ThreadClosed
from agent_core.face import LoggedEvent, ThreadOptions, TurnOverrides
from agent_core.seams import SystemClock
from agent_core.testing.answer import answer, failed, message
from agent_core.testing.model import Answer
from agent_protocol.rollout.event import (
    ErrorEvent,
    ItemCompletedEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    TurnAbortedEvent,
)
from agent_protocol.rollout.response_item import MessageItem
from agent_protocol.rollout.turn_item import UserMessageTurnItem
from agent_protocol.v2.common import AskForApproval, ReasoningEffort, WorkspaceWriteSandboxPolicy
from agent_protocol.v2.user_input import TextUserInput
from thread_harness import Opener, Watched, until


class StubbornClock(SystemClock):
    """Its sleepers do not heed a cancel until ``release`` is set."""

    def __init__(self) -> None:
        self.release = anyio.Event()

    async def sleep(self, seconds: float) -> None:
        with anyio.CancelScope(shield=True):
            await self.release.wait()


def breaks_off() -> Answer:
    return answer(message("half"))[:-1]


def user_items(seen: Watched) -> list[UserMessageTurnItem]:
    return [event.item for event in seen.all(ItemCompletedEvent) if isinstance(event.item, UserMessageTurnItem)]


def assert_turns_do_not_overlap(seen: Watched) -> None:
    running = 0
    for event in seen.events:
        if isinstance(event.msg, TaskStartedEvent):
            running += 1
        elif isinstance(event.msg, TaskCompleteEvent | TurnAbortedEvent):
            running -= 1
        assert running in (0, 1)


@pytest.mark.anyio
async def test_many_callers_while_a_turn_is_being_aborted_share_the_next_one(open_thread: Opener) -> None:
    clock = StubbornClock()
    async with open_thread([breaks_off(), *[answer(message("ok"))] * 9], clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(StreamErrorEvent)
        started: list[str] = []

        async def start(text: str) -> None:
            started.append(await seen.start(text))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(seen.thread.interrupt, turn_id, lambda: None)
            await anyio.wait_all_tasks_blocked()
            for number in range(5):
                tasks.start_soon(start, f"message {number}")
            await anyio.wait_all_tasks_blocked()
            clock.release.set()
        await seen.until(TaskCompleteEvent)
        assert_turns_do_not_overlap(seen)
        assert turn_id not in started
        assert len(user_items(seen)) == 6
        last = str(seen.model.requests[-1].input)
        assert all(last.count(f"message {number}") == 1 for number in range(5))


@pytest.mark.anyio
async def test_many_callers_while_a_turn_is_finishing_share_the_next_one(open_thread: Opener) -> None:
    async with open_thread([[failed("insufficient_quota")], *[answer(message("ok"))] * 9]) as seen:
        async with anyio.create_task_group() as tasks:

            def start_more(event: LoggedEvent) -> None:
                if isinstance(event.msg, ErrorEvent):
                    for number in range(5):
                        tasks.start_soon(seen.start, f"message {number}")

            seen.thread.log.attach(start_more)
            await seen.start()
            await seen.until(ErrorEvent)
        await seen.until(TaskCompleteEvent, 2)
        await until(lambda: seen.thread.active_turn is None)
        assert_turns_do_not_overlap(seen)
        last = str(seen.model.requests[-1].input)
        assert all(last.count(f"message {number}") == 1 for number in range(5))


@pytest.mark.anyio
async def test_settings_of_callers_who_wait_for_the_same_turn_add_up(open_thread: Opener) -> None:
    clock = StubbornClock()
    async with open_thread([breaks_off(), *[answer(message("ok"))] * 4], clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(StreamErrorEvent)
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(seen.thread.interrupt, turn_id, lambda: None)
            await anyio.wait_all_tasks_blocked()
            tasks.start_soon(seen.start, "a", TurnOverrides(model="gpt-5.2"))
            tasks.start_soon(seen.start, "b", TurnOverrides(effort=ReasoningEffort.LOW))
            await anyio.wait_all_tasks_blocked()
            clock.release.set()
        await seen.until(TaskCompleteEvent)
        assert (seen.thread.settings.model, seen.thread.settings.reasoning_effort) == ("gpt-5.2", ReasoningEffort.LOW)


@pytest.mark.anyio
async def test_no_input_for_a_busy_thread_changes_its_settings_and_says_nothing(open_thread: Opener) -> None:
    hold = anyio.Event()
    async with open_thread([[*answer(message("one"))[:-1], hold, answer()[-1]], answer(message("two"))]) as seen:
        turn_id = await seen.start()
        announced: list[str] = []
        assert await seen.thread.start_turn([], TurnOverrides(model="gpt-5.2"), announced.append) == turn_id
        assert announced == [turn_id]
        assert seen.thread.settings.model == "gpt-5.2"
        hold.set()
        await seen.until(TaskCompleteEvent)
        assert len(user_items(seen)) == 1
        assert len(seen.model.requests) == 1


@pytest.mark.anyio
async def test_input_right_after_a_start_without_any_is_answered(open_thread: Opener) -> None:
    async with open_thread([answer(message("yes"))]) as seen:
        await seen.thread.start_turn([], TurnOverrides(), lambda _: None)
        await seen.start("hello")
        await seen.until(TaskCompleteEvent)
        await anyio.wait_all_tasks_blocked()
        assert len(seen.model.requests) == 1
        assert "hello" in str(seen.model.requests[0].input)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "overrides",
    [
        TurnOverrides(model="gpt-5.2", cwd="/no/such/folder"),
        TurnOverrides(model="gpt-5.2", sandbox_policy=WorkspaceWriteSandboxPolicy(writable_roots=("relative",))),
        TurnOverrides(model="gpt-5.2", sandbox_policy=WorkspaceWriteSandboxPolicy(writable_roots=("/a\0b",))),
    ],
)
async def test_a_rejected_override_changes_nothing_and_the_thread_goes_on(
    open_thread: Opener, overrides: TurnOverrides
) -> None:
    async with open_thread([answer(message("ok"))]) as seen:
        before = seen.thread.settings
        announced: list[str] = []
        with pytest.raises(InputInvalid):
            await seen.thread.start_turn([TextUserInput(text="x")], overrides, announced.append)
        assert announced == []
        assert seen.thread.settings == before
        assert seen.thread.active_turn is None
        await seen.turn()
        assert seen.model.requests[0].model == before.model


@pytest.mark.anyio
async def test_a_rejected_override_does_not_reach_a_busy_thread(open_thread: Opener) -> None:
    hold = anyio.Event()
    async with open_thread([[*answer(message("one"))[:-1], hold, answer()[-1]], answer(message("two"))]) as seen:
        await seen.start()
        bad = TurnOverrides(sandbox_policy=WorkspaceWriteSandboxPolicy(writable_roots=("relative",)))
        with pytest.raises(InputInvalid):
            await seen.start("never said", bad)
        hold.set()
        await seen.until(TaskCompleteEvent)
        await seen.turn("next")
        assert "never said" not in str(seen.model.requests[-1].input)


@pytest.mark.anyio
async def test_an_announcement_that_fails_leaves_the_thread_usable(open_thread: Opener) -> None:
    def announce(_: str) -> None:
        raise ZeroDivisionError

    async with open_thread([answer(message("one")), answer(message("two"))]) as seen:
        with pytest.raises(ZeroDivisionError):
            await seen.thread.start_turn([TextUserInput(text="x")], TurnOverrides(), announce)
        await seen.until(TaskCompleteEvent)
        await seen.turn()
        assert len(seen.all(TaskCompleteEvent)) == 2


@pytest.mark.anyio
async def test_who_waits_for_a_turn_to_end_learns_that_the_thread_closes(open_thread: Opener) -> None:
    clock = StubbornClock()
    async with open_thread([breaks_off()], clock=clock) as seen:
        turn_id = await seen.start()
        await seen.until(StreamErrorEvent)
        refused: list[AgentError] = []

        async def start() -> None:
            try:
                await seen.start("late")
            except ThreadClosed as error:
                refused.append(error)

        with anyio.fail_after(20):
            async with anyio.create_task_group() as tasks:
                tasks.start_soon(seen.thread.interrupt, turn_id, lambda: None)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(start)
                await anyio.wait_all_tasks_blocked()
                tasks.start_soon(seen.thread.aclose)
                await anyio.wait_all_tasks_blocked()
                clock.release.set()
        assert len(refused) == 1
        assert len(seen.all(TaskStartedEvent)) == 1


@pytest.mark.anyio
async def test_the_working_directory_of_a_turn_may_be_relative(open_thread: Opener) -> None:
    async with open_thread([answer(message("ok"))], approval=AskForApproval.NEVER) as seen:
        cwd = Path(seen.thread.settings.cwd)
        (cwd / "below").mkdir()
        await seen.turn(overrides=TurnOverrides(cwd="below"))
        assert seen.thread.settings.cwd == str(cwd / "below")
        texts = [str(item) for item in seen.model.requests[0].input if isinstance(item, MessageItem)]
        assert any(f"<cwd>{cwd / 'below'}</cwd>" in text for text in texts)


@pytest.mark.anyio
async def test_what_cannot_be_written_down_is_refused_at_the_door(open_thread: Opener) -> None:
    async with open_thread([answer(message("ok"))]) as seen:
        below = os.path.join(seen.thread.settings.cwd, os.fsdecode(b"\xff"))
        os.mkdir(below)
        with pytest.raises(InputInvalid):
            await seen.start("half a \ud800 character")
        with pytest.raises(InputInvalid):
            await seen.start("fine", TurnOverrides(cwd=below))
        with pytest.raises(InputInvalid):
            await seen.agent.start_thread(ThreadOptions(cwd=below))
        await seen.turn()
        assert len(user_items(seen)) == 1
