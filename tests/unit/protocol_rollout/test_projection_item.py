import msgspec
import pytest
from agent_protocol.projection.command import file_change
from agent_protocol.projection.failure import error_info, turn_error
from agent_protocol.projection.item import completed_item, review_item, search_action, started_item, thread_item
from agent_protocol.projection.review import review_hint, review_text
from agent_protocol.projection.source import session_source
from agent_protocol.projection.usage import rate_limits
from agent_protocol.projection.user_input import core_input, stored_input, wire_input
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.error_info import CodexErrorDetail, CodexErrorInfo, HttpFailure
from agent_protocol.rollout.response_item import (
    FindInPageAction,
    OpenPageAction,
    OtherAction,
    SearchAction,
    WebSearchAction,
)
from agent_protocol.rollout.source import SessionSource, SubagentDetail, SubagentSource, ThreadSpawn
from agent_protocol.rollout.turn_item import (
    AgentMessageText,
    AgentMessageTurnItem,
    ByteRange,
    ContextCompactionTurnItem,
    ImageInput,
    LocalImageInput,
    MentionInput,
    PlanTurnItem,
    ReasoningTurnItem,
    SkillInput,
    TextElement,
    TextInput,
    TurnItem,
    UserInput,
    UserMessageTurnItem,
    WebSearchTurnItem,
)
from agent_protocol.rollout.usage import RateLimitSnapshot, RateLimitWindow
from agent_protocol.v2.item import PatchApplyStatus
from agent_protocol.wire import JsonValue


def wire(value: object) -> JsonValue:
    return msgspec.json.decode(msgspec.json.encode(value))


INPUTS: list[tuple[UserInput, dict[str, JsonValue]]] = [
    (TextInput(text="hi"), {"type": "text", "text": "hi", "text_elements": []}),
    (
        TextInput(text="hi", text_elements=(TextElement(byte_range=ByteRange(start=0, end=1)),)),
        {
            "type": "text",
            "text": "hi",
            "text_elements": [{"byteRange": {"start": 0, "end": 1}, "placeholder": None}],
        },
    ),
    (ImageInput(image_url="data:x"), {"type": "image", "url": "data:x"}),
    (LocalImageInput(path="/p"), {"type": "localImage", "path": "/p"}),
    (SkillInput(name="s", path="/s"), {"type": "skill", "name": "s", "path": "/s"}),
    (MentionInput(name="m", path="app://m"), {"type": "mention", "name": "m", "path": "app://m"}),
]

ITEMS: list[tuple[TurnItem, dict[str, JsonValue]]] = [
    (
        UserMessageTurnItem(id="u", content=(ImageInput(image_url="x"),)),
        {"type": "userMessage", "id": "u", "content": [{"type": "image", "url": "x"}]},
    ),
    (
        AgentMessageTurnItem(id="m", content=(AgentMessageText(text="a"), AgentMessageText(text="b"))),
        {"type": "agentMessage", "id": "m", "text": "ab"},
    ),
    (PlanTurnItem(id="p", text="x"), {"type": "plan", "id": "p", "text": "x"}),
    (
        ReasoningTurnItem(id="r", summary_text=("s",), raw_content=("c",)),
        {"type": "reasoning", "id": "r", "summary": ["s"], "content": ["c"]},
    ),
    (
        WebSearchTurnItem(id="w"),
        {"type": "webSearch", "id": "w", "query": "", "action": {"type": "other"}},
    ),
    (ContextCompactionTurnItem(id="c"), {"type": "contextCompaction", "id": "c"}),
]

ACTIONS: list[tuple[WebSearchAction, dict[str, JsonValue]]] = [
    (SearchAction(query="q"), {"type": "search", "query": "q", "queries": None}),
    (SearchAction(query="q", queries=("q", "r")), {"type": "search", "query": "q", "queries": ["q", "r"]}),
    (OpenPageAction(url="u"), {"type": "openPage", "url": "u"}),
    (FindInPageAction(), {"type": "findInPage", "url": None, "pattern": None}),
    (OtherAction(), {"type": "other"}),
]


@pytest.mark.parametrize(("core", "expected"), INPUTS)
def test_user_input_has_the_same_parts_in_both_forms(core: UserInput, expected: dict[str, JsonValue]) -> None:
    assert wire(wire_input(core)) == expected
    assert core_input(wire_input(core)) == core


def test_blank_text_of_a_stored_message_is_left_out() -> None:
    event = ev.UserMessageEvent(message="  ", images=("u",), local_images=("/p",))

    assert wire(stored_input(event)) == [{"type": "image", "url": "u"}, {"type": "localImage", "path": "/p"}]


