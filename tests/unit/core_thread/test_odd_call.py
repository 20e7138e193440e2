import os

import pytest
from agent_core.model.request import ModelRequest
from agent_core.testing.answer import WireEvent, answer, custom_call, function_call, message
from agent_core.testing.model import Answer
from agent_protocol.rollout.event import ErrorEvent, ExecCommandEndEvent, PatchApplyEndEvent, TaskCompleteEvent
from agent_protocol.rollout.response_item import CustomToolCallOutputItem, FunctionCallOutputItem
from agent_protocol.v2.turn import TurnStatus
from thread_harness import Opener

PATCH = "*** Begin Patch\n*** Add File: {}\n+hi\n*** End Patch"


def last_output(request: ModelRequest) -> str:
    outputs = [item for item in request.input if isinstance(item, FunctionCallOutputItem | CustomToolCallOutputItem)]
    return str(outputs[-1].output)


@pytest.mark.anyio
@pytest.mark.parametrize(
    "call",
    [
        function_call("exec_command", {"cmd": "echo a\0b"}),
        function_call("exec_command", {"cmd": "true", "workdir": "a\0b"}),
        function_call("exec_command", {"cmd": "true", "workdir": "/no/such/folder"}),
        function_call("exec_command", {"cmd": "echo " + "a" * 3_000_000}),
        function_call("exec_command", {"cmd": "true", "yield_time_ms": -5, "max_output_tokens": -3}),
        function_call("exec_command", {"cmd": "true", "yield_time_ms": 1e300, "max_output_tokens": 1e300}),
        function_call("exec_command", '{"cmd": "true", "yield_time_ms": 1e999}'),
        function_call("exec_command", {"cmd": "true", "sandbox_permissions": "anything"}),
        function_call("exec_command", {"cmd": "true", "sandbox_permissions": "require_escalated"}),
        function_call("shell_command", {"command": "true", "timeout_ms": -5}),
        function_call("shell_command", {"command": "true", "timeout_ms": 1e300}),
        function_call("shell", {"command": []}),
        function_call("shell", {"command": ["a\0b"]}),
        function_call("shell", {"command": ["no-such-program-xyz"]}),
        function_call("write_stdin", {"session_id": 1e300, "chars": "x"}),
        function_call("write_stdin", {"session_id": -1}),
        function_call("view_image", {"path": "a\0b"}),
        function_call("view_image", {"path": "."}),
        function_call("update_plan", {"plan": [], "more": 1}),
        function_call("update_plan", "[" * 100_000),
        function_call("", ""),
        custom_call("apply_patch", ""),
        custom_call("apply_patch", PATCH.format("a\0b")),
        custom_call("apply_patch", PATCH.format("/proc/nothing/here")),
    ],
)
async def test_a_call_that_makes_no_sense_is_the_models_affair(open_thread: Opener, call: list[WireEvent]) -> None:
    async with open_thread([answer(call), answer(message("ok"))]) as seen:
        await seen.turn()
        assert not seen.all(ErrorEvent)
        assert seen.all(TaskCompleteEvent)[0].last_agent_message == "ok"
        assert last_output(seen.model.requests[1])


@pytest.mark.anyio
async def test_a_tool_called_in_a_form_it_does_not_have_fails_the_turn(open_thread: Opener) -> None:
    async with open_thread([answer(custom_call("update_plan", "x")), answer(message("ok"))]) as seen:
        await seen.turn()
        await seen.turn("next")
        statuses = [turn.status for turn in (await seen.thread.view(include_turns=True)).turns]
        assert statuses == [TurnStatus.FAILED, TurnStatus.COMPLETED]


@pytest.mark.anyio
async def test_a_patch_through_a_link_to_a_name_that_is_not_text_is_shown(open_thread: Opener) -> None:
    script = [answer(custom_call("apply_patch", PATCH.format("link/new"))), answer(message("ok"))]
    async with open_thread(script) as seen:
        cwd = os.fsencode(seen.thread.settings.cwd)
        os.mkdir(cwd + b"/\xff")
        os.symlink(b"\xff", cwd + b"/link")
        await seen.turn()
        assert seen.all(PatchApplyEndEvent)[0].success
        assert not seen.all(ErrorEvent)


@pytest.mark.anyio
async def test_writing_to_a_process_that_does_not_read_comes_to_an_end(open_thread: Opener) -> None:
    def write(request: ModelRequest) -> Answer:
        session = int(last_output(request).split("session ID ")[1].split()[0])
        return answer(function_call("write_stdin", {"session_id": session, "chars": "line\n" * 200_000}))

    start = function_call("exec_command", {"cmd": "sleep 60", "login": False, "tty": True, "yield_time_ms": 250})
    async with open_thread([answer(start), write, answer(message("ok"))]) as seen:
        await seen.turn()
        assert last_output(seen.model.requests[2]).startswith("write_stdin failed: ")
        assert not seen.all(ExecCommandEndEvent)
