from collections.abc import Iterable

import msgspec
import pytest
from agent_protocol.projection.approval import inquiry, refused
from agent_protocol.projection.notice import Notice, Place, ProjectionState
from agent_protocol.projection.notification import announced, fold, notifications
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.response_item import MessageItem
from agent_protocol.rollout.turn_item import ContextCompactionTurnItem, PlanTurnItem
from agent_protocol.rollout.usage import RateLimitSnapshot, TokenUsage, TokenUsageInfo
from agent_protocol.wire import JsonValue

PLACE = Place("h", "t", 7)
CHANGES: dict[str, ev.FileChange] = {"/a": ev.AddFile(content="x")}
BEGIN = ev.ExecCommandBeginEvent(call_id="c", turn_id="t", command=("ls",), cwd="/")
END = ev.ExecCommandEndEvent(
    call_id="c", turn_id="t", command=("ls",), cwd="/", exit_code=0, duration=ev.Duration(), status="completed"
)
PATCH_BEGIN = ev.PatchApplyBeginEvent(call_id="p", turn_id="t", auto_approved=True, changes=CHANGES)
PATCH_END = ev.PatchApplyEndEvent(call_id="p", turn_id="t", success=True, changes=CHANGES, status="completed")
PATCH_QUESTION = ev.ApplyPatchApprovalRequestEvent(call_id="p", turn_id="t", changes=CHANGES)
QUESTION = ev.ExecApprovalRequestEvent(call_id="c", turn_id="t", command=("rm", "a b"), cwd="/w")
START = ev.TaskStartedEvent(turn_id="t")
DONE = ev.TaskCompleteEvent(turn_id="t")


def wire(notices: Iterable[Notice]) -> list[tuple[str, JsonValue]]:
    return [(method.name, msgspec.json.decode(msgspec.json.encode(params))) for method, params in notices]


def told(*events: ev.EventMsg, state: ProjectionState | None = None) -> list[tuple[str, JsonValue]]:
    state = state or ProjectionState()
    notices: list[Notice] = []
    for event in events:
        notices.extend(notifications(event, PLACE, state))
        state = fold(state, event, PLACE.turn_id)
    return wire(notices)


def names(*events: ev.EventMsg) -> list[str]:
    return [name for name, _ in told(*events)]


SIMPLE: list[tuple[ev.EventMsg, str, dict[str, JsonValue]]] = [
    (
        ev.AgentMessageContentDeltaEvent(thread_id="h", turn_id="t", item_id="i", delta="d"),
        "item/agentMessage/delta",
        {"itemId": "i", "delta": "d"},
    ),
    (
        ev.PlanDeltaEvent(thread_id="h", turn_id="t", item_id="i", delta="d"),
        "item/plan/delta",
        {"itemId": "i", "delta": "d"},
    ),
    (
        ev.ReasoningContentDeltaEvent(thread_id="h", turn_id="t", item_id="i", delta="d", summary_index=1),
        "item/reasoning/summaryTextDelta",
        {"itemId": "i", "delta": "d", "summaryIndex": 1},
    ),
    (
        ev.ReasoningRawContentDeltaEvent(thread_id="h", turn_id="t", item_id="i", delta="d", content_index=2),
        "item/reasoning/textDelta",
        {"itemId": "i", "delta": "d", "contentIndex": 2},
    ),
    (
        ev.AgentReasoningSectionBreakEvent(item_id="i", summary_index=3),
        "item/reasoning/summaryPartAdded",
        {"itemId": "i", "summaryIndex": 3},
    ),
    (
        ev.TerminalInteractionEvent(call_id="c", process_id="41", stdin="y\n"),
        "item/commandExecution/terminalInteraction",
        {"itemId": "c", "processId": "41", "stdin": "y\n"},
    ),
    (ev.TurnDiffEvent(unified_diff="d"), "turn/diff/updated", {"diff": "d"}),
    (
        ev.PlanUpdateEvent(plan=(ev.PlanStep(step="s", status="in_progress"),)),
        "turn/plan/updated",
        {"explanation": None, "plan": [{"step": "s", "status": "inProgress"}]},
    ),
    (ev.ContextCompactedEvent(), "thread/compacted", {}),
    (
        ev.ModelRerouteEvent(from_model="a", to_model="b"),
        "model/rerouted",
        {"fromModel": "a", "toModel": "b", "reason": "highRiskCyberActivity"},
    ),
    (
        ev.RawResponseItemEvent(item=MessageItem(id="m", role="user")),
        "rawResponseItem/completed",
        {"item": {"type": "message", "role": "user", "content": []}},
    ),
]


@pytest.mark.parametrize(("event", "name", "members"), SIMPLE)
def test_an_event_is_told_under_its_own_name(event: ev.EventMsg, name: str, members: dict[str, JsonValue]) -> None:
    assert told(event) == [(name, {"threadId": "h", "turnId": "t", **members})]