@pytest.mark.parametrize(("item", "expected"), ITEMS)
def test_a_core_item_has_its_wire_form(item: TurnItem, expected: dict[str, JsonValue]) -> None:
    assert wire(thread_item(item)) == expected
    assert wire(started_item(ev.ItemStartedEvent(thread_id="h", turn_id="t", item=item))) == expected
    assert wire(completed_item(ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=item))) == expected


@pytest.mark.parametrize(("action", "expected"), ACTIONS)
def test_a_search_action_has_its_wire_form(action: WebSearchAction, expected: dict[str, JsonValue]) -> None:
    assert wire(search_action(action)) == expected


PARSED: tuple[ev.ParsedCommand, ...] = (
    ev.ReadCommand(cmd="cat a", name="a", path="src/a"),
    ev.ListFilesCommand(cmd="ls"),
    ev.SearchCommand(cmd="rg x", query="x"),
    ev.UnknownCommand(cmd="make"),
)
WIRE_ACTIONS = [
    {"type": "read", "command": "cat a", "name": "a", "path": "src/a"},
    {"type": "listFiles", "command": "ls", "path": None},
    {"type": "search", "command": "rg x", "query": "x", "path": None},
    {"type": "unknown", "command": "make"},
]


def test_a_command_that_starts_has_no_outcome_yet() -> None:
    event = ev.ExecCommandBeginEvent(
        call_id="c", turn_id="t", command=("/bin/sh", "-c", "echo hi"), cwd="/w", parsed_cmd=PARSED
    )

    assert wire(started_item(event)) == {
        "type": "commandExecution",
        "id": "c",
        "command": "/bin/sh -c 'echo hi'",
        "cwd": "/w",
        "processId": None,
        "status": "inProgress",
        "commandActions": WIRE_ACTIONS,
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": None,
    }


@pytest.mark.parametrize(("output", "expected"), [("", None), ("hi\n", "hi\n")])
def test_a_command_that_ended_tells_its_outcome(output: str, expected: str | None) -> None:
    event = ev.ExecCommandEndEvent(
        call_id="c",
        process_id="41",
        turn_id="t",
        command=("ls",),
        cwd="/w",
        aggregated_output=output,
        exit_code=-1,
        duration=ev.Duration(secs=1, nanos=2_999_999),
        status="declined",
    )

    item = wire(completed_item(event))

    assert item["processId"] == "41"
    assert (item["status"], item["exitCode"], item["durationMs"]) == ("declined", -1, 1002)
    assert item["aggregatedOutput"] == expected


def test_file_changes_are_ordered_by_path_and_tell_where_a_file_went() -> None:
    changes: dict[str, ev.FileChange] = {
        "/c": ev.UpdateFile(unified_diff="@@\n", move_path="/d"),
        "/b": ev.DeleteFile(content="gone"),
        "/a": ev.AddFile(content="new"),
        "/e": ev.UpdateFile(unified_diff="@@\n"),
    }

    assert wire(file_change("p", changes, PatchApplyStatus.IN_PROGRESS)) == {
        "type": "fileChange",
        "id": "p",
        "changes": [
            {"path": "/a", "kind": {"type": "add"}, "diff": "new"},
            {"path": "/b", "kind": {"type": "delete"}, "diff": "gone"},
            {"path": "/c", "kind": {"type": "update", "move_path": "/d"}, "diff": "@@\n\n\nMoved to: /d"},
            {"path": "/e", "kind": {"type": "update", "move_path": None}, "diff": "@@\n"},
        ],
        "status": "inProgress",
    }


MCP = ev.McpInvocation(server="notes", tool="find")
MCP_OUTCOMES: list[tuple[ev.McpCallOutcome, str, JsonValue, JsonValue]] = [
    (
        ev.McpCallOutcome(ok=ev.McpCallResult(content=({"type": "text"},), structured_content={"n": 1})),
        "completed",
        {"content": [{"type": "text"}], "structuredContent": {"n": 1}},
        None,
    ),
    (
        ev.McpCallOutcome(ok=ev.McpCallResult(is_error=True)),
        "failed",
        {"content": [], "structuredContent": None},
        None,
    ),
    (ev.McpCallOutcome(err="no"), "failed", None, {"message": "no"}),
]


@pytest.mark.parametrize(("outcome", "status", "result", "error"), MCP_OUTCOMES)
def test_an_mcp_call_tells_failures_of_the_tool_and_of_the_transport_apart(
    outcome: ev.McpCallOutcome, status: str, result: JsonValue, error: JsonValue
) -> None:
    event = ev.McpToolCallEndEvent(call_id="c", invocation=MCP, duration=ev.Duration(secs=2), result=outcome)

    assert wire(completed_item(event)) == {
        "type": "mcpToolCall",
        "id": "c",
        "server": "notes",
        "tool": "find",
        "status": status,
        "arguments": None,
        "result": result,
        "error": error,
        "durationMs": 2000,
    }


