import pytest
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.persistence import PersistenceMode, persisted, truncate_middle, user_message_event
from agent_protocol.rollout.response_item import MessageItem, SearchAction
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
    UserMessageTurnItem,
    WebSearchTurnItem,
)
from hypothesis import given
from hypothesis import strategies as st

ALWAYS: list[ev.EventMsg] = [
    ev.TaskStartedEvent(turn_id="t"),
    ev.TaskCompleteEvent(turn_id="t"),
    ev.TurnAbortedEvent(reason="interrupted"),
    ev.TokenCountEvent(),
    ev.UndoCompletedEvent(success=True),
    ev.ThreadRolledBackEvent(num_turns=1),
    ev.EnteredReviewModeEvent(target=ev.UncommittedChangesTarget()),
    ev.ExitedReviewModeEvent(),
    ev.ContextCompactedEvent(),
    ev.ErrorEvent(message="m"),
]
EXTENDED: list[ev.EventMsg] = [
    ev.PatchApplyEndEvent(call_id="c", success=True, status="completed"),
    ev.ViewImageToolCallEvent(call_id="c", path="/p"),
    ev.McpToolCallEndEvent(
        call_id="c",
        invocation=ev.McpInvocation(server="s", tool="t"),
        duration=ev.Duration(),
        result=ev.McpCallOutcome(err="x"),
    ),
    ev.CollabAgentSpawnEndEvent(call_id="c", sender_thread_id="s", prompt="p", status="running"),
    ev.CollabWaitingEndEvent(call_id="c", sender_thread_id="s", statuses={}),
]
NEVER: list[ev.EventMsg] = [
    ev.ItemStartedEvent(thread_id="h", turn_id="t", item=PlanTurnItem(id="p")),
    ev.AgentMessageContentDeltaEvent(thread_id="h", turn_id="t", item_id="i", delta="d"),
    ev.ExecCommandBeginEvent(call_id="c", turn_id="t", command=("ls",), cwd="/"),
    ev.ExecCommandOutputDeltaEvent(call_id="c", stream="stdout", chunk=b"x"),
    ev.ExecApprovalRequestEvent(call_id="c", command=("ls",), cwd="/"),
    ev.StreamErrorEvent(message="m"),
    ev.WarningEvent(message="m"),
    ev.TurnDiffEvent(unified_diff="d"),
    ev.PlanUpdateEvent(),
    ev.RawResponseItemEvent(item=MessageItem(role="user")),
    ev.UnknownEvent(kind="novelty", raw=b'{"type":"novelty"}'),
]


def stored(item: TurnItem, mode: PersistenceMode = "limited", *, show_raw_reasoning: bool = False) -> list[ev.EventMsg]:
    event = ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=item)
    return list(persisted(event, mode, show_raw_reasoning=show_raw_reasoning))


@pytest.mark.parametrize("event", ALWAYS)
def test_turns_usage_and_failures_are_always_kept(event: ev.EventMsg) -> None:
    assert list(persisted(event, "limited")) == [event]
    assert list(persisted(event, "extended")) == [event]


@pytest.mark.parametrize("event", EXTENDED)
def test_tool_ends_are_kept_in_extended_mode_only(event: ev.EventMsg) -> None:
    assert not persisted(event, "limited")
    assert list(persisted(event, "extended")) == [event]


@pytest.mark.parametrize("event", NEVER)
def test_begins_deltas_and_questions_are_never_kept(event: ev.EventMsg) -> None:
    assert not persisted(event, "extended")


def test_an_agent_message_is_stored_part_by_part() -> None:
    item = AgentMessageTurnItem(id="m", content=(AgentMessageText(text="a"), AgentMessageText(text="b")))

    assert stored(item) == [ev.AgentMessageEvent(message="a"), ev.AgentMessageEvent(message="b")]


def test_raw_reasoning_is_stored_only_where_it_is_shown() -> None:
    item = ReasoningTurnItem(id="r", summary_text=("s",), raw_content=("raw",))

    assert stored(item) == [ev.AgentReasoningEvent(text="s")]
    assert stored(item, show_raw_reasoning=True) == [
        ev.AgentReasoningEvent(text="s"),
        ev.AgentReasoningRawContentEvent(text="raw"),
    ]


def test_a_plan_is_stored_as_an_item() -> None:
    item = PlanTurnItem(id="t-plan", text="- one\n")

    assert stored(item) == [ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=item)]


def test_a_search_is_stored_in_extended_mode() -> None:
    item = WebSearchTurnItem(id="ws", query="tea", action=SearchAction(query="tea"))

    assert stored(item) == []
    assert stored(item, "extended") == [
        ev.WebSearchEndEvent(call_id="ws", query="tea", action=SearchAction(query="tea"))
    ]


def test_a_compaction_is_stored_without_its_id() -> None:
    assert stored(ContextCompactionTurnItem(id="x")) == [ev.ContextCompactedEvent()]


def test_user_input_is_stored_as_text_and_images() -> None:
    item = UserMessageTurnItem(
        id="u",
        content=(
            TextInput(
                text="é one", text_elements=(TextElement(byte_range=ByteRange(start=0, end=2), placeholder="P"),)
            ),
            ImageInput(image_url="data:x"),
            SkillInput(name="s", path="/s"),
            TextInput(text="two", text_elements=(TextElement(byte_range=ByteRange(start=1, end=3)),)),
            LocalImageInput(path="/p.png"),
            MentionInput(name="m", path="app://m"),
        ),
    )

    assert stored(item) == [
        ev.UserMessageEvent(
            message="é onetwo",
            images=("data:x",),
            local_images=("/p.png",),
            text_elements=(
                TextElement(byte_range=ByteRange(start=0, end=2), placeholder="P"),
                TextElement(byte_range=ByteRange(start=7, end=9), placeholder="wo"),
            ),
        )
    ]


def test_input_without_images_has_an_empty_list_of_them() -> None:
    assert user_message_event([TextInput(text="hi")]).images == ()


def test_the_stored_output_of_a_command_is_cut_in_the_middle() -> None:
    event = ev.ExecCommandEndEvent(
        call_id="c",
        turn_id="t",
        command=("x",),
        cwd="/",
        stdout="x",
        stderr="y",
        aggregated_output="x" * 30_000,
        exit_code=0,
        duration=ev.Duration(),
        formatted_output="z",
        status="completed",
    )

    (kept,) = persisted(event, "extended")

    assert isinstance(kept, ev.ExecCommandEndEvent)
    assert (kept.stdout, kept.stderr, kept.formatted_output) == ("", "", "")
    assert kept.aggregated_output == "x" * 5000 + "…20000 chars truncated…" + "x" * 5000
    assert not persisted(event, "limited")


@given(text=st.text(max_size=60), budget=st.integers(0, 40))
def test_a_cut_text_keeps_its_ends_and_counts_what_is_missing(text: str, budget: int) -> None:
    cut = truncate_middle(text, budget)

    if len(text.encode()) <= budget:
        assert cut == text
    else:
        head, count, tail = next(
            (cut[:at], cut[at + 1 :].split(" ", 1)[0], cut.split(" chars truncated…")[-1])
            for at in range(len(cut))
            if cut[at] == "…" and text.startswith(cut[:at])
        )
        assert text.startswith(head)
        assert text.endswith(tail)
        assert len(head) + int(count) + len(tail) == len(text)
        assert len(head.encode()) + len(tail.encode()) <= budget
