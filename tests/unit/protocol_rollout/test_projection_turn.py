import msgspec
import pytest
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.codec import new_line
from agent_protocol.rollout.line import Compacted, RolloutItem, SessionMeta
from agent_protocol.rollout.response_item import MessageItem
from agent_protocol.rollout.turn_item import PlanTurnItem
from agent_protocol.v2.turn import Turn
from agent_protocol.wire import JsonValue


def start(turn_id: str) -> ev.EventMsg:
    return ev.TaskStartedEvent(turn_id=turn_id)


def end(turn_id: str) -> ev.EventMsg:
    return ev.TaskCompleteEvent(turn_id=turn_id)


def user(text: str) -> ev.EventMsg:
    return ev.UserMessageEvent(message=text)


def agent(text: str) -> ev.EventMsg:
    return ev.AgentMessageEvent(message=text)


def ran(turn_id: str, call_id: str = "call") -> ev.EventMsg:
    return ev.ExecCommandEndEvent(
        call_id=call_id,
        turn_id=turn_id,
        command=("ls",),
        cwd="/",
        exit_code=0,
        duration=ev.Duration(),
        status="completed",
    )


def plan(text: str) -> ev.EventMsg:
    return ev.ItemCompletedEvent(thread_id="h", turn_id="t", item=PlanTurnItem(id="t-plan", text=text))


def meta(thread_id: str) -> SessionMeta:
    return SessionMeta(id=thread_id, timestamp="", cwd="/", originator="o", cli_version="1")


def shape(turns: list[Turn]) -> list[tuple[str, list[str], str]]:
    return [(turn.id, [item.id for item in turn.items], turn.status.value) for turn in turns]


def built(*records: RolloutItem) -> list[tuple[str, list[str], str]]:
    return shape(build_turns(records, implicit_turn_id=lambda number: f"implicit-{number}"))


def wire(turns: list[Turn]) -> JsonValue:
    return msgspec.json.decode(msgspec.json.encode(turns))


def test_no_records_make_no_turns() -> None:
    assert built() == []
    assert built(meta("h"), MessageItem(role="user")) == []


def test_a_turn_holds_what_stands_between_its_start_and_end() -> None:
    assert built(start("a"), user("hi"), agent("yo"), end("a"), start("b"), user("more"), end("b")) == [
        ("a", ["item-1", "item-2"], "completed"),
        ("b", ["item-3"], "completed"),
    ]


def test_lines_and_bare_items_give_the_same_turns() -> None:
    records = [start("a"), user("hi"), end("a")]

    assert build_turns([new_line(record, "t") for record in records]) == build_turns(records)


def test_an_explicit_turn_without_items_stays() -> None:
    assert built(start("a"), end("a")) == [("a", [], "completed")]


def test_a_turn_that_nothing_ended_reads_as_completed() -> None:
    assert built(start("a"), user("hi")) == [("a", ["item-1"], "completed")]


def test_the_running_turn_reads_as_in_progress() -> None:
    turns = build_turns([start("a"), end("a"), start("b"), user("hi")], running_turn_id="b")

    assert shape(turns) == [("a", [], "completed"), ("b", ["item-1"], "inProgress")]


def test_a_new_start_ends_the_turn_before() -> None:
    assert built(start("a"), user("hi"), start("b"), user("yo")) == [
        ("a", ["item-1"], "completed"),
        ("b", ["item-2"], "completed"),
    ]


def test_steered_input_stays_in_its_turn() -> None:
    assert built(start("a"), user("hi"), agent("x"), user("wait"), end("a")) == [
        ("a", ["item-1", "item-2", "item-3"], "completed")
    ]


def test_without_starts_every_user_message_begins_a_turn() -> None:
    assert built(user("one"), agent("a"), user("two"), agent("b")) == [
        ("implicit-1", ["item-1", "item-2"], "completed"),
        ("implicit-2", ["item-3", "item-4"], "completed"),
    ]


def test_what_comes_before_any_user_message_is_a_turn_too() -> None:
    assert built(agent("a"), user("one")) == [
        ("implicit-1", ["item-1"], "completed"),
        ("implicit-2", ["item-2"], "completed"),
    ]


def test_implicit_turns_have_the_same_ids_on_every_read_and_differ_between_threads() -> None:
    records: list[RolloutItem] = [meta("h"), user("one"), user("two")]
    first = [turn.id for turn in build_turns(records)]

    assert [turn.id for turn in build_turns([*records, meta("other"), user("three")])][:2] == first
    assert len(set(first)) == 2
    assert not set(first) & {turn.id for turn in build_turns([meta("g"), user("one"), user("two")])}


def test_the_end_of_another_finished_turn_leaves_the_current_one_open() -> None:
    assert built(start("a"), start("b"), end("a"), user("hi"), end("b")) == [
        ("a", [], "completed"),
        ("b", ["item-1"], "completed"),
    ]


def test_the_end_of_an_unknown_turn_ends_the_current_one() -> None:
    assert built(start("a"), user("hi"), end("x"), agent("late")) == [
        ("a", ["item-1"], "completed"),
        ("implicit-1", ["item-2"], "completed"),
    ]


@pytest.mark.parametrize("turn_id", ["a", None, "unknown"])
def test_an_aborted_turn_is_interrupted_and_stays_open(turn_id: str | None) -> None:
    aborted = ev.TurnAbortedEvent(turn_id=turn_id, reason="interrupted")

    assert built(start("a"), user("hi"), aborted, agent("late"), end("a")) == [
        ("a", ["item-1", "item-2"], "interrupted")
    ]


