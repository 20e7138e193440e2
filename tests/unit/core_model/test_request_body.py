from dataclasses import replace

import msgspec
import pytest
from agent_core.model.request import ModelRequest, Reasoning, encode_body
from agent_protocol.rollout.response_item import (
    FunctionCallItem,
    FunctionCallOutputItem,
    GhostCommit,
    GhostSnapshotItem,
    InputTextPart,
    MessageItem,
    OutputTextPart,
    ReasoningItem,
    SummaryTextPart,
    UnknownItem,
)
from agent_protocol.wire import JsonValue

FIRST = ModelRequest(
    thread_id="t-1",
    turn_id="turn-1",
    model="gpt-5.2-codex",
    instructions="Be brief.",
    input=(MessageItem(role="user", content=(InputTextPart(text="héllo"),)),),
)


def request(**changes: JsonValue) -> ModelRequest:
    return replace(FIRST, **changes)


def test_the_body_of_a_first_request_has_exactly_these_bytes() -> None:
    tool = {"type": "function", "name": "f", "parameters": {}}
    body = encode_body(
        request(tools=(tool,), parallel_tool_calls=True, reasoning=Reasoning(effort="medium", summary="auto"))
    )
    assert body.decode() == (
        '{"model":"gpt-5.2-codex","instructions":"Be brief.",'
        '"input":[{"type":"message","role":"user","content":[{"type":"input_text","text":"héllo"}]}],'
        '"tools":[{"type":"function","name":"f","parameters":{}}],"tool_choice":"auto","parallel_tool_calls":true,'
        '"reasoning":{"effort":"medium","summary":"auto"},"store":false,"stream":true,'
        '"include":["reasoning.encrypted_content"],"prompt_cache_key":"t-1"}'
    )


def test_a_model_that_does_not_reason_gets_null_and_no_includes() -> None:
    body = msgspec.json.decode(encode_body(request()))
    assert (body["reasoning"], body["include"], body["tools"], body["parallel_tool_calls"]) == (None, [], [], False)
    assert "text" not in body


@pytest.mark.parametrize(
    ("reasoning", "sent"),
    [
        (Reasoning(), {}),
        (Reasoning(effort="none", summary="none"), {"effort": "none"}),
        (Reasoning(summary="detailed"), {"summary": "detailed"}),
    ],
)
def test_reasoning_leaves_out_what_is_not_set(reasoning: Reasoning, sent: JsonValue) -> None:
    body = msgspec.json.decode(encode_body(request(reasoning=reasoning)))
    assert body["reasoning"] == sent
    assert body["include"] == ["reasoning.encrypted_content"]


def test_verbosity_and_schema_stand_in_text_at_the_end() -> None:
    schema = {"type": "object"}
    body = msgspec.json.decode(encode_body(request(verbosity="high", output_schema=schema)))
    assert list(body)[-1] == "text"
    assert msgspec.json.encode(body["text"]) == (
        b'{"verbosity":"high","format":{"type":"json_schema","strict":true,"schema":{"type":"object"},'
        b'"name":"codex_output_schema"}}'
    )


HISTORY = (
    ReasoningItem(id="rs", summary=(SummaryTextPart(text="s"),)),
    FunctionCallItem(id="fc", name="n", arguments="{}", call_id="c"),
    FunctionCallOutputItem(call_id="c", output="out"),
    MessageItem(id="m", role="assistant", content=(OutputTextPart(text="x"),)),
)


def test_ids_of_items_are_not_sent() -> None:
    sent = msgspec.json.decode(encode_body(request(input=HISTORY)))["input"]
    assert sent == [
        {
            "type": "reasoning",
            "summary": [{"type": "summary_text", "text": "s"}],
            "content": None,
            "encrypted_content": None,
        },
        {"type": "function_call", "name": "n", "arguments": "{}", "call_id": "c"},
        {"type": "function_call_output", "call_id": "c", "output": "out"},
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "x"}]},
    ]


def test_azure_stores_the_answer_and_wants_ids_back() -> None:
    body = msgspec.json.decode(encode_body(request(input=HISTORY), azure=True))
    assert body["store"] is True
    assert [item.get("id") for item in body["input"]] == ["rs", "fc", None, "m"]


def test_what_only_rollouts_know_is_not_sent() -> None:
    snapshot = GhostSnapshotItem(ghost_commit=GhostCommit(id="1"))
    unknown = UnknownItem(kind="x", raw=b'{"type":"x"}')
    assert msgspec.json.decode(encode_body(request(input=(snapshot, unknown))))["input"] == []
