import msgspec
import pytest
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.codec import decode_event, encode_event
from agent_protocol.rollout.response_item import MessageItem
from agent_protocol.rollout.setting import ReadOnlyPolicy
from agent_protocol.rollout.turn_item import UserMessageTurnItem
from agent_protocol.wire import JsonValue

NAMES = {
    "agent_message",
    "agent_message_content_delta",
    "agent_message_delta",
    "agent_reasoning",
    "agent_reasoning_delta",
    "agent_reasoning_raw_content",
    "agent_reasoning_raw_content_delta",
    "agent_reasoning_section_break",
    "apply_patch_approval_request",
    "background_event",
    "collab_agent_interaction_begin",
    "collab_agent_interaction_end",
    "collab_agent_spawn_begin",
    "collab_agent_spawn_end",
    "collab_close_begin",
    "collab_close_end",
    "collab_resume_begin",
    "collab_resume_end",
    "collab_waiting_begin",
    "collab_waiting_end",
    "context_compacted",
    "deprecation_notice",
    "dynamic_tool_call_request",
    "elicitation_request",
    "entered_review_mode",
    "error",
    "exec_approval_request",
    "exec_command_begin",
    "exec_command_end",
    "exec_command_output_delta",
    "exited_review_mode",
    "get_history_entry_response",
    "item_completed",
    "item_started",
    "list_custom_prompts_response",
    "list_remote_skills_response",
    "list_skills_response",
    "mcp_list_tools_response",
    "mcp_startup_complete",
    "mcp_startup_update",
    "mcp_tool_call_begin",
    "mcp_tool_call_end",
    "model_reroute",
    "patch_apply_begin",
    "patch_apply_end",
    "plan_delta",
    "plan_update",
    "raw_response_item",
    "reasoning_content_delta",
    "reasoning_raw_content_delta",
    "remote_skill_downloaded",
    "request_user_input",
    "session_configured",
    "shutdown_complete",
    "skills_update_available",
    "stream_error",
    "task_complete",
    "task_started",
    "terminal_interaction",
    "thread_name_updated",
    "thread_rolled_back",
    "token_count",
    "turn_aborted",
    "turn_diff",
    "undo_completed",
    "undo_started",
    "user_message",
    "view_image_tool_call",
    "warning",
    "web_search_begin",
    "web_search_end",
}

