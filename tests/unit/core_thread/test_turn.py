import json
from pathlib import Path

import anyio
import pytest
from agent_core.errors import EphemeralThread, NotMaterialised, TurnNotActive
from agent_core.face import ThreadOptions, TurnOverrides
from agent_core.testing.answer import answer, custom_call, failed, function_call, message, reasoning
from agent_protocol.rollout.event import (
    ErrorEvent,
    ExecApprovalRequestEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    PatchApplyEndEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TurnAbortedEvent,
    TurnDiffEvent,
)
from agent_protocol.rollout.response_item import (
    CustomToolCallOutputItem,
    FunctionCallOutputItem,
    MessageItem,
    ResponseItem,
)
from agent_protocol.v2.common import AskForApproval
from agent_protocol.v2.turn import TurnStatus
from thread_harness import Opener

PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"


def outputs(items: list[ResponseItem]) -> list[str]:
    found = [item for item in items if isinstance(item, FunctionCallOutputItem | CustomToolCallOutputItem)]
    return [item.output if isinstance(item.output, str) else "" for item in found]


def rollout(path: Path | None) -> list[dict[str, object]]:
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


@pytest.mark.anyio
async def test_a_plain_turn_shows_its_events_in_order(open_thread: Opener) -> None:
    async with open_thread([answer(reasoning("Think."), message("Done.", deltas=["Do", "ne."]))]) as seen:
        await seen.turn("hello")
        assert seen.kinds() == [
            "TaskStarted",
            "ItemStarted",
            "ItemCompleted",
            "TokenCount",
            "ItemStarted",
            "AgentReasoningSectionBreak",
            "ReasoningContentDelta",
            "ItemCompleted",
            "ItemStarted",
            "AgentMessageContentDelta",
            "AgentMessageContentDelta",
            "ItemCompleted",
            "TokenCount",
            "TaskComplete",
        ]
        assert seen.all(TaskCompleteEvent)[0].last_agent_message == "Done."


@pytest.mark.anyio
async def test_the_record_appears_with_the_first_message_and_reads_back_the_turn(open_thread: Opener) -> None:
    async with open_thread([answer(message("Done."))]) as seen:
        path = seen.thread.path
        assert path is not None
        assert not path.exists()
        with pytest.raises(NotMaterialised):
            await seen.thread.view(include_turns=True)
        await seen.turn("hello")
        kinds = [(line["type"], line["payload"].get("type")) for line in rollout(path)]  # type: ignore[attr-defined]
        assert kinds == [
            ("session_meta", None),
            ("response_item", "message"),
            ("response_item", "message"),
            ("event_msg", "task_started"),
            ("response_item", "message"),
            ("event_msg", "user_message"),
            ("turn_context", None),
            ("event_msg", "token_count"),
            ("event_msg", "agent_message"),
            ("response_item", "message"),
            ("event_msg", "token_count"),
            ("event_msg", "task_complete"),
        ]
        view = await seen.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.COMPLETED]
        assert view.preview == "hello"


@pytest.mark.anyio
async def test_a_command_runs_and_its_output_reaches_model_and_watchers(open_thread: Opener) -> None:
    script = [answer(function_call("exec_command", {"cmd": "echo out; echo err >&2"})), answer(message("ok"))]
    async with open_thread(script) as seen:
        await seen.turn()
        end = seen.all(ExecCommandEndEvent)[0]
        assert (end.exit_code, end.status) == (0, "completed")
        assert sorted(end.aggregated_output.split()) == ["err", "out"]
        text = outputs(list(seen.model.requests[1].input))[0]
        assert "Process exited with code 0" in text
        assert "out" in text


@pytest.mark.anyio
async def test_a_freeform_patch_lands_and_shows_a_diff(open_thread: Opener) -> None:
    async with open_thread([answer(custom_call("apply_patch", PATCH)), answer(message("ok"))]) as seen:
        await seen.turn()
        cwd = Path(seen.thread.settings.cwd)
        assert (cwd / "new.txt").read_text() == "hello\n"
        assert seen.all(PatchApplyEndEvent)[0].success
        assert "+hello" in seen.all(TurnDiffEvent)[0].unified_diff
        assert "Success. Updated the following files:\nA new.txt" in outputs(list(seen.model.requests[1].input))[0]


