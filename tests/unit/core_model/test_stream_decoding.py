import msgspec
import pytest
from agent_core.model.decode import ResponseReader
from agent_core.model.errors import ModelError
from agent_core.model.event import (
    Completed,
    Created,
    ModelEvent,
    ModelsEtag,
    OutputItemAdded,
    OutputItemDone,
    OutputTextDelta,
    RateLimits,
    ReasoningIncluded,
    ReasoningSummaryDelta,
    ReasoningSummaryPartAdded,
    ReasoningTextDelta,
    ServerModel,
)
from agent_protocol.rollout.response_item import FunctionCallItem, MessageItem, OutputTextPart
from agent_protocol.rollout.usage import TokenUsage
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st


def read(*events: JsonValue) -> list[ModelEvent]:
    return ResponseReader("u").read(msgspec.json.encode(event) for event in events)


def failure(event: JsonValue) -> ModelError | None:
    reader = ResponseReader("u")
    assert reader.read([msgspec.json.encode(event)]) == []
    return reader.failure


def test_each_kind_of_delta_is_read() -> None:
    assert read(
        {"type": "response.output_text.delta", "delta": "a", "item_id": "m", "output_index": 0, "logprobs": []},
        {"type": "response.reasoning_summary_text.delta", "delta": "b", "summary_index": 2},
        {"type": "response.reasoning_summary_part.added", "summary_index": 3, "part": {"type": "x"}},
        {"type": "response.reasoning_text.delta", "delta": "c", "content_index": 4},
    ) == [
        OutputTextDelta(delta="a", item_id="m"),
        ReasoningSummaryDelta(delta="b", summary_index=2),
        ReasoningSummaryPartAdded(summary_index=3),
        ReasoningTextDelta(delta="c", content_index=4),
    ]


def test_items_are_read_as_response_items() -> None:
    added = {"type": "message", "id": "m", "role": "assistant", "content": []}
    call = {"type": "function_call", "name": "n", "arguments": "{}", "call_id": "c", "id": "f", "status": "completed"}
    assert read(
        {"type": "response.output_item.added", "item": added},
        {
            "type": "response.output_item.done",
            "item": {**added, "content": [{"type": "output_text", "text": "x", "annotations": [], "logprobs": []}]},
        },
        {"type": "response.output_item.done", "item": call},
    ) == [
        OutputItemAdded(item=MessageItem(id="m", role="assistant")),
        OutputItemDone(item=MessageItem(id="m", role="assistant", content=(OutputTextPart(text="x"),))),
        OutputItemDone(item=FunctionCallItem(id="f", name="n", arguments="{}", call_id="c")),
    ]


@pytest.mark.parametrize("item", [{"type": "from_the_future", "x": 1}, {"no": "type"}, 5, None, {"type": "message"}])
def test_items_that_are_not_understood_are_left_out(item: JsonValue) -> None:
    assert read({"type": "response.output_item.done", "item": item}) == []


def test_created_needs_a_response() -> None:
    assert read({"type": "response.created", "response": {"id": "r"}}) == [Created()]
    assert read({"type": "response.created"}) == []


def test_usage_is_read_with_and_without_its_details() -> None:
    usage = {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 2},
        "total_tokens": 15,
    }
    full = TokenUsage(
        input_tokens=10, cached_input_tokens=4, output_tokens=5, reasoning_output_tokens=2, total_tokens=15
    )
    assert read({"type": "response.completed", "response": {"id": "r", "usage": usage}}) == [
        Completed(response_id="r", usage=full)
    ]
    assert read({"type": "response.completed", "response": {"id": "r", "usage": {"input_tokens": 3}}}) == [
        Completed(response_id="r", usage=TokenUsage(input_tokens=3, total_tokens=3))
    ]


@pytest.mark.parametrize("response", [{"id": "r"}, {"id": "r", "usage": None}, {"id": "r", "usage": "much"}])
def test_an_answer_without_usage_is_complete_all_the_same(response: JsonValue) -> None:
    assert read({"type": "response.completed", "response": response}) == [Completed(response_id="r")]


def test_done_is_another_word_for_completed() -> None:
    assert read({"type": "response.done", "response": {}}) == [Completed(response_id="")]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[DONE]",
        b"{",
        b"null",
        b"[]",
        b"\xff\xfe",
        b'{"type":5}',
        b'{"type":"response.in_progress"}',
        b'{"type":"response.output_text.delta"}',
        b'{"type":"response.output_text.delta","delta":5}',
        b'{"type":"response.reasoning_text.delta","delta":"no index"}',
        b'{"headers":[]}',
    ],
)
def test_what_is_not_understood_is_left_out(data: bytes) -> None:
    reader = ResponseReader("u")
    assert reader.read([data]) == []
    assert reader.failure is None


@given(st.binary(max_size=60))
def test_no_bytes_disturb_the_reader(data: bytes) -> None:
    ResponseReader("u").read([data])


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
known = st.sampled_from(
    [
        "response.created",
        "response.output_item.added",
        "response.output_item.done",
        "response.failed",
        "response.incomplete",
        "response.completed",
        "error",
    ]
)


@given(known, json_values, json_values, json_values)
def test_no_members_disturb_the_reader(kind: str, response: JsonValue, item: JsonValue, error: JsonValue) -> None:
    holder = {"id": "r", "error": error, "usage": item, "incomplete_details": item, "headers": item}
    for event in (
        {"type": kind, "response": response, "item": item, "error": error, "headers": response},
        {"type": kind, "response": holder, "item": {"type": "message", "content": item}},
    ):
        ResponseReader("u").read([msgspec.json.encode(event)])


def test_a_failure_is_kept_until_the_stream_ends() -> None:
    error = failure({"type": "response.failed", "response": {"error": {"code": "insufficient_quota"}}})
    assert error is not None
    assert error.info == "usage_limit_exceeded"


def test_an_incomplete_answer_may_be_asked_for_again() -> None:
    reason = {"incomplete_details": {"reason": "max_output_tokens"}}
    error = failure({"type": "response.incomplete", "response": reason})
    assert error is not None
    assert error.retryable


@pytest.mark.parametrize("event", [{"code": "slow_down"}, {"error": {"code": "slow_down"}}])
def test_a_bare_error_event_is_a_failure_too(event: dict[str, JsonValue]) -> None:
    error = failure({"type": "error", **event})
    assert error is not None
    assert error.info == "server_overloaded"


def test_the_response_headers_give_events_in_a_fixed_order() -> None:
    headers = {
        "x-reasoning-included": "true",
        "x-models-etag": '"e"',
        "openai-model": "m2",
        "x-codex-primary-used-percent": "12.5",
        "x-codex-other-primary-used-percent": "3",
    }
    events = ResponseReader("u").head(headers)
    assert [type(event) for event in events] == [ServerModel, RateLimits, RateLimits, ModelsEtag, ReasoningIncluded]


def test_headers_inside_an_event_name_the_model_once() -> None:
    reader = ResponseReader("u")
    reader.head({"openai-model": "first"})
    event = {"type": "response.created", "response": {"headers": {"OpenAI-Model": ["second"]}}}
    data = msgspec.json.encode(event)
    assert reader.read([data, data]) == [ServerModel(model="second"), Created(), Created()]


def test_headers_beside_the_response_name_the_model_too() -> None:
    assert read({"type": "response.in_progress", "response": {}, "headers": {"x-openai-model": "m"}}) == [
        ServerModel(model="m")
    ]