SILENT: list[ev.EventMsg] = [
    ev.WarningEvent(message="m"),
    ev.BackgroundEventEvent(message="m"),
    ev.WebSearchBeginEvent(call_id="c"),
    ev.UserMessageEvent(message="m"),
    ev.AgentMessageEvent(message="m"),
    ev.AgentReasoningEvent(text="m"),
    ev.McpStartupCompleteEvent(),
    ev.ThreadRolledBackEvent(num_turns=1),
    QUESTION,
    ev.UnknownEvent(kind="novelty", raw=b"{}"),
]


@pytest.mark.parametrize("event", SILENT)
def test_other_events_are_not_told(event: ev.EventMsg) -> None:
    assert told(event) == []


def test_a_turn_is_announced_once() -> None:
    assert told(START) == [
        ("turn/started", {"threadId": "h", "turn": {"id": "t", "items": [], "status": "inProgress", "error": None}})
    ]
    assert names(START, START) == ["turn/started"]
    assert told(START, state=announced(ProjectionState(), "t")) == []


def test_items_carry_when_they_began_and_ended() -> None:
    (begun, done) = told(BEGIN, END)

    assert (begun[0], begun[1]["startedAtMs"], "completedAtMs" in begun[1]) == ("item/started", 7, False)
    assert (done[0], done[1]["completedAtMs"], "startedAtMs" in done[1]) == ("item/completed", 7, False)
    assert list(begun[1])[:3] == ["item", "threadId", "turnId"]


def test_output_goes_to_the_file_change_that_is_open_under_its_id() -> None:
    output = ev.ExecCommandOutputDeltaEvent(call_id="p", stream="stdout", chunk=b"ok\xff")

    assert names(PATCH_BEGIN, output, PATCH_END, output) == [
        "item/started",
        "item/fileChange/outputDelta",
        "item/completed",
        "item/commandExecution/outputDelta",
    ]
    assert told(output)[0][1]["delta"] == "ok\ufffd"


@pytest.mark.parametrize("events", [(PATCH_QUESTION, PATCH_BEGIN), (PATCH_BEGIN,), (PATCH_QUESTION,)])
def test_a_file_change_starts_once_at_the_question_or_at_the_begin(events: tuple[ev.EventMsg, ...]) -> None:
    assert names(*events, PATCH_END) == ["item/started", "item/completed"]


def test_looking_at_an_image_and_review_marks_start_and_complete_at_once() -> None:
    review = ev.EnteredReviewModeEvent(target=ev.UncommittedChangesTarget())

    assert names(ev.ViewImageToolCallEvent(call_id="v", path="/p")) == ["item/started", "item/completed"]
    assert [params["item"]["id"] for _, params in told(review)] == ["t", "t"]


def test_a_finished_compaction_is_told_under_its_older_name_too() -> None:
    item = ContextCompactionTurnItem(id="x")

    assert names(ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=item)) == ["item/completed", "thread/compacted"]
    assert names(ev.ItemStartedEvent(thread_id="h", turn_id="t", item=item)) == ["item/started"]
    assert names(ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=PlanTurnItem(id="p"))) == ["item/completed"]


def test_usage_is_told_before_limits_and_only_when_known() -> None:
    info = TokenUsageInfo(total_token_usage=TokenUsage(total_tokens=9), last_token_usage=TokenUsage(input_tokens=3))
    limits = RateLimitSnapshot(limit_id="codex")

    assert names(ev.TokenCountEvent()) == []
    assert names(ev.TokenCountEvent(rate_limits=limits)) == ["account/rateLimits/updated"]
    (usage, _) = told(ev.TokenCountEvent(info=info, rate_limits=limits))
    assert usage == (
        "thread/tokenUsage/updated",
        {
            "threadId": "h",
            "turnId": "t",
            "tokenUsage": {
                "total": {
                    "totalTokens": 9,
                    "inputTokens": 0,
                    "cachedInputTokens": 0,
                    "outputTokens": 0,
                    "reasoningOutputTokens": 0,
                },
                "last": {
                    "totalTokens": 0,
                    "inputTokens": 3,
                    "cachedInputTokens": 0,
                    "outputTokens": 0,
                    "reasoningOutputTokens": 0,
                },
                "modelContextWindow": None,
            },
        },
    )


def test_a_failure_is_told_and_repeated_when_the_turn_ends() -> None:
    error = {"message": "m", "codexErrorInfo": "serverOverloaded", "additionalDetails": None}

    assert told(ev.ErrorEvent(message="m", codex_error_info="server_overloaded"), DONE) == [
        ("error", {"error": error, "willRetry": False, "threadId": "h", "turnId": "t"}),
        ("turn/completed", {"threadId": "h", "turn": {"id": "t", "items": [], "status": "failed", "error": error}}),
    ]


def test_a_failure_does_not_outlive_its_turn() -> None:
    assert told(ev.ErrorEvent(message="m"), START, DONE)[-1][1]["turn"]["status"] == "completed"
    assert told(ev.ErrorEvent(message="m"), DONE, DONE)[-1][1]["turn"]["status"] == "completed"


