from collections.abc import Sequence

import msgspec
import pytest
from agent_protocol.projection.notice import Place, ProjectionState
from agent_protocol.projection.notification import fold, notifications
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.codec import decode_line, encode_line, new_line
from agent_protocol.rollout.persistence import PersistenceMode, persisted
from agent_protocol.rollout.response_item import OpenPageAction
from agent_protocol.rollout.turn_item import (
    AgentMessageText,
    AgentMessageTurnItem,
    ContextCompactionTurnItem,
    ImageInput,
    PlanTurnItem,
    ReasoningTurnItem,
    TextInput,
    TurnItem,
    UserMessageTurnItem,
    WebSearchTurnItem,
)
from agent_protocol.v2.item import ItemCompletedNotification
from agent_protocol.v2.turn import TurnCompletedNotification
from agent_protocol.wire import JsonValue

CHANGES: dict[str, ev.FileChange] = {"/w/a": ev.AddFile(content="x\n"), "/w/b": ev.UpdateFile(unified_diff="@@\n")}


def started(turn_id: str, item: TurnItem) -> ev.EventMsg:
    return ev.ItemStartedEvent(thread_id="h", turn_id=turn_id, item=item)


def completed(turn_id: str, item: TurnItem) -> ev.EventMsg:
    return ev.ItemCompletedEvent(thread_id="h", turn_id=turn_id, item=item)


def said(turn_id: str, item_id: str, text: str) -> list[ev.EventMsg]:
    return [
        started(turn_id, AgentMessageTurnItem(id=item_id)),
        ev.AgentMessageContentDeltaEvent(thread_id="h", turn_id=turn_id, item_id=item_id, delta=text),
        completed(turn_id, AgentMessageTurnItem(id=item_id, content=(AgentMessageText(text=text),))),
    ]


def command(turn_id: str, call_id: str) -> list[ev.EventMsg]:
    argv, parsed = ("/bin/sh", "-c", "rg 'x y'"), (ev.SearchCommand(cmd="rg 'x y'", query="x y"),)
    return [
        ev.ExecCommandBeginEvent(
            call_id=call_id, process_id="4", turn_id=turn_id, command=argv, cwd="/w", parsed_cmd=parsed
        ),
        ev.ExecCommandOutputDeltaEvent(call_id=call_id, stream="stdout", chunk=b"found\n"),
        ev.ExecCommandEndEvent(
            call_id=call_id,
            process_id="4",
            turn_id=turn_id,
            command=argv,
            cwd="/w",
            parsed_cmd=parsed,
            stdout="found\n",
            aggregated_output="found\n",
            exit_code=0,
            duration=ev.Duration(nanos=5_000_000),
            formatted_output="found\n",
            status="completed",
        ),
    ]


