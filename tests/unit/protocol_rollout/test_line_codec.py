import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from agent_protocol.rollout.codec import decode_line, encode_line, format_timestamp, new_line, restamp
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.rollout.event import (
    ErrorEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    UnknownEvent,
    UserMessageEvent,
)
from agent_protocol.rollout.line import Compacted, RolloutItem, SessionMeta, TurnContext, UnknownLine
from agent_protocol.rollout.response_item import InputTextPart, MessageItem, ReasoningItem, UnknownItem
from hypothesis import assume, given
from hypothesis import strategies as st

KINDS = ["session_meta", "response_item", "compacted", "turn_context", "event_msg", "novelty"]
TYPES = [
    "message",
    "reasoning",
    "function_call_output",
    "user_message",
    "task_started",
    "turn_started",
    "error",
    "novelty",
]
MEMBERS = [
    "type",
    "id",
    "message",
    "role",
    "content",
    "turn_id",
    "output",
    "call_id",
    "source",
    "codex_error_info",
    "x",
]

texts = st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
payloads = st.dictionaries(st.sampled_from(MEMBERS), values, max_size=6).flatmap(
    lambda members: st.sampled_from(TYPES).map(lambda kind: {"type": kind, **members})
)


def line(kind: str, payload: object) -> bytes:
    return json.dumps({"timestamp": "2026-03-04T05:06:07.890Z", "type": kind, "payload": payload}).encode()


def item(kind: str, payload: object) -> RolloutItem:
    return decode_line(line(kind, payload)).item


@given(kind=st.sampled_from(KINDS), payload=payloads | values, spaces=st.sampled_from(["", " ", "\t"]))
def test_any_line_that_is_read_is_written_back_byte_for_byte(kind: str, payload: object, spaces: str) -> None:
    data = spaces.encode() + line(kind, payload) + spaces.encode()

    assert encode_line(decode_line(data)) == data
    assert encode_line(decode_line(data + b"\n")) == data


@given(kind=st.sampled_from(KINDS), payload=payloads, extra=st.dictionaries(st.sampled_from(["a", "b"]), values))
def test_restamping_keeps_every_other_member(kind: str, payload: object, extra: dict[str, object]) -> None:
    members = {"type": kind, "payload": payload, "timestamp": "2026-03-04T05:06:07.890Z", **extra}

    later = restamp(decode_line(json.dumps(members).encode()), "2027-01-01T00:00:00.000Z")

    assert json.loads(encode_line(later)) == members | {"timestamp": "2027-01-01T00:00:00.000Z"}
    assert list(json.loads(encode_line(later))) == list(members)


@given(data=st.binary(max_size=40) | texts.map(str.encode) | values.map(lambda value: json.dumps(value).encode()))
def test_what_is_not_a_line_is_refused_and_nothing_else_happens(data: bytes) -> None:
    try:
        decode_line(data)
    except RolloutLineError as error:
        assert error.reason
        assert 0 <= error.offset <= len(data)


@given(payload=payloads, kind=st.sampled_from(KINDS))
def test_an_item_can_be_written_again_once_it_was_read(payload: object, kind: str) -> None:
    read = decode_line(line(kind, payload)).item
    # Ids of messages and empty lists of reasoning are left out on purpose.
    assume(not isinstance(read, MessageItem | ReasoningItem))

    assert decode_line(encode_line(new_line(read, "2026-03-04T05:06:07.890Z"))).item == read


def test_a_deeply_nested_line_is_refused_and_not_fatal() -> None:
    with pytest.raises(RolloutLineError):
        decode_line(b'{"timestamp":"","type":"x","payload":' + b"[" * 100_000 + b"]" * 100_000 + b"}")


def test_a_torn_line_tells_where_it_ends() -> None:
    data = line("event_msg", {"type": "agent_message", "message": "hello"})[:-9]

    with pytest.raises(RolloutLineError) as caught:
        decode_line(data)

    assert caught.value.offset == len(data)


def test_a_line_of_an_unknown_type_keeps_its_payload() -> None:
    read = decode_line(b'{"timestamp":"t","type":"novelty","payload":[1,  2]}')

    assert isinstance(read.item, UnknownLine)
    assert (read.item.kind, read.item.payload) == ("novelty", b"[1,  2]")
    assert encode_line(new_line(read.item, "u")) == b'{"timestamp":"u","type":"novelty","payload":[1,  2]}'