def test_a_finished_turn_can_still_be_interrupted() -> None:
    aborted = ev.TurnAbortedEvent(turn_id="a", reason="replaced")

    assert built(start("a"), end("a"), start("b"), aborted) == [("a", [], "interrupted"), ("b", [], "completed")]


def test_an_abort_without_any_turn_is_ignored() -> None:
    assert built(ev.TurnAbortedEvent(reason="interrupted")) == []


def test_a_failed_turn_reads_back_as_failed() -> None:
    error = ev.ErrorEvent(message="too long", codex_error_info="context_window_exceeded")

    (turn,) = wire(build_turns([start("a"), user("hi"), error, end("a")]))

    assert turn["status"] == "failed"
    assert turn["error"] == {
        "message": "too long",
        "codexErrorInfo": "contextWindowExceeded",
        "additionalDetails": None,
    }


def test_a_failed_rollback_fails_no_turn_and_an_error_needs_an_open_turn() -> None:
    rollback = ev.ErrorEvent(message="no", codex_error_info="thread_rollback_failed")

    assert built(start("a"), rollback, end("a"), ev.ErrorEvent(message="late")) == [("a", [], "completed")]


def test_an_interrupt_after_a_failure_is_an_interrupt_without_error() -> None:
    aborted = ev.TurnAbortedEvent(turn_id="a", reason="interrupted")

    (turn,) = build_turns([start("a"), ev.ErrorEvent(message="m"), aborted])

    assert (turn.status.value, turn.error) == ("interrupted", None)


def test_empty_texts_are_no_items() -> None:
    assert built(start("a"), agent(""), ev.AgentReasoningEvent(text=""), plan(""), end("a")) == [("a", [], "completed")]


def test_neighbouring_reasoning_is_one_item() -> None:
    (turn,) = wire(
        build_turns(
            [
                start("a"),
                ev.AgentReasoningEvent(text="one"),
                ev.AgentReasoningRawContentEvent(text="raw"),
                ev.AgentReasoningEvent(text="two"),
                agent("x"),
                ev.AgentReasoningRawContentEvent(text="later"),
            ]
        )
    )

    assert [item for item in turn["items"] if item["type"] == "reasoning"] == [
        {"type": "reasoning", "id": "item-1", "summary": ["one", "two"], "content": ["raw"]},
        {"type": "reasoning", "id": "item-3", "summary": [], "content": ["later"]},
    ]


def test_tools_and_plans_keep_their_ids_and_take_no_number() -> None:
    image = ev.ViewImageToolCallEvent(call_id="call-2", path="/p")

    assert built(start("t"), user("hi"), plan("- x\n"), ran("t", "call-1"), image, agent("yo"), end("t")) == [
        ("t", ["item-1", "t-plan", "call-1", "call-2", "item-2"], "completed")
    ]


def test_a_command_belongs_to_the_turn_that_started_it() -> None:
    assert built(start("a"), end("a"), start("b"), ran("a", "old"), ran("b", "new"), ran("x", "stray")) == [
        ("a", ["old"], "completed"),
        ("b", ["new", "stray"], "completed"),
    ]


def test_rolling_back_drops_turns_and_numbers_on_from_what_is_left() -> None:
    records = [
        *[start("a"), user("hi"), ran("a"), agent("yo"), end("a")],
        *[start("b"), user("x"), end("b")],
        ev.ThreadRolledBackEvent(num_turns=1),
        *[start("c"), user("y"), end("c")],
    ]

    assert built(*records) == [
        ("a", ["item-1", "call", "item-2"], "completed"),
        ("c", ["item-4"], "completed"),
    ]


def test_rolling_back_more_than_there_is_leaves_nothing() -> None:
    assert built(user("a"), user("b"), ev.ThreadRolledBackEvent(num_turns=9), user("c")) == [
        ("implicit-3", ["item-1"], "completed")
    ]


def test_a_turn_that_only_compacts_stays_and_takes_the_next_user_message() -> None:
    compacted = Compacted(message="summary")

    assert built(compacted) == [("implicit-1", [], "completed")]
    assert built(compacted, user("hi"), user("more")) == [
        ("implicit-1", ["item-1"], "completed"),
        ("implicit-2", ["item-2"], "completed"),
    ]


def test_a_compaction_is_an_item_of_its_turn() -> None:
    assert built(start("a"), Compacted(message="s"), ev.ContextCompactedEvent(), end("a")) == [
        ("a", ["item-1"], "completed")
    ]


def test_an_inline_review_reads_as_two_turns() -> None:
    entered = ev.EnteredReviewModeEvent(target=ev.UncommittedChangesTarget(), user_facing_hint="current changes")
    left = ev.ExitedReviewModeEvent(review_output=ev.ReviewOutput(overall_explanation="fine"))

    turns = build_turns(
        [entered, start("r"), user("review"), left, agent("fine"), end("p")], implicit_turn_id=lambda number: "p"
    )

    assert shape(turns) == [("p", ["item-1"], "completed"), ("r", ["item-2", "item-3", "item-4"], "completed")]
    assert wire(turns)[1]["items"][1] == {"type": "exitedReviewMode", "id": "item-3", "review": "fine"}


def test_unknown_events_are_passed_over() -> None:
    assert built(start("a"), ev.UnknownEvent(kind="novelty", raw=b"{}"), end("a")) == [("a", [], "completed")]
