from pathlib import Path

import pytest
from agent_protocol.projection.kind import (
    HEAD_BYTES,
    LineKind,
    head_kind,
    history_lines,
    item_kind,
    line_kind,
    summarised_lines,
    turn_lines,
)
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.codec import decode_line, encode_line, new_line
from agent_protocol.rollout.line import Compacted, RolloutItem
from agent_protocol.rollout.response_item import MessageItem, UnknownItem

LINES = (Path(__file__).parents[2] / "rollout" / "data" / "every_kind.jsonl").read_bytes().splitlines()
STAMP = "2026-02-12T10:11:12.345Z"


def head(item: RolloutItem) -> LineKind | None:
    return head_kind(encode_line(new_line(item, STAMP))[:HEAD_BYTES])


@pytest.mark.parametrize("data", LINES)
def test_the_head_of_a_line_tells_what_the_whole_line_tells(data: bytes) -> None:
    whole = line_kind(data)

    assert item_kind(decode_line(data).item) == whole
    assert head_kind(data[:HEAD_BYTES]) == (None if whole in (LineKind.SUMMARY, LineKind.REPLACEMENT) else whole)


@pytest.mark.parametrize("data", LINES)
def test_a_line_of_another_shape_is_told_by_all_of_it(data: bytes) -> None:
    spaced = data.replace(b'":', b'" : ', 1)

    assert head_kind(spaced[:HEAD_BYTES]) is None
    assert line_kind(spaced) == line_kind(data)


@pytest.mark.parametrize("data", LINES)
def test_a_line_that_turns_are_not_built_from_changes_no_turn(data: bytes) -> None:
    item = decode_line(data).item
    if next(turn_lines(bytes([item_kind(item)])), None) is not None:
        return
    around: list[RolloutItem] = [
        ev.TaskStartedEvent(turn_id="a"),
        ev.UserMessageEvent(message="hi"),
        ev.AgentReasoningEvent(text="one"),
    ]
    rest: list[RolloutItem] = [ev.AgentReasoningEvent(text="two"), ev.TaskCompleteEvent(turn_id="a")]

    assert build_turns([*around, item, *rest]) == build_turns([*around, *rest])


def test_messages_of_the_user_are_told_from_others() -> None:
    assert head(MessageItem(role="user")) is LineKind.USER
    assert head(MessageItem(role="assistant", id="m1")) is LineKind.ITEM
    assert head(UnknownItem(kind="novelty", raw=b'{"type":"novelty"}')) is LineKind.ITEM


def test_older_names_of_events_are_known() -> None:
    for old, kind in (("turn_started", LineKind.STARTED), ("turn_complete", LineKind.EVENT)):
        data = b'{"timestamp":"t","type":"event_msg","payload":{"type":"%s","turn_id":"a"}}' % old.encode()
        assert head_kind(data) is kind
        assert line_kind(data) is kind


@pytest.mark.parametrize("data", [b"", b"{}", b"nothing", b'{"timestamp":"t","type":"event_msg"}', b"\xff\xfe", b"[1]"])
def test_what_is_no_line_is_of_no_use(data: bytes) -> None:
    assert head_kind(data) is None
    assert line_kind(data) is LineKind.OTHER


def test_a_history_begins_at_the_last_replacement_and_keeps_the_users_words_before_a_summary() -> None:
    kinds = bytes(
        item_kind(item)
        for item in (
            MessageItem(role="user"),
            Compacted(message="", replacement_history=()),
            MessageItem(role="assistant"),
            MessageItem(role="user"),
            ev.ThreadRolledBackEvent(num_turns=1),
            Compacted(message="s"),
            MessageItem(role="assistant"),
        )
    )

    assert list(summarised_lines(kinds)) == [1, 3, 4]
    assert list(history_lines(kinds)) == [5, 6]