@pytest.mark.anyio
async def test_a_patch_in_a_heredoc_is_taken_as_a_patch(open_thread: Opener) -> None:
    command = f"apply_patch <<'EOF'\n{PATCH}\nEOF\n"
    async with open_thread([answer(function_call("exec_command", {"cmd": command})), answer(message("ok"))]) as seen:
        await seen.turn()
        assert (Path(seen.thread.settings.cwd) / "new.txt").exists()
        assert not seen.all(ExecCommandBeginEvent)


@pytest.mark.anyio
async def test_unknown_tools_and_broken_arguments_are_told_to_the_model(open_thread: Opener) -> None:
    calls = answer(
        function_call("no_such_tool", {}),
        custom_call("no_such_custom", ""),
        function_call("exec_command", "{"),
        function_call("exec_command", {"cmd": 1}),
    )
    async with open_thread([calls, answer(message("ok"))]) as seen:
        await seen.turn()
        texts = outputs(list(seen.model.requests[1].input))
        assert texts[0] == "unsupported call: no_such_tool"
        assert texts[1] == "unsupported custom tool call: no_such_custom"
        assert texts[2].startswith("failed to parse function arguments: ")
        assert texts[3].startswith("failed to parse function arguments: ")


@pytest.mark.anyio
async def test_outputs_are_recorded_in_the_order_of_the_calls(open_thread: Opener) -> None:
    calls = answer(
        function_call("exec_command", {"cmd": "sleep 0.3; echo slow"}),
        function_call("exec_command", {"cmd": "echo quick"}),
    )
    async with open_thread([calls, answer(message("ok"))]) as seen:
        await seen.turn()
        texts = outputs(list(seen.model.requests[1].input))
        assert ["slow" in texts[0], "quick" in texts[1]] == [True, True]


@pytest.mark.anyio
async def test_an_interrupt_kills_the_command_and_marks_the_history(open_thread: Opener) -> None:
    script = [answer(function_call("exec_command", {"cmd": "sleep 60"})), answer(message("later"))]
    async with open_thread(script) as seen:
        turn_id = await seen.start()
        await seen.until(ExecCommandBeginEvent)
        order: list[str] = []
        await seen.thread.interrupt(turn_id, lambda: order.append("announced"))
        assert order == ["announced"]
        assert seen.all(TurnAbortedEvent)[0].reason == "interrupted"
        assert seen.all(ExecCommandEndEvent)[0].exit_code == -1
        assert seen.kinds()[-1] == "TurnAborted"
        await seen.turn("again")
        items = list(seen.model.requests[1].input)
        assert outputs(items)[0].startswith("aborted by user after ")
        assert any("<turn_aborted>" in str(item) for item in items)
        view = await seen.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.INTERRUPTED, TurnStatus.COMPLETED]


@pytest.mark.anyio
async def test_an_interrupt_without_a_turn_is_an_error(open_thread: Opener) -> None:
    async with open_thread([]) as seen:
        with pytest.raises(TurnNotActive):
            await seen.thread.interrupt("x", lambda: None)


@pytest.mark.anyio
async def test_a_model_error_fails_the_turn_and_the_thread_goes_on(open_thread: Opener) -> None:
    script = [[failed("insufficient_quota", "no more")], answer(message("fine again"))]
    async with open_thread(script) as seen:
        await seen.turn()
        assert seen.all(ErrorEvent)[0].codex_error_info == "usage_limit_exceeded"
        await seen.turn()
        view = await seen.thread.view(include_turns=True)
        assert [turn.status for turn in view.turns] == [TurnStatus.FAILED, TurnStatus.COMPLETED]


@pytest.mark.anyio
async def test_a_stream_that_breaks_off_is_tried_again(open_thread: Opener) -> None:
    async with open_thread([answer(message("half"))[:-1], answer(message("whole"))]) as seen:
        await seen.turn()
        assert seen.all(StreamErrorEvent)[0].message == "Reconnecting... 1/5"
        assert not seen.all(ErrorEvent)
        assert seen.all(TaskCompleteEvent)[0].last_agent_message == "whole"


