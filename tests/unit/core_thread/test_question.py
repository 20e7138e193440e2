import os
from pathlib import Path

import anyio
import pytest
from agent_core.model.errors import StreamDisconnected
from agent_core.testing.answer import WireEvent, answer, custom_call, function_call, message
from agent_core.testing.model import Part
from agent_protocol.rollout.event import (
    ApplyPatchApprovalRequestEvent,
    ExecApprovalRequestEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    PatchApplyEndEvent,
    TaskCompleteEvent,
    TurnAbortedEvent,
)
from agent_protocol.rollout.response_item import FunctionCallOutputItem
from agent_protocol.v2.common import AskForApproval, SandboxMode
from agent_protocol.v2.thread import ActiveThreadStatus, IdleThreadStatus
from agent_protocol.wire import JsonValue
from thread_harness import Opener, Watched, read, write


def run(command: str, call_id: str | None = None) -> list[WireEvent]:
    return function_call("exec_command", {"cmd": command, "login": False}, call_id=call_id)


def of_call(seen: Watched, call_id: str) -> list[str]:
    told = []
    for event in seen.events:
        match event.msg:
            case ExecCommandBeginEvent(call_id=found) if found == call_id:
                told.append("began")
            case ExecApprovalRequestEvent(call_id=found) if found == call_id:
                told.append("asked")
            case ExecCommandEndEvent(call_id=found) if found == call_id:
                told.append("ended")
            case _:
                pass
    return told


def files(seen: Watched) -> list[str]:
    return sorted(os.listdir(seen.thread.settings.cwd))


