import json
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest
from agent_cli.render.event import Event, encode
from agent_cli.render.jsonl import State, step
from agent_protocol.registry import notification
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

THREAD = {"threadId": "t", "turnId": "u"}
TURN: dict[str, JsonValue] = {"id": "u", "items": [], "status": "inProgress", "error": None}


def wire(method: str, **params: JsonValue) -> object:
    found = notification(method)
    assert found is not None
    return msgspec.convert(params, found.params)


def item(phase: str, **members: JsonValue) -> object:
    return wire(f"item/{phase}", item=members, **THREAD)


def command(phase: str, **members: JsonValue) -> object:
    base = {"type": "commandExecution", "id": "c1", "command": "sh -c true", "cwd": "/w", "commandActions": []}
    return item(phase, **{**base, "status": "inProgress" if phase == "started" else "completed", **members})


def usage(total_input: int, cached: int, output: int) -> object:
    counts = {
        "totalTokens": total_input + output,
        "inputTokens": total_input,
        "cachedInputTokens": cached,
        "outputTokens": output,
        "reasoningOutputTokens": 0,
    }
    nothing = dict.fromkeys(counts, 0)
    return wire("thread/tokenUsage/updated", tokenUsage={"total": counts, "last": nothing}, **THREAD)


def plan(*steps: tuple[str, str]) -> object:
    return wire("turn/plan/updated", plan=[{"step": text, "status": status} for text, status in steps], **THREAD)


def ended(status: str, error: dict[str, JsonValue] | None = None) -> object:
    return wire("turn/completed", threadId="t", turn={**TURN, "status": status, "error": error})


def rendered(*notifications: object) -> list[dict[str, JsonValue]]:
    state = State()
    lines: list[dict[str, JsonValue]] = []
    for each in notifications:
        state, events = step(state, each)
        lines += [json.loads(encode(event)) for event in events]
    return lines


def test_a_plain_turn_gives_its_message_and_the_usage_of_the_whole_thread() -> None:
    assert rendered(
        wire("turn/started", threadId="t", turn=TURN),
        item("started", type="userMessage", id="m0", content=[]),
        item("completed", type="userMessage", id="m0", content=[]),
        item("started", type="agentMessage", id="m1", text=""),
        wire("item/agentMessage/delta", itemId="m1", delta="hi", **THREAD),
        item("completed", type="agentMessage", id="m1", text="hi"),
        usage(100, 40, 20),
        ended("completed"),
    ) == [
        {"type": "turn.started"},
        {"type": "item.completed", "item": {"id": "item_0", "type": "agent_message", "text": "hi"}},
        {"type": "turn.completed", "usage": {"input_tokens": 100, "cached_input_tokens": 40, "output_tokens": 20}},
    ]


def test_a_command_keeps_its_number_from_start_to_end_and_nulls_are_written() -> None:
    shown = {"id": "item_0", "type": "command_execution", "command": "sh -c true"}
    assert rendered(command("started"), command("completed", exitCode=3, status="failed", aggregatedOutput="out")) == [
        {
            "type": "item.started",
            "item": {**shown, "aggregated_output": "", "exit_code": None, "status": "in_progress"},
        },
        {
            "type": "item.completed",
            "item": {**shown, "aggregated_output": "out", "exit_code": 3, "status": "failed"},
        },
    ]


def test_a_command_still_running_at_the_end_is_completed_without_an_exit_code() -> None:
    lines = rendered(command("started"), ended("completed"))
    assert [line["type"] for line in lines] == ["item.started", "item.completed", "turn.completed"]
    assert (lines[1]["item"]["exit_code"], lines[1]["item"]["status"]) == (None, "completed")


def test_every_part_of_a_reasoning_summary_is_an_item_of_its_own() -> None:
    lines = rendered(item("completed", type="reasoning", id="r", summary=["one", "", "two"], content=["raw"]))
    assert [(line["item"]["id"], line["item"]["text"]) for line in lines] == [("item_0", "one"), ("item_1", "two")]


def test_a_plan_is_started_once_then_updated_and_completed_with_the_turn() -> None:
    lines = rendered(
        plan(("a", "inProgress"), ("b", "pending")), plan(("a", "completed"), ("b", "completed")), ended("completed")
    )
    assert [line["type"] for line in lines] == ["item.started", "item.updated", "item.completed", "turn.completed"]
    assert lines[0]["item"]["items"] == [{"text": "a", "completed": False}, {"text": "b", "completed": False}]
    assert lines[2]["item"]["items"] == [{"text": "a", "completed": True}, {"text": "b", "completed": True}]