LIVE: list[ev.EventMsg] = [
    ev.TaskStartedEvent(turn_id="a"),
    started("a", UserMessageTurnItem(id="u1", content=(TextInput(text="hi"), ImageInput(image_url="data:x")))),
    completed("a", UserMessageTurnItem(id="u1", content=(TextInput(text="hi"), ImageInput(image_url="data:x")))),
    ev.TokenCountEvent(),
    started("a", ReasoningTurnItem(id="r1")),
    completed("a", ReasoningTurnItem(id="r1", summary_text=("one", "two"), raw_content=("raw",))),
    *command("a", "call-1"),
    started("a", WebSearchTurnItem(id="ws1")),
    completed("a", WebSearchTurnItem(id="ws1", query="q", action=OpenPageAction(url="u"))),
    ev.PatchApplyBeginEvent(call_id="call-2", turn_id="a", auto_approved=True, changes=CHANGES),
    ev.PatchApplyEndEvent(call_id="call-2", turn_id="a", success=False, changes=CHANGES, status="failed"),
    ev.TurnDiffEvent(unified_diff="d"),
    ev.ViewImageToolCallEvent(call_id="call-3", path="/p"),
    ev.McpToolCallEndEvent(
        call_id="call-4",
        invocation=ev.McpInvocation(server="s", tool="t", arguments={"a": None}),
        duration=ev.Duration(secs=1),
        result=ev.McpCallOutcome(ok=ev.McpCallResult(content=({"type": "text"},))),
    ),
    ev.CollabWaitingEndEvent(
        call_id="call-5", sender_thread_id="h", statuses={"y": "running", "x": ev.AgentStatusDetail(completed="k")}
    ),
    completed("a", PlanTurnItem(id="a-plan", text="- one\n")),
    *said("a", "m1", "done"),
    ev.TaskCompleteEvent(turn_id="a", last_agent_message="done"),
    ev.TaskStartedEvent(turn_id="b"),
    completed("b", UserMessageTurnItem(id="u2", content=(TextInput(text="again"),))),
    completed("b", ContextCompactionTurnItem(id="c1")),
    ev.StreamErrorEvent(message="once more"),
    ev.ErrorEvent(message="no", codex_error_info="usage_limit_exceeded"),
    ev.TaskCompleteEvent(turn_id="b"),
    ev.TaskStartedEvent(turn_id="c"),
    completed("c", UserMessageTurnItem(id="u3", content=(TextInput(text="stop"),))),
    *command("c", "call-6"),
    ev.TurnAbortedEvent(turn_id="c", reason="interrupted"),
]
NUMBERED = ("userMessage", "agentMessage", "reasoning", "contextCompaction")
IN_LIMITED = (*NUMBERED, "plan")


def unnumbered(item: JsonValue) -> JsonValue:
    return {**item, "id": "-"} if item["type"] in NUMBERED else item


def live_view(events: Sequence[ev.EventMsg]) -> dict[str, JsonValue]:
    turns: dict[str, JsonValue] = {}
    state, turn_id = ProjectionState(), ""
    for event in events:
        if isinstance(event, ev.TaskStartedEvent):
            turn_id = event.turn_id
        for _, params in notifications(event, Place("h", turn_id, 0), state):
            members = msgspec.json.decode(msgspec.json.encode(params))
            if isinstance(params, ItemCompletedNotification):
                turns.setdefault(turn_id, {"items": []})["items"].append(unnumbered(members["item"]))
            if isinstance(params, TurnCompletedNotification):
                turns[turn_id] |= {"status": members["turn"]["status"], "error": members["turn"]["error"]}
        state = fold(state, event, turn_id)
    return turns


def stored_view(events: Sequence[ev.EventMsg], mode: PersistenceMode) -> dict[str, JsonValue]:
    written = [
        encode_line(new_line(kept, "2026-03-04T05:06:07.890Z"))
        for event in events
        for kept in persisted(event, mode, show_raw_reasoning=True)
    ]
    turns = msgspec.json.decode(msgspec.json.encode(build_turns(decode_line(line) for line in written)))
    return {
        turn["id"]: {
            "items": [unnumbered(item) for item in turn["items"]],
            "status": turn["status"],
            "error": turn["error"],
        }
        for turn in turns
    }


def test_an_extended_rollout_reads_back_as_it_was_told_live() -> None:
    assert stored_view(LIVE, "extended") == live_view(LIVE)


def test_a_limited_rollout_reads_back_without_tool_items_but_with_the_same_outcome() -> None:
    live = live_view(LIVE)
    for turn in live.values():
        turn["items"] = [item for item in turn["items"] if item["type"] in IN_LIMITED]

    assert stored_view(LIVE, "limited") == live


@pytest.mark.parametrize("count", range(len(LIVE)))
def test_a_rollout_that_stops_anywhere_still_reads_back_what_was_complete(count: int) -> None:
    live, stored = live_view(LIVE[:count]), stored_view(LIVE[:count], "extended")

    for turn_id, turn in live.items():
        assert stored[turn_id]["items"] == turn["items"]