@pytest.mark.anyio
async def test_a_declined_command_is_told_to_the_model_and_the_turn_goes_on(open_thread: Opener) -> None:
    script = [answer(function_call("exec_command", {"cmd": "touch a"})), answer(message("ok"))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        question = await seen.until(ExecApprovalRequestEvent)
        assert seen.thread.answer(question.call_id, "denied")
        await seen.until(TaskCompleteEvent)
        assert not (Path(seen.thread.settings.cwd) / "a").exists()
        assert "rejected by user" in outputs(list(seen.model.requests[1].input))[0]
        assert not seen.thread.answer(question.call_id, "approved")


@pytest.mark.anyio
async def test_an_approval_for_the_session_is_not_asked_again(open_thread: Opener) -> None:
    call = answer(function_call("exec_command", {"cmd": "touch a"}))
    async with open_thread([call, call, answer(message("ok"))], approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        question = await seen.until(ExecApprovalRequestEvent)
        seen.thread.answer(question.call_id, "approved_for_session")
        await seen.until(TaskCompleteEvent)
        assert len(seen.all(ExecApprovalRequestEvent)) == 1
        assert len(seen.all(ExecCommandEndEvent)) == 2


@pytest.mark.anyio
async def test_the_answer_abort_interrupts_the_turn(open_thread: Opener) -> None:
    script = [answer(function_call("exec_command", {"cmd": "touch a"}))]
    async with open_thread(script, approval=AskForApproval.UNTRUSTED) as seen:
        await seen.start()
        question = await seen.until(ExecApprovalRequestEvent)
        seen.thread.answer(question.call_id, "abort")
        await seen.until(TurnAbortedEvent)
        assert len(seen.model.requests) == 1


@pytest.mark.anyio
async def test_input_for_a_busy_thread_joins_the_running_turn(open_thread: Opener) -> None:
    hold = anyio.Event()
    script = [[*answer(message("one"))[:-1], hold, answer()[-1]], answer(message("two"))]
    async with open_thread(script) as seen:
        first = await seen.start("first")
        while "AgentMessageContentDelta" not in seen.kinds():
            await anyio.lowlevel.checkpoint()
        assert await seen.start("second") == first
        hold.set()
        await seen.until(TaskCompleteEvent)
        texts = [str(item) for item in seen.model.requests[1].input if isinstance(item, MessageItem)]
        assert any("second" in text for text in texts)


@pytest.mark.anyio
async def test_settings_of_a_turn_stay_and_are_told_to_the_model(open_thread: Opener) -> None:
    async with open_thread([answer(message("a")), answer(message("b")), answer(message("c"))]) as seen:
        await seen.turn()
        await seen.turn(overrides=TurnOverrides(approval_policy=AskForApproval.ON_REQUEST, model="gpt-5.2"))
        await seen.turn()
        assert [request.model for request in seen.model.requests] == ["gpt-5.2-codex", "gpt-5.2", "gpt-5.2"]
        developer = [
            item for item in seen.model.requests[2].input if isinstance(item, MessageItem) and item.role == "developer"
        ]
        assert sum("<permissions instructions>" in str(item) for item in developer) == 2
        assert sum("<model_switch>" in str(item) for item in developer) == 1


@pytest.mark.anyio
async def test_a_resumed_thread_sends_the_whole_history(open_thread: Opener) -> None:
    async with open_thread([answer(message("first answer"))]) as seen:
        await seen.turn("first question")
        thread_id = seen.thread.id
    async with open_thread([answer(message("second answer"))], resume=thread_id) as seen:
        await seen.turn("second question")
        texts = [str(item) for item in seen.model.requests[0].input]
        assert any("first question" in text for text in texts)
        assert any("first answer" in text for text in texts)
        view = await seen.thread.view(include_turns=True)
        assert len(view.turns) == 2


@pytest.mark.anyio
async def test_an_ephemeral_thread_leaves_nothing_behind(open_thread: Opener, tmp_path: Path) -> None:
    options = ThreadOptions(model="gpt-5.2-codex", ephemeral=True, cwd=str(tmp_path / "work"))
    async with open_thread([answer(message("ok"))], options=options) as seen:
        await seen.turn()
        assert seen.thread.path is None
        with pytest.raises(EphemeralThread):
            await seen.thread.view(include_turns=True)
    assert not (tmp_path / "home" / "sessions").exists()


@pytest.mark.anyio
async def test_closing_the_agent_records_the_running_turn_as_interrupted(open_thread: Opener) -> None:
    async with open_thread([answer(function_call("exec_command", {"cmd": "sleep 60"}))]) as seen:
        await seen.start()
        await seen.until(ExecCommandBeginEvent)
        path = seen.thread.path
    assert rollout(path)[-1]["payload"]["type"] == "turn_aborted"  # type: ignore[index]


@pytest.mark.anyio
async def test_no_input_changes_settings_and_ends_at_once(open_thread: Opener) -> None:
    async with open_thread([]) as seen:
        await seen.thread.start_turn([], TurnOverrides(model="gpt-5.2"), lambda _: None)
        await seen.until(TaskCompleteEvent)
        assert seen.thread.settings.model == "gpt-5.2"
        assert not seen.model.requests