def test_unknown_events_and_items_keep_their_kind() -> None:
    event, response = item("event_msg", {"type": "novelty", "n": 1}), item("response_item", {"type": "novelty"})

    assert isinstance(event, UnknownEvent)
    assert isinstance(response, UnknownItem)
    assert (event.kind, response.kind) == ("novelty", "novelty")


def test_text_that_is_not_unicode_is_refused() -> None:
    with pytest.raises(RolloutLineError):
        decode_line(b'{"timestamp":"t","type":"event_msg","payload":{"type":"agent_message","message":"\\ud800"}}')
    with pytest.raises(RolloutLineError):
        decode_line(b'{"timestamp":"t\xff","type":"event_msg","payload":{}}')


@pytest.mark.parametrize(
    ("kind", "expected"),
    [("turn_started", TaskStartedEvent(turn_id="t")), ("turn_complete", TaskCompleteEvent(turn_id="t"))],
)
def test_other_names_of_turn_events_are_read(kind: str, expected: RolloutItem) -> None:
    assert item("event_msg", {"type": kind, "turn_id": "t"}) == expected


def test_a_retired_collaboration_mode_is_the_default_one() -> None:
    assert item(
        "event_msg", {"type": "task_started", "turn_id": "t", "collaboration_mode_kind": "pair_programming"}
    ) == TaskStartedEvent(turn_id="t", collaboration_mode_kind="default")


def test_an_error_class_not_known_yet_is_other() -> None:
    assert item("event_msg", {"type": "error", "message": "m", "codex_error_info": "novelty"}) == ErrorEvent(
        message="m", codex_error_info="other"
    )


def test_null_where_a_member_may_be_absent_is_read_as_absent() -> None:
    assert item("event_msg", {"type": "user_message", "message": "m", "images": None}) == UserMessageEvent(message="m")


@pytest.mark.parametrize("source", ["novelty", {"subagent": "novelty"}, 7])
def test_a_source_not_known_yet_is_unknown(source: object) -> None:
    meta = {"id": "i", "timestamp": "t", "cwd": "/", "originator": "o", "cli_version": "1", "source": source}

    read = item("session_meta", meta)

    assert isinstance(read, SessionMeta)
    assert read.source == "unknown"


def test_a_retired_mode_in_a_turn_context_is_the_default_one() -> None:
    read = item(
        "turn_context",
        {
            "cwd": "/",
            "approval_policy": "never",
            "sandbox_policy": {"type": "read-only"},
            "model": "m",
            "summary": "auto",
            "effort": None,
            "collaboration_mode": {"mode": "code", "settings": {"model": "m"}},
        },
    )

    assert isinstance(read, TurnContext)
    assert read.collaboration_mode
    assert read.collaboration_mode.mode == "default"


def test_unknown_entries_of_a_replaced_history_survive() -> None:
    history = [{"type": "novelty", "n": 1}, {"type": "message", "role": "user", "content": []}]

    read = item("compacted", {"message": "", "replacement_history": history})

    assert isinstance(read, Compacted)
    assert json.loads(encode_line(new_line(read, "t")))["payload"]["replacement_history"] == history


def test_a_payload_that_does_not_fit_is_kept_with_the_reason() -> None:
    read = item("session_meta", {"id": 7})

    assert isinstance(read, UnknownLine)
    assert read.reason


def test_a_new_line_has_timestamp_type_and_payload_in_this_order() -> None:
    message = MessageItem(role="user", content=(InputTextPart(text="hi"),))

    assert encode_line(new_line(message, "2026-03-04T05:06:07.890Z")) == (
        b'{"timestamp":"2026-03-04T05:06:07.890Z","type":"response_item","payload":'
        b'{"type":"message","role":"user","content":[{"type":"input_text","text":"hi"}]}}'
    )


def test_a_line_that_was_made_can_be_restamped() -> None:
    made = new_line(TaskCompleteEvent(turn_id="t"), "a")

    assert encode_line(restamp(made, "b")) == encode_line(new_line(TaskCompleteEvent(turn_id="t"), "b"))


@pytest.mark.parametrize("zone", [UTC, timezone(timedelta(hours=2))])
def test_timestamps_are_utc_with_whole_milliseconds(zone: timezone) -> None:
    moment = datetime(2026, 3, 4, 5, 6, 7, 890_999, tzinfo=UTC).astimezone(zone)

    assert format_timestamp(moment) == "2026-03-04T05:06:07.890Z"
