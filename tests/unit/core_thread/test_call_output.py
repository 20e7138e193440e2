from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from agent_core.face import TurnOverrides
from agent_core.model.errors import StreamDisconnected
from agent_core.model.request import ModelRequest
from agent_core.testing.answer import WireEvent, answer, failed, function_call, message
from agent_core.testing.model import Part
from agent_protocol.rollout.event import (
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TurnAbortedEvent,
)
from agent_protocol.rollout.response_item import FunctionCallItem, FunctionCallOutputItem, MessageItem, ResponseItem
from agent_protocol.v2.user_input import TextUserInput
from thread_harness import Opener, until, write

CUT = StreamDisconnected(url="scripted", reason="cut")


def outputs(request: ModelRequest) -> list[tuple[str, str]]:
    found = [item for item in request.input if isinstance(item, FunctionCallOutputItem)]
    return [(item.call_id, item.output if isinstance(item.output, str) else "") for item in found]


def shape(items: Sequence[ResponseItem]) -> list[str]:
    """Calls, outputs and what the user said, in order."""
    names = []
    for item in items:
        match item:
            case FunctionCallItem():
                names.append(f"call {item.call_id}")
            case FunctionCallOutputItem():
                names.append(f"output {item.call_id}")
            case MessageItem(role="user") if "<environment_context>" not in str(item):
                names.append("user")
            case _:
                pass
    return names


def run(name: str, command: str) -> list[WireEvent]:
    return function_call("exec_command", {"cmd": command, "login": False}, call_id=name)


@pytest.mark.anyio
async def test_a_stream_that_is_cut_keeps_the_outputs_there_are_and_stops_the_calls_that_run(
    open_thread: Opener,
) -> None:
    hold = anyio.Event()
    first: list[Part] = [
        *run("done", "echo one"),
        *run("running", "echo up; sleep 60"),
        hold,
        CUT,
    ]
    async with open_thread([first, answer(message("ok"))]) as seen:
        await seen.start()
        await seen.until(ExecCommandEndEvent)
        await until(lambda: b"up\n" in [event.chunk for event in seen.all(ExecCommandOutputDeltaEvent)])
        hold.set()
        await seen.until(TaskCompleteEvent)
        given = dict(outputs(seen.model.requests[1]))
        assert given.keys() == {"done", "running"}
        assert "one" in given["done"]
        assert given["running"] == "aborted"
        assert {event.call_id: event.exit_code for event in seen.all(ExecCommandEndEvent)} == {"done": 0, "running": -1}
        assert len(seen.all(StreamErrorEvent)) == 1


@pytest.mark.anyio
async def test_a_failed_turn_keeps_the_outputs_there_are(open_thread: Opener) -> None:
    hold = anyio.Event()
    first: list[Part] = [*run("done", "echo one"), hold, failed("insufficient_quota")]
    async with open_thread([first, answer(message("ok"))]) as seen:
        await seen.start()
        await seen.until(ExecCommandEndEvent)
        await anyio.wait_all_tasks_blocked()
        hold.set()
        await seen.until(TaskCompleteEvent)
        await seen.turn("next")
        (only,) = outputs(seen.model.requests[1])
        assert "one" in only[1]


@pytest.mark.anyio
async def test_an_interrupt_keeps_the_outputs_there_are_in_the_order_of_the_calls(open_thread: Opener) -> None:
    calls = answer(run("slow", "echo up; sleep 60"), run("quick", "echo two"))
    async with open_thread([calls, answer(message("ok"))]) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandEndEvent)
        await until(lambda: len(seen.all(ExecCommandOutputDeltaEvent)) >= 2)
        await seen.thread.interrupt(turn_id, lambda: None)
        await seen.turn("next")
        assert [name for name, _ in outputs(seen.model.requests[1])] == ["slow", "quick"]
        given = dict(outputs(seen.model.requests[1]))
        assert "aborted by user" in given["slow"]
        assert "two" in given["quick"]


@pytest.mark.anyio
async def test_what_tools_say_comes_around_the_outputs_in_order(open_thread: Opener) -> None:
    patch = "apply_patch <<'EOF'\n*** Begin Patch\n*** Add File: a\n+x\n*** End Patch\nEOF\n"
    calls = answer(
        function_call("view_image", {"path": "picture.png"}, call_id="look"),
        function_call("exec_command", {"cmd": patch}, call_id="patch"),
        run("last", "echo one"),
    )
    async with open_thread([calls, answer(message("ok"))]) as seen:
        write(Path(seen.thread.settings.cwd, "picture.png"), "")
        await seen.turn()
        assert shape(seen.model.requests[1].input) == [
            "user",
            "call look",
            "call patch",
            "call last",
            "output look",
            "user",
            "output patch",
            "output last",
            "user",
        ]
        warning = [item for item in seen.model.requests[1].input if isinstance(item, MessageItem)][-2]
        assert "Warning: " in str(warning)


@pytest.mark.anyio
async def test_calls_that_share_an_id_each_get_an_output(open_thread: Opener) -> None:
    calls = answer(run("same", "echo one"), run("same", "echo two"))
    async with open_thread([calls, answer(message("ok"))]) as seen:
        await seen.turn()
        texts = [text for _, text in outputs(seen.model.requests[1])]
        assert ["one" in texts[0], "two" in texts[1]] == [True, True]


@pytest.mark.anyio
async def test_input_during_the_wait_before_another_attempt_is_answered(open_thread: Opener) -> None:
    async with open_thread([[CUT], answer(message("one")), answer(message("two"))]) as seen:
        await seen.start("first")
        await seen.until(StreamErrorEvent)
        await seen.thread.start_turn([TextUserInput(text="second")], TurnOverrides(), lambda _: None)
        await seen.until(TaskCompleteEvent)
        assert "second" in str(seen.model.requests[-1].input)
        assert not seen.all(TurnAbortedEvent)