def test_an_mcp_call_that_starts_has_no_result() -> None:
    item = wire(started_item(ev.McpToolCallBeginEvent(call_id="c", invocation=MCP)))

    assert (item["status"], item["result"], item["error"], item["durationMs"]) == ("inProgress", None, None, None)


COLLAB: list[tuple[ev.EventMsg, dict[str, JsonValue]]] = [
    (
        ev.CollabAgentSpawnBeginEvent(call_id="c", sender_thread_id="s", prompt="p"),
        {"tool": "spawnAgent", "status": "inProgress", "receiverThreadIds": [], "prompt": "p", "agentsStates": {}},
    ),
    (
        ev.CollabAgentSpawnEndEvent(
            call_id="c", sender_thread_id="s", new_thread_id="n", prompt="p", status="pending_init"
        ),
        {
            "tool": "spawnAgent",
            "status": "completed",
            "receiverThreadIds": ["n"],
            "prompt": "p",
            "agentsStates": {"n": {"status": "pendingInit", "message": None}},
        },
    ),
    (
        ev.CollabAgentSpawnEndEvent(call_id="c", sender_thread_id="s", prompt="p", status="running"),
        {"tool": "spawnAgent", "status": "failed", "receiverThreadIds": [], "prompt": "p", "agentsStates": {}},
    ),
    (
        ev.CollabAgentInteractionBeginEvent(call_id="c", sender_thread_id="s", receiver_thread_id="r", prompt="p"),
        {"tool": "sendInput", "status": "inProgress", "receiverThreadIds": ["r"], "prompt": "p", "agentsStates": {}},
    ),
    (
        ev.CollabAgentInteractionEndEvent(
            call_id="c", sender_thread_id="s", receiver_thread_id="r", prompt="p", status="not_found"
        ),
        {
            "tool": "sendInput",
            "status": "failed",
            "receiverThreadIds": ["r"],
            "prompt": "p",
            "agentsStates": {"r": {"status": "notFound", "message": None}},
        },
    ),
    (
        ev.CollabWaitingBeginEvent(call_id="c", sender_thread_id="s", receiver_thread_ids=("b", "a")),
        {"tool": "wait", "status": "inProgress", "receiverThreadIds": ["b", "a"], "prompt": None, "agentsStates": {}},
    ),
    (
        ev.CollabWaitingEndEvent(
            call_id="c",
            sender_thread_id="s",
            statuses={
                "b": ev.AgentStatusDetail(errored="lost"),
                "a": ev.AgentStatusDetail(completed="three"),
                "d": ev.AgentStatusDetail(completed=None),
            },
        ),
        {
            "tool": "wait",
            "status": "failed",
            "receiverThreadIds": ["a", "b", "d"],
            "prompt": None,
            "agentsStates": {
                "a": {"status": "completed", "message": "three"},
                "b": {"status": "errored", "message": "lost"},
                "d": {"status": "completed", "message": None},
            },
        },
    ),
    (
        ev.CollabCloseBeginEvent(call_id="c", sender_thread_id="s", receiver_thread_id="r"),
        {"tool": "closeAgent", "status": "inProgress", "receiverThreadIds": ["r"], "prompt": None, "agentsStates": {}},
    ),
    (
        ev.CollabCloseEndEvent(call_id="c", sender_thread_id="s", receiver_thread_id="r", status="shutdown"),
        {
            "tool": "closeAgent",
            "status": "completed",
            "receiverThreadIds": ["r"],
            "prompt": None,
            "agentsStates": {"r": {"status": "shutdown", "message": None}},
        },
    ),
    (
        ev.CollabResumeEndEvent(call_id="c", sender_thread_id="s", receiver_thread_id="r", status="running"),
        {
            "tool": "resumeAgent",
            "status": "completed",
            "receiverThreadIds": ["r"],
            "prompt": None,
            "agentsStates": {"r": {"status": "running", "message": None}},
        },
    ),
]


@pytest.mark.parametrize(("event", "expected"), COLLAB)
def test_calls_of_other_agents_tell_who_and_how(event: ev.EventMsg, expected: dict[str, JsonValue]) -> None:
    item = wire(started_item(event) or completed_item(event))

    assert item == {"type": "collabAgentToolCall", "id": "c", "senderThreadId": "s", **expected}