def test_a_retried_failure_and_a_failed_rollback_fail_no_turn() -> None:
    retried = ev.StreamErrorEvent(message="m", additional_details="d")
    rollback = ev.ErrorEvent(message="m", codex_error_info="thread_rollback_failed")

    notices = told(retried, rollback, DONE)

    assert [name for name, _ in notices] == ["error", "turn/completed"]
    assert notices[0][1]["willRetry"] is True
    assert notices[0][1]["error"]["additionalDetails"] == "d"
    assert notices[1][1]["turn"]["status"] == "completed"


def test_an_interrupted_turn_has_no_error() -> None:
    aborted = ev.TurnAbortedEvent(turn_id="t", reason="interrupted")

    assert told(ev.ErrorEvent(message="m"), aborted)[-1][1]["turn"] == {
        "id": "t",
        "items": [],
        "status": "interrupted",
        "error": None,
    }


@pytest.mark.parametrize(
    ("event", "members"),
    [
        (ev.DeprecationNoticeEvent(summary="s"), ("deprecationNotice", {"summary": "s", "details": None})),
        (ev.ThreadNameUpdatedEvent(thread_id="x"), ("thread/name/updated", {"threadId": "x"})),
        (
            ev.ThreadNameUpdatedEvent(thread_id="x", thread_name="n"),
            ("thread/name/updated", {"threadId": "x", "threadName": "n"}),
        ),
    ],
)
def test_notices_about_the_thread_itself(event: ev.EventMsg, members: tuple[str, dict[str, JsonValue]]) -> None:
    assert told(event) == [members]


def asked(event: ev.EventMsg) -> tuple[str, JsonValue]:
    question = inquiry(event, PLACE)
    assert question is not None
    return question[0].name, msgspec.json.decode(msgspec.json.encode(question[1]))


def test_the_question_about_a_command_leaves_out_what_is_not_there() -> None:
    assert asked(QUESTION) == (
        "item/commandExecution/requestApproval",
        {
            "threadId": "h",
            "turnId": "t",
            "itemId": "c",
            "command": "rm 'a b'",
            "cwd": "/w",
            "commandActions": [],
            "startedAtMs": 7,
        },
    )


def test_the_question_about_a_command_tells_all_there_is() -> None:
    full = msgspec.structs.replace(
        QUESTION,
        approval_id="x",
        reason="r",
        proposed_execpolicy_amendment=("rm",),
        parsed_cmd=(ev.UnknownCommand(cmd="rm"),),
    )

    _, params = asked(full)

    assert (params["approvalId"], params["reason"], params["proposedExecpolicyAmendment"]) == ("x", "r", ["rm"])
    assert params["commandActions"] == [{"type": "unknown", "command": "rm"}]


def test_the_question_about_files_writes_nulls() -> None:
    assert asked(PATCH_QUESTION) == (
        "item/fileChange/requestApproval",
        {"threadId": "h", "turnId": "t", "itemId": "p", "reason": None, "grantRoot": None, "startedAtMs": 7},
    )


def test_questions_to_the_user_keep_their_options() -> None:
    option = ev.QuestionOption(label="l", description="d")
    questions = (
        ev.Question(id="a", header="h", question="?", is_other=True, options=(option,)),
        ev.Question(id="b", header="h", question="?"),
    )

    name, params = asked(ev.RequestUserInputEvent(call_id="c", turn_id="t", questions=questions))

    assert (name, params["itemId"]) == ("item/tool/requestUserInput", "c")
    assert params["questions"][0]["options"] == [{"label": "l", "description": "d"}]
    assert (params["questions"][0]["isOther"], params["questions"][1]["options"]) == (True, None)


def test_a_tool_of_the_client_is_called_with_its_arguments() -> None:
    assert asked(ev.DynamicToolCallRequestEvent(call_id="c", turn_id="t", tool="lamp", arguments={"on": 1})) == (
        "item/tool/call",
        {"threadId": "h", "turnId": "t", "callId": "c", "tool": "lamp", "arguments": {"on": 1}},
    )


def test_other_events_ask_nothing() -> None:
    assert inquiry(DONE, PLACE) is None


def test_a_refused_command_is_complete_at_once_without_outcome() -> None:
    ((name, params),) = wire(refused(QUESTION, "declined", PLACE, ProjectionState()))

    assert name == "item/completed"
    assert params["item"] == {
        "type": "commandExecution",
        "id": "c",
        "command": "rm 'a b'",
        "cwd": "/w",
        "processId": None,
        "status": "declined",
        "commandActions": [],
        "aggregatedOutput": None,
        "exitCode": None,
        "durationMs": None,
    }


def test_refusing_a_part_of_a_running_command_completes_nothing() -> None:
    part = msgspec.structs.replace(QUESTION, approval_id="x")
    running = fold(ProjectionState(), BEGIN, "t")

    assert not refused(part, "failed", PLACE, running)
    assert refused(part, "failed", PLACE, fold(running, END, "t"))
    assert refused(QUESTION, "failed", PLACE, running)


def test_a_refused_file_change_is_complete_at_once() -> None:
    ((_, params),) = wire(refused(PATCH_QUESTION, "failed", PLACE, ProjectionState()))

    assert (params["item"]["status"], len(params["item"]["changes"])) == ("failed", 1)
