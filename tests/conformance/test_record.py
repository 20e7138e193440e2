"""What reads back of records that others wrote."""

import pytest
from agent_protocol.projection.notice import Place, ProjectionState
from agent_protocol.projection.notification import fold, notifications
from agent_protocol.rollout.event import ErrorEvent, TaskCompleteEvent, TaskStartedEvent
from agent_protocol.v2.turn import TurnCompletedNotification, TurnStatus
from agent_protocol.wire import JsonValue
from record import event, exchange, stored_thread_id, write_record
from stage import Stage


def stored_turns(stage: Stage, number: int, lines: list[tuple[str, JsonValue]]) -> list[JsonValue]:
    thread_id = stored_thread_id(number)
    write_record(stage.home, thread_id, lines)
    return stage.server.read(thread_id)


@pytest.mark.requirement("stable-implicit-ids")
def test_turns_without_ids_keep_theirs_from_reading_to_reading(stage: Stage) -> None:
    first = stored_turns(stage, 1, [*exchange("one", "1"), *exchange("two", "2")])
    second = stage.server.read(stored_thread_id(1))
    assert [len(turn["items"]) for turn in first] == [2, 2]
    assert len({turn["id"] for turn in first}) == 2
    assert ([turn["id"] for turn in first] == [turn["id"] for turn in second]) is stage.is_ours


@pytest.mark.requirement("review-text-keeps-findings")
def test_a_stored_review_reads_back_with_its_findings(stage: Stage) -> None:
    finding = {
        "title": "Off by one",
        "body": "Count from zero.",
        "confidence_score": 0.9,
        "priority": 1,
        "code_location": {"absolute_file_path": "/p/a.py", "line_range": {"start": 3, "end": 4}},
    }
    output = {
        "findings": [finding],
        "overall_correctness": "incorrect",
        "overall_explanation": "It is nearly right.",
        "overall_confidence_score": 0.9,
    }
    lines = [
        event("entered_review_mode", target={"type": "uncommittedChanges"}, user_facing_hint="current changes"),
        event("exited_review_mode", review_output=output),
    ]
    (turn,) = stored_turns(stage, 2, lines)
    entered, exited = turn["items"]
    assert (entered["type"], entered["review"]) == ("enteredReviewMode", "current changes")
    assert exited["type"] == "exitedReviewMode"
    assert exited["review"].startswith("It is nearly right.")
    assert ("/p/a.py:3-4" in exited["review"]) is stage.is_ours


@pytest.mark.requirement("thread.turns-read-back")
def test_turns_are_rebuilt_from_what_is_recorded(stage: Stage) -> None:
    command = {
        "call_id": "c1",
        "turn_id": "t1",
        "command": ["ls", "a b"],
        "cwd": "/p",
        "parsed_cmd": [],
        "stdout": "",
        "stderr": "",
        "aggregated_output": "out",
        "exit_code": 0,
        "duration": {"secs": 1, "nanos": 500_000_000},
        "formatted_output": "",
        "status": "completed",
    }
    lines = [
        event("task_started", turn_id="t1", model_context_window=None),
        event("user_message", message="one", images=["data:,"], local_images=["/a.png"]),
        event("agent_reasoning", text="Look."),
        event("agent_reasoning", text="Think."),
        event("exec_command_end", **command),
        event("agent_message", message="1"),
        event("task_complete", turn_id="t1", last_agent_message="1"),
        event("task_started", turn_id="t2", model_context_window=None),
        event("user_message", message="two", images=[]),
        event("turn_aborted", turn_id="t2", reason="interrupted"),
        event("task_started", turn_id="t3", model_context_window=None),
        event("user_message", message="three", images=[]),
        event("error", message="broken", codex_error_info="server_overloaded"),
        event("task_complete", turn_id="t3", last_agent_message=None),
        event("task_started", turn_id="t4", model_context_window=None),
        event("user_message", message="four", images=[]),
        event("thread_rolled_back", num_turns=1),
        event("something_new", whatever=True),
        ("something_else", {"type": "new"}),
    ]
    first, second, third = stored_turns(stage, 3, lines)
    assert [turn["id"] for turn in (first, second, third)] == ["t1", "t2", "t3"]
    assert [turn["status"] for turn in (first, second, third)] == ["completed", "interrupted", "failed"]
    assert third["error"] == {
        "message": "broken",
        "codexErrorInfo": "serverOverloaded",
        "additionalDetails": None,
    }
    user, reasoning, ran, said = first["items"]
    assert [part["type"] for part in user["content"]] == ["text", "image", "localImage"]
    assert (reasoning["id"], reasoning["summary"]) == ("item-2", ["Look.", "Think."])
    assert (ran["id"], ran["command"], ran["durationMs"]) == ("c1", "ls 'a b'", 1500)
    assert (said["id"], said["text"]) == ("item-3", "1")
    assert [item["id"] for item in second["items"]] == ["item-4"]


@pytest.mark.requirement("errors-stay-in-their-turn")
def test_an_error_outside_of_turns_does_not_fail_the_next_one() -> None:
    state, place = ProjectionState(), Place("thread", "turn", 0)
    state = fold(state, ErrorEvent(message="elsewhere", codex_error_info="other"), "elsewhere")
    state = fold(state, TaskStartedEvent(turn_id="turn"), "turn")
    ((_, params),) = notifications(TaskCompleteEvent(turn_id="turn"), place, state)
    assert isinstance(params, TurnCompletedNotification)
    assert (params.turn.status, params.turn.error) == (TurnStatus.COMPLETED, None)