LIVE: list[tuple[ev.EventMsg, dict[str, JsonValue]]] = [
    (
        ev.SessionConfiguredEvent(
            session_id="s",
            model="m",
            model_provider_id="p",
            approval_policy="never",
            sandbox_policy=ReadOnlyPolicy(),
            cwd="/",
        ),
        {
            "type": "session_configured",
            "session_id": "s",
            "model": "m",
            "model_provider_id": "p",
            "approval_policy": "never",
            "sandbox_policy": {"type": "read-only"},
            "cwd": "/",
            "history_log_id": 0,
            "history_entry_count": 0,
        },
    ),
    (
        ev.StreamErrorEvent(message="m"),
        {"type": "stream_error", "message": "m", "codex_error_info": None, "additional_details": None},
    ),
    (ev.TokenCountEvent(), {"type": "token_count", "info": None, "rate_limits": None}),
    (ev.PlanUpdateEvent(), {"type": "plan_update", "explanation": None, "plan": []}),
    (ev.DeprecationNoticeEvent(summary="s"), {"type": "deprecation_notice", "summary": "s"}),
    (ev.ThreadNameUpdatedEvent(thread_id="t"), {"type": "thread_name_updated", "thread_id": "t"}),
    (
        ev.ExecCommandBeginEvent(call_id="c", turn_id="t", command=("ls",), cwd="/"),
        {
            "type": "exec_command_begin",
            "call_id": "c",
            "turn_id": "t",
            "command": ["ls"],
            "cwd": "/",
            "parsed_cmd": [],
            "source": "agent",
        },
    ),
    (
        ev.ExecCommandOutputDeltaEvent(call_id="c", stream="stdout", chunk=b"hi\n"),
        {"type": "exec_command_output_delta", "call_id": "c", "stream": "stdout", "chunk": "aGkK"},
    ),
    (
        ev.ExecApprovalRequestEvent(call_id="c", turn_id="t", command=("ls",), cwd="/"),
        {
            "type": "exec_approval_request",
            "call_id": "c",
            "turn_id": "t",
            "command": ["ls"],
            "cwd": "/",
            "parsed_cmd": [],
        },
    ),
    (
        ev.ApplyPatchApprovalRequestEvent(call_id="c", turn_id="t", changes={"/a": ev.UpdateFile(unified_diff="d")}),
        {
            "type": "apply_patch_approval_request",
            "call_id": "c",
            "turn_id": "t",
            "changes": {"/a": {"type": "update", "unified_diff": "d", "move_path": None}},
        },
    ),
    (
        ev.McpToolCallBeginEvent(call_id="c", invocation=ev.McpInvocation(server="s", tool="t")),
        {"type": "mcp_tool_call_begin", "call_id": "c", "invocation": {"server": "s", "tool": "t", "arguments": None}},
    ),
    (
        ev.RequestUserInputEvent(
            call_id="c", turn_id="t", questions=(ev.Question(id="q", header="h", question="?", is_other=True),)
        ),
        {
            "type": "request_user_input",
            "call_id": "c",
            "turn_id": "t",
            "questions": [{"id": "q", "header": "h", "question": "?", "isOther": True, "isSecret": False}],
        },
    ),
    (
        ev.DynamicToolCallRequestEvent(call_id="c", turn_id="t", tool="lamp", arguments={"on": None}),
        {
            "type": "dynamic_tool_call_request",
            "callId": "c",
            "turnId": "t",
            "tool": "lamp",
            "arguments": {"on": None},
        },
    ),
    (
        ev.CollabAgentSpawnEndEvent(call_id="c", sender_thread_id="s", prompt="p", status="not_found"),
        {
            "type": "collab_agent_spawn_end",
            "call_id": "c",
            "sender_thread_id": "s",
            "new_thread_id": None,
            "prompt": "p",
            "status": "not_found",
        },
    ),
    (
        ev.ItemStartedEvent(thread_id="h", turn_id="t", item=UserMessageTurnItem(id="i")),
        {
            "type": "item_started",
            "thread_id": "h",
            "turn_id": "t",
            "item": {"type": "UserMessage", "id": "i", "content": []},
        },
    ),
    (
        ev.RawResponseItemEvent(item=MessageItem(id="m", role="user")),
        {"type": "raw_response_item", "item": {"type": "message", "role": "user", "content": []}},
    ),
    (ev.ShutdownCompleteEvent(), {"type": "shutdown_complete"}),
]


def test_every_event_is_known_by_its_name() -> None:
    assert set(ev.event_types()) == NAMES


@pytest.mark.parametrize(("name", "kind"), list(ev.event_types().items()))
def test_a_struct_is_named_after_its_type(name: str, kind: type[ev.Event]) -> None:
    assert kind.__name__ == "".join(word.capitalize() for word in name.split("_")) + "Event"
    assert getattr(ev, kind.__name__) is kind


@pytest.mark.parametrize(("event", "members"), LIVE)
def test_members_are_absent_or_null_as_the_format_says_and_stand_in_its_order(
    event: ev.EventMsg, members: dict[str, JsonValue]
) -> None:
    encoded = msgspec.json.decode(encode_event(event))

    assert encoded == members
    assert list(encoded) == list(members)


@pytest.mark.parametrize("event", [event for event, _ in LIVE if not isinstance(event, ev.RawResponseItemEvent)])
def test_an_event_is_read_as_it_was_written(event: ev.EventMsg) -> None:
    assert decode_event(encode_event(event)) == event


@pytest.mark.parametrize(
    ("seconds", "secs", "nanos", "millis"), [(0.0, 0, 0, 0), (1.5, 1, 500_000_000, 1500), (-1.0, 0, 0, 0)]
)
def test_a_duration_is_seconds_and_nanoseconds(seconds: float, secs: int, nanos: int, millis: int) -> None:
    duration = ev.Duration.from_seconds(seconds)

    assert (duration.secs, duration.nanos, duration.millis) == (secs, nanos, millis)
