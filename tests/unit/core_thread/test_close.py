import logging
import os
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from agent_core.agent import open_agent
from agent_core.errors import AgentClosed
from agent_core.face import LoggedEvent, ThreadOptions
from agent_core.host import host_agent
from agent_core.seams import system_randomness
from agent_core.testing.answer import answer, function_call, message
from agent_core.testing.model import ScriptedModel
from agent_protocol.rollout.event import (
    ErrorEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    TaskCompleteEvent,
    TurnAbortedEvent,
)
from agent_protocol.v2.turn import TurnStatus
from thread_harness import Opener, Watched, until

FIRST_PID = 'echo "$$"; exec sleep 60'


class Broken:
    """Chance that fails whenever a number is drawn."""

    def uniform(self, low: float, high: float) -> float:
        return system_randomness().uniform(low, high)

    def randrange(self, start: int, stop: int) -> int:
        raise ZeroDivisionError("no chance")


def open_descriptors() -> set[str]:
    folder = "/proc/self/fd"
    if not os.path.isdir(folder):
        pytest.skip("the open descriptors of a process can be listed on Linux only")
    targets = set()
    for name in os.listdir(folder):
        try:
            targets.add(f"{name} {os.readlink(os.path.join(folder, name))}")
        except OSError:
            continue
    return targets


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def printed_pid(seen: Watched) -> int:
    chunk = (await seen.until(ExecCommandOutputDeltaEvent)).chunk
    return int(chunk)


def assert_is_recorded_as_interrupted(path: Path | None) -> None:
    assert path is not None
    assert '"turn_aborted"' in path.read_text().splitlines()[-1]


@pytest.mark.anyio
async def test_a_body_that_raises_gets_its_own_error_and_everything_is_let_go(open_thread: Opener) -> None:
    before = open_descriptors()
    script = [answer(function_call("exec_command", {"cmd": FIRST_PID}))]
    with pytest.raises(ZeroDivisionError):
        async with open_thread(script) as seen:
            await seen.start()
            pid = await printed_pid(seen)
            path, thread_id = seen.thread.path, seen.thread.id
            raise ZeroDivisionError
    assert not is_alive(pid)
    assert_is_recorded_as_interrupted(path)
    assert len(seen.all(TurnAbortedEvent)) == 1
    assert len(seen.all(ExecCommandEndEvent)) == 1
    assert open_descriptors() <= before
    async with open_thread([answer(message("ok"))], resume=thread_id) as again:
        view = await again.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.INTERRUPTED]


@pytest.mark.anyio
async def test_a_cancelled_host_leaves_the_turn_recorded_and_nothing_behind(open_thread: Opener) -> None:
    before = open_descriptors()
    script = [answer(function_call("shell_command", {"command": FIRST_PID}))]
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks, open_thread(script) as seen:
            await seen.start()
            pid = await printed_pid(seen)
            tasks.cancel_scope.cancel()
            await anyio.sleep_forever()
    assert not is_alive(pid)
    assert_is_recorded_as_interrupted(seen.thread.path)
    assert open_descriptors() <= before


@pytest.mark.anyio
async def test_a_tool_that_breaks_fails_its_turn_is_logged_and_the_thread_goes_on(
    open_thread: Opener, caplog: pytest.LogCaptureFixture
) -> None:
    script = [answer(function_call("exec_command", {"cmd": "true"})), answer(message("fine"))]
    async with open_thread(script, randomness=Broken()) as seen:
        await seen.turn()
        assert "ZeroDivisionError" in seen.all(ErrorEvent)[0].message
        assert any(record.exc_info for record in caplog.records if record.levelno >= logging.ERROR)
        await seen.turn("next")
        assert [turn.status for turn in (await seen.thread.view(True)).turns] == [
            TurnStatus.FAILED,
            TurnStatus.COMPLETED,
        ]


@pytest.mark.anyio
async def test_two_tools_that_break_at_once_are_told_as_one_plain_error(open_thread: Opener) -> None:
    calls = [function_call("exec_command", {"cmd": "true"}, call_id=name) for name in ("a", "b")]
    async with open_thread([answer(*calls)], randomness=Broken()) as seen:
        await seen.turn()
        assert "Group" not in seen.all(ErrorEvent)[0].message
        assert "ZeroDivisionError" in seen.all(ErrorEvent)[0].message


@pytest.mark.anyio
async def test_a_thread_that_breaks_ends_alone(open_thread: Opener) -> None:
    script = [
        answer(function_call("exec_command", {"cmd": "sleep 0.2; echo out", "yield_time_ms": 250})),
        answer(message("not shown")),
        answer(message("fine")),
    ]
    async with open_thread(script) as seen:

        def break_on_output(event: LoggedEvent) -> None:
            if isinstance(event.msg, ExecCommandOutputDeltaEvent):
                raise ZeroDivisionError

        options = ThreadOptions(model="gpt-5.2-codex", cwd=seen.thread.settings.cwd)
        other = Watched(seen.agent, await seen.agent.start_thread(options), seen.model)
        seen.thread.log.attach(break_on_output)
        await seen.start()
        await seen.until(ExecCommandBeginEvent)
        await until(lambda: seen.thread.id not in seen.agent.loaded_threads())
        assert len(seen.all(TaskCompleteEvent)) + len(seen.all(TurnAbortedEvent)) == 1
        await other.turn()
        assert len(other.all(TaskCompleteEvent)) == 1


@pytest.mark.anyio
async def test_a_host_gives_its_body_the_bare_error(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError):
        async with host_agent(cwd=tmp_path, home=tmp_path, environ={}) as host:
            await host.opened()
            raise ZeroDivisionError


@pytest.mark.anyio
async def test_a_host_that_is_never_asked_opens_nothing(tmp_path: Path) -> None:
    async with host_agent(cwd=tmp_path, home=tmp_path, environ={}) as host:
        await anyio.lowlevel.checkpoint()
        await host.aclose("over")
    assert not os.listdir(tmp_path)


@pytest.mark.anyio
async def test_an_agent_that_was_closed_takes_no_more_work(tmp_path: Path) -> None:
    async with open_agent(home=tmp_path, cwd=tmp_path, environ={}, model=ScriptedModel([])) as agent:
        await agent.start_thread(ThreadOptions(model="gpt-5.2-codex"))
        await agent.aclose("over")
        await agent.aclose("over")
        assert agent.loaded_threads() == ()
        with pytest.raises(AgentClosed):
            await agent.start_thread(ThreadOptions())
        with pytest.raises(AgentClosed):
            await agent.resume_thread("any", ThreadOptions(), path="any", history=None)


@pytest.mark.anyio
async def test_a_process_that_outlives_its_turn_ends_under_its_id_when_the_thread_closes(open_thread: Opener) -> None:
    start = function_call("exec_command", {"cmd": FIRST_PID, "login": False, "yield_time_ms": 250}, call_id="c")
    async with open_thread([answer(start), answer(message("ok"))]) as seen:
        turn_id = await seen.start()
        pid = await printed_pid(seen)
        await seen.until(TaskCompleteEvent)
        assert is_alive(pid)
        await seen.thread.aclose()
        assert not is_alive(pid)
        last = seen.events[-1]
        assert isinstance(last.msg, ExecCommandEndEvent)
        assert (last.turn_id, last.msg.turn_id, last.msg.exit_code) == (turn_id, turn_id, -1)
        assert seen.agent.loaded_threads() == ()