def test_file_changes_appear_when_they_are_done() -> None:
    changes = [
        {"path": "/w/a", "kind": {"type": "add"}, "diff": "x"},
        {"path": "/w/b", "kind": {"type": "delete"}, "diff": "x"},
        {"path": "/w/c", "kind": {"type": "update", "move_path": "/w/d"}, "diff": "x"},
    ]
    lines = rendered(
        item("started", type="fileChange", id="f", changes=changes, status="inProgress"),
        item("completed", type="fileChange", id="f", changes=changes, status="completed"),
        item("completed", type="fileChange", id="g", changes=[], status="declined"),
    )
    assert [line["item"]["status"] for line in lines] == ["completed", "failed"]
    assert [change["kind"] for change in lines[0]["item"]["changes"]] == ["add", "delete", "update"]


def test_a_failed_turn_says_the_error_twice_and_a_retry_once() -> None:
    error = {"message": "no luck", "codexErrorInfo": None, "additionalDetails": None}
    retry = {"message": "again 1/2", "codexErrorInfo": None, "additionalDetails": "cut"}
    assert rendered(
        wire("error", error=retry, willRetry=True, **THREAD),
        wire("error", error=error, willRetry=False, **THREAD),
        ended("failed", error),
    ) == [
        {"type": "error", "message": "again 1/2 (cut)"},
        {"type": "error", "message": "no luck"},
        {"type": "turn.failed", "error": {"message": "no luck"}},
    ]


def test_an_interrupted_turn_has_no_last_word() -> None:
    assert rendered(ended("interrupted")) == []


def test_a_warning_is_an_item_and_may_come_before_the_turn() -> None:
    assert rendered(wire("configWarning", summary="odd", details="line 3")) == [
        {"type": "item.completed", "item": {"id": "item_0", "type": "error", "message": "odd (line 3)"}}
    ]


def test_tool_calls_searches_and_agents_are_told_in_snake_case() -> None:
    agents = {"x": {"status": "pendingInit", "message": None}}
    lines = rendered(
        item("started", type="mcpToolCall", id="m", server="s", tool="t", arguments={"a": 1}, status="inProgress"),
        item(
            "completed",
            type="mcpToolCall",
            id="m",
            server="s",
            tool="t",
            arguments={"a": 1},
            status="completed",
            result={"content": [1], "structuredContent": None},
        ),
        item("completed", type="webSearch", id="ws", query="q", action={"type": "openPage", "url": "u"}),
        item(
            "completed",
            type="collabAgentToolCall",
            id="c",
            tool="spawnAgent",
            status="failed",
            senderThreadId="t",
            receiverThreadIds=["x"],
            prompt="p",
            agentsStates=agents,
        ),
    )
    assert lines[1]["item"]["result"] == {"content": [1], "structured_content": None}
    assert lines[1]["item"]["error"] is None
    assert lines[2]["item"] == {
        "id": "ws",
        "type": "web_search",
        "query": "q",
        "action": {"type": "open_page", "url": "u"},
    }
    assert (lines[3]["item"]["tool"], lines[3]["item"]["agents_states"]["x"]["status"]) == (
        "spawn_agent",
        "pending_init",
    )


@given(st.lists(st.sampled_from(["start", "end", "plan", "message", "finish"]), max_size=30))
def test_whatever_comes_every_item_number_is_new_or_open(kinds: Sequence[str]) -> None:
    moves = {
        "start": command("started"),
        "end": command("completed", exitCode=0),
        "plan": plan(("a", "pending")),
        "message": item("completed", type="agentMessage", id="m", text="x"),
        "finish": ended("completed"),
    }
    seen: set[str] = set()
    done: set[str] = set()
    for line in rendered(*(moves[kind] for kind in kinds)):
        if "item" in line:
            name = line["item"]["id"]
            assert name not in done
            assert (line["type"] == "item.started") <= (name not in seen)
            seen.add(name)
            if line["type"] == "item.completed":
                done.add(name)


def test_golden_lines_keep_the_order_of_members(tmp_path: Path) -> None:
    state, events = step(State(), command("started"))
    event: Event = events[0]
    assert encode(event) == (
        b'{"type":"item.started","item":{"id":"item_0","type":"command_execution","command":"sh -c true",'
        b'"aggregated_output":"","exit_code":null,"status":"in_progress"}}\n'
    )
    assert state.next_item == 1


@pytest.mark.parametrize("method", ["turn/diff/updated", "account/rateLimits/updated", "thread/started"])
def test_what_has_no_event_is_passed_over(method: str) -> None:
    assert step(State(), object())[1] == []
    assert notification(method) is not None