@pytest.mark.anyio
async def test_two_questions_are_open_at_once_and_each_answer_reaches_its_own(open_thread: Opener) -> None:
    calls = answer(run("touch a", "a"), run("touch b", "b"))
    async with open_thread([calls, answer(message("ok"))], approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        await seen.until(ExecApprovalRequestEvent, 2)
        assert isinstance(seen.thread.status, ActiveThreadStatus)
        assert len(seen.thread.status.active_flags) == 1
        seen.thread.answer("b", "approved")
        seen.thread.answer("a", "denied")
        await seen.until(TaskCompleteEvent)
        assert files(seen) == ["b"]
        assert isinstance(seen.thread.status, IdleThreadStatus)


@pytest.mark.anyio
async def test_calls_that_share_an_id_ask_one_after_the_other(open_thread: Opener) -> None:
    calls = answer(run("touch a", "same"), run("touch b", "same"))
    async with open_thread([calls, answer(message("ok"))], approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        await anyio.wait_all_tasks_blocked()
        assert len(seen.all(ExecApprovalRequestEvent)) == 1
        seen.thread.answer("same", "denied")
        await seen.until(ExecApprovalRequestEvent, 2)
        seen.thread.answer("same", "approved")
        await seen.until(TaskCompleteEvent)
        refused, allowed = seen.all(ExecApprovalRequestEvent)
        assert refused.command[-1] != allowed.command[-1]
        assert files(seen) == [allowed.command[-1][-1]]


@pytest.mark.anyio
async def test_what_is_remembered_is_one_command_in_one_directory(open_thread: Opener) -> None:
    elsewhere = function_call("exec_command", {"cmd": "touch a", "login": False, "workdir": "below"})
    calls = [run("touch a"), run("touch a"), run("touch b"), elsewhere]
    script = [*(answer(call) for call in calls), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        os.mkdir(Path(seen.thread.settings.cwd, "below"))
        await seen.start()
        for number in range(1, 4):
            question = await seen.until(ExecApprovalRequestEvent, number)
            seen.thread.answer(question.call_id, "approved_for_session")
        await seen.until(TaskCompleteEvent)
        assert len(seen.all(ExecApprovalRequestEvent)) == 3
        assert len(seen.all(ExecCommandEndEvent)) == 4


@pytest.mark.anyio
async def test_an_approval_given_once_is_not_remembered(open_thread: Opener) -> None:
    script = [answer(run("touch a")), answer(run("touch a")), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        for number in (1, 2):
            question = await seen.until(ExecApprovalRequestEvent, number)
            seen.thread.answer(question.call_id, "approved")
        await seen.until(TaskCompleteEvent)


@pytest.mark.anyio
async def test_a_patch_is_remembered_by_each_of_its_files(open_thread: Opener) -> None:
    def patch(*names: str) -> list[WireEvent]:
        adds = "".join(f"*** Add File: {name}\n+x\n" for name in names)
        return custom_call("apply_patch", f"*** Begin Patch\n{adds}*** End Patch")

    script = [answer(patch("a", "b")), answer(patch("b")), answer(patch("b", "c")), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        for number in (1, 2):
            question = await seen.until(ApplyPatchApprovalRequestEvent, number)
            seen.thread.answer(question.call_id, "approved_for_session")
        await seen.until(TaskCompleteEvent)
        assert [event.success for event in seen.all(PatchApplyEndEvent)] == [True, True, True]
        assert len(seen.all(ApplyPatchApprovalRequestEvent)) == 2


@pytest.mark.anyio
async def test_the_answer_abort_to_a_patch_interrupts_the_turn_and_touches_nothing(open_thread: Opener) -> None:
    patch = "*** Begin Patch\n*** Add File: a\n+x\n*** End Patch"
    script = [answer(custom_call("apply_patch", patch))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        question = await seen.until(ApplyPatchApprovalRequestEvent)
        seen.thread.answer(question.call_id, "abort")
        await seen.until(TurnAbortedEvent)
        assert files(seen) == []


@pytest.mark.anyio
async def test_a_question_of_an_answer_that_was_cut_is_gone(open_thread: Opener) -> None:
    hold = anyio.Event()
    cut = StreamDisconnected(url="scripted", reason="cut")
    first: list[Part] = [*run("touch a", "a"), hold, cut]
    async with open_thread([first, answer(message("ok"))], approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        hold.set()
        await seen.until(TaskCompleteEvent)
        assert not seen.thread.answer("a", "approved")
        assert files(seen) == []


@pytest.mark.anyio
async def test_patches_side_by_side_do_not_undo_each_other(open_thread: Opener) -> None:
    def patched(number: int) -> list[WireEvent]:
        body = f"*** Begin Patch\n*** Update File: a\n@@\n-line {number}\n+LINE {number}\n*** End Patch"
        return run(f"apply_patch <<'EOF'\n{body}\nEOF\n", f"call{number}")

    async with open_thread([answer(*(patched(number) for number in range(8))), answer(message("ok"))]) as seen:
        write(Path(seen.thread.settings.cwd, "a"), "".join(f"line {number}\n" for number in range(8)))
        await seen.turn()
        assert read(Path(seen.thread.settings.cwd, "a")) == "".join(f"LINE {number}\n" for number in range(8))


@pytest.mark.usefixtures("confinement")
@pytest.mark.anyio
@pytest.mark.parametrize("tool", ["exec_command", "shell_command"])
async def test_a_denied_command_that_runs_again_begins_once_and_ends_once(
    open_thread: Opener, tmp_path: Path, tool: str
) -> None:
    command = f"echo tried; touch {tmp_path}/outside && echo $CODEX_SANDBOX_NETWORK_DISABLED."
    arguments: dict[str, JsonValue] = {"cmd": command, "command": command, "login": False}
    script = [answer(function_call(tool, arguments, call_id="c")), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.ON_FAILURE, sandbox=SandboxMode.READ_ONLY) as seen:
        await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        assert not seen.all(ExecCommandEndEvent)
        seen.thread.answer("c", "approved")
        await seen.until(TaskCompleteEvent)
        assert of_call(seen, "c") == ["began", "asked", "ended"]
        end = seen.all(ExecCommandEndEvent)[0]
        assert (end.status, end.exit_code, end.aggregated_output) == ("completed", 0, "tried\n.\n")
        assert end.process_id == seen.all(ExecCommandBeginEvent)[0].process_id
        assert (tmp_path / "outside").exists()
        deltas = b"".join(event.chunk for event in seen.all(ExecCommandOutputDeltaEvent))
        assert deltas.count(b"tried") == 2


@pytest.mark.usefixtures("confinement")
@pytest.mark.anyio
@pytest.mark.parametrize("tool", ["exec_command", "shell_command"])
async def test_a_denied_command_that_may_not_run_again_ends_as_declined(
    open_thread: Opener, tmp_path: Path, tool: str
) -> None:
    command = f"touch {tmp_path}/outside"
    arguments: dict[str, JsonValue] = {"cmd": command, "command": command, "login": False}
    script = [answer(function_call(tool, arguments, call_id="c")), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.ON_FAILURE, sandbox=SandboxMode.READ_ONLY) as seen:
        await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        seen.thread.answer("c", "denied")
        await seen.until(TaskCompleteEvent)
        assert of_call(seen, "c") == ["began", "asked", "ended"]
        end = seen.all(ExecCommandEndEvent)[0]
        assert (end.status, end.exit_code) == ("declined", -1)
        output = next(item for item in seen.model.requests[1].input if isinstance(item, FunctionCallOutputItem))
        assert "rejected by user" in str(output.output)


@pytest.mark.usefixtures("confinement")
@pytest.mark.anyio
async def test_an_interrupt_at_the_second_question_shows_how_the_first_attempt_ended(
    open_thread: Opener, tmp_path: Path
) -> None:
    script = [answer(run(f"touch {tmp_path}/outside", "c"))]
    async with open_thread(script, approval=AskForApproval.ON_FAILURE, sandbox=SandboxMode.READ_ONLY) as seen:
        turn_id = await seen.start()
        await seen.until(ExecApprovalRequestEvent)
        await seen.thread.interrupt(turn_id, lambda: None)
        assert of_call(seen, "c") == ["began", "asked", "ended"]
        assert seen.all(ExecCommandEndEvent)[0].status == "failed"


@pytest.mark.usefixtures("confinement")
@pytest.mark.anyio
@pytest.mark.parametrize("escalate", [True, False])
async def test_an_escalated_command_runs_outside_with_the_variables_of_an_open_network(
    open_thread: Opener, tmp_path: Path, escalate: bool
) -> None:
    arguments: dict[str, JsonValue] = {
        "cmd": f"echo net=$CODEX_SANDBOX_NETWORK_DISABLED.; touch {tmp_path}/x",
        "login": False,
    }
    if escalate:
        arguments |= {"sandbox_permissions": "require_escalated", "justification": "May I?"}
    script = [answer(function_call("exec_command", arguments)), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.ON_REQUEST, sandbox=SandboxMode.READ_ONLY) as seen:
        await seen.start()
        if escalate:
            question = await seen.until(ExecApprovalRequestEvent)
            assert question.reason == "May I?"
            seen.thread.answer(question.call_id, "approved")
        await seen.until(TaskCompleteEvent)
        first = seen.all(ExecCommandEndEvent)[0].aggregated_output.splitlines()[0]
        assert first == ("net=." if escalate else "net=1.")
        assert (tmp_path / "x").exists() == escalate