FINDING = ev.ReviewFinding(
    title="Typo",
    body="one\ntwo",
    confidence_score=0.5,
    priority=1,
    code_location=ev.CodeLocation(absolute_file_path="/a", line_range=ev.LineRange(start=3, end=4)),
)


def test_a_review_is_shown_with_its_findings() -> None:
    one = ev.ReviewOutput(overall_explanation=" fine ", findings=(FINDING,))
    two = ev.ReviewOutput(findings=(FINDING, FINDING))

    assert review_text(one) == "fine\n\nReview comment:\n\n- Typo — /a:3-4\n  one\n  two"
    assert review_text(two).count("- Typo — /a:3-4") == 2
    assert review_text(two).startswith("Full review comments:\n\n- ")


def test_a_review_without_result_still_has_a_text() -> None:
    assert review_text(None) == review_text(ev.ReviewOutput()) != ""


@pytest.mark.parametrize(
    ("target", "hint"),
    [
        (ev.UncommittedChangesTarget(), "current changes"),
        (ev.BaseBranchTarget(branch="b"), "changes against 'b'"),
        (ev.CommitTarget(sha="0123456789"), "commit 0123456"),
        (ev.CommitTarget(sha="0123456789", title="T"), "commit 0123456: T"),
        (ev.CustomTarget(instructions=" look "), "look"),
    ],
)
def test_what_is_reviewed_has_a_short_name(target: ev.ReviewTarget, hint: str) -> None:
    entered = ev.EnteredReviewModeEvent(target=target)

    assert review_hint(target) == hint
    assert wire(review_item(entered, "i")) == {"type": "enteredReviewMode", "id": "i", "review": hint}


INFOS: list[tuple[CodexErrorInfo, JsonValue]] = [
    ("context_window_exceeded", "contextWindowExceeded"),
    ("other", "other"),
    ("sandbox_error", "sandboxError"),
    (
        CodexErrorDetail(response_too_many_failed_attempts=HttpFailure(http_status_code=429)),
        {"responseTooManyFailedAttempts": {"httpStatusCode": 429}},
    ),
    (
        CodexErrorDetail(http_connection_failed=HttpFailure()),
        {"httpConnectionFailed": {"httpStatusCode": None}},
    ),
    (CodexErrorDetail(), "other"),
]


@pytest.mark.parametrize(("info", "expected"), INFOS)
def test_an_error_class_has_its_wire_spelling(info: CodexErrorInfo, expected: JsonValue) -> None:
    assert wire(error_info(info)) == expected


def test_only_a_retried_failure_has_details() -> None:
    assert wire(turn_error(ev.ErrorEvent(message="m"))) == {
        "message": "m",
        "codexErrorInfo": None,
        "additionalDetails": None,
    }
    assert wire(turn_error(ev.StreamErrorEvent(message="m", additional_details="d")))["additionalDetails"] == "d"


SOURCES: list[tuple[SessionSource, JsonValue]] = [
    ("mcp", "appServer"),
    ("exec", "exec"),
    ("unknown", "unknown"),
    (SubagentSource(subagent="memory_consolidation"), {"subAgent": "memory_consolidation"}),
    (
        SubagentSource(subagent=SubagentDetail(thread_spawn=ThreadSpawn(parent_thread_id="p", depth=1))),
        {"subAgent": {"thread_spawn": {"parent_thread_id": "p", "depth": 1}}},
    ),
    (SubagentSource(subagent=SubagentDetail(other="x")), {"subAgent": {"other": "x"}}),
    (SubagentSource(subagent=SubagentDetail()), "unknown"),
]


@pytest.mark.parametrize(("source", "expected"), SOURCES)
def test_a_source_has_its_wire_spelling(source: SessionSource, expected: JsonValue) -> None:
    assert wire(session_source(source)) == expected


@pytest.mark.parametrize(
    ("percent", "shown"), [(12.5, 13), (12.49, 12), (0.0, 0), (99.5, 100), (0.49999999999999994, 0), (-0.5, -1)]
)
def test_percentages_are_rounded_half_away_from_zero(percent: float, shown: int) -> None:
    snapshot = RateLimitSnapshot(primary=RateLimitWindow(used_percent=percent, window_minutes=5, resets_at=7))

    assert wire(rate_limits(snapshot))["primary"] == {
        "usedPercent": shown,
        "windowDurationMins": 5,
        "resetsAt": 7,
    }


def test_every_member_of_a_limit_is_written_and_an_unknown_plan_is_unknown() -> None:
    assert wire(rate_limits(RateLimitSnapshot(plan_type="novelty"))) == {
        "limitId": None,
        "limitName": None,
        "primary": None,
        "secondary": None,
        "credits": None,
        "planType": "unknown",
    }
