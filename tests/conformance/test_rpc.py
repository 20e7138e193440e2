"""The dialect: what is a message, what is answered, and with what."""

import json

import pytest
from agent_core.testing.answer import answer, message
from agent_protocol import registry
from agent_protocol.wire import JsonValue
from stage import UNKNOWN_THREAD, Opener, Stage

INVALID = -32600


def settled(stage: Stage) -> list[JsonValue]:
    """Return what comes before the answer to one more request."""
    mark = len(stage.server.messages)
    assert stage.is_alive()
    return stage.server.messages[mark:-1]


@pytest.mark.requirement("rpc.params-are-required")
def test_a_method_with_params_refuses_a_request_without_them(stage: Stage) -> None:
    names = [method.name for method in registry.client_methods() if method.params is not None]
    members: tuple[JsonValue, ...] = ({}, {"params": None})
    for name in names:
        for more in members:
            stage.server.send({"id": name, "method": name, **more})
            reply = stage.server.until(lambda message: "method" not in message)
            assert (reply["id"], reply["error"]["code"]) == (name, INVALID)


@pytest.mark.requirement("rpc.decode-errors")
@pytest.mark.parametrize(
    "method, params",
    [
        ("no/such/method", {}),
        ("turn/start", {}),
        ("turn/start", {"threadId": 5, "input": []}),
        ("turn/start", {"threadId": "x", "input": []}),
        ("turn/start", {"threadId": UNKNOWN_THREAD}),
        ("turn/start", {"threadId": UNKNOWN_THREAD, "input": []}),
        ("turn/start", {"threadId": UNKNOWN_THREAD, "input": [{"type": "video"}]}),
        ("turn/start", {"threadId": UNKNOWN_THREAD, "input": [], "approvalPolicy": "unlessTrusted"}),
        ("turn/start", {"threadId": UNKNOWN_THREAD, "input": [], "effort": "huge"}),
        (
            "turn/start",
            {
                "threadId": UNKNOWN_THREAD,
                "input": [],
                "sandboxPolicy": {"type": "workspaceWrite", "writableRoots": ["here"]},
            },
        ),
        ("turn/interrupt", {"threadId": UNKNOWN_THREAD}),
        ("turn/interrupt", {"threadId": UNKNOWN_THREAD, "turnId": "x"}),
        ("thread/start", {"sandbox": "readOnly"}),
        ("thread/start", {"approvalPolicy": "sometimes"}),
        ("thread/start", {"personality": "grumpy"}),
        ("thread/start", {"ephemeral": "yes"}),
        ("thread/start", {"config": []}),
        ("thread/start", {"modelProvider": "nobody"}),
        ("thread/start", {"config": {"model_reasoning_effort": "huge"}}),
        ("thread/read", {}),
        ("thread/read", {"threadId": "x"}),
        ("thread/read", {"threadId": UNKNOWN_THREAD}),
        ("thread/read", {"threadId": UNKNOWN_THREAD, "includeTurns": "yes"}),
        ("thread/resume", {"threadId": "x"}),
        ("thread/resume", {"threadId": UNKNOWN_THREAD}),
        ("thread/resume", {"threadId": "x", "history": []}),
        ("thread/resume", {"threadId": "x", "path": "/nowhere/rollout.jsonl"}),
        ("thread/list", {"limit": -1}),
        ("thread/list", {"cursor": "nowhere"}),
        ("thread/list", {"sortKey": "createdAt"}),
        ("thread/list", {"sourceKinds": ["nobody"]}),
        ("thread/loaded/list", {"limit": -1}),
        ("model/list", {"limit": "many"}),
        ("model/list", {"cursor": "x"}),
        ("model/list", {"cursor": "-1"}),
        ("model/list", {"cursor": "999"}),
        ("config/read", {"includeLayers": 5}),
        ("config/read", {"cwd": 5}),
        ("account/read", {"refreshToken": None}),
        ("skills/list", {"cwds": None}),
    ],
)
def test_a_request_that_cannot_be_served_is_invalid(stage: Stage, method: str, params: JsonValue) -> None:
    error = stage.error(method, params)
    assert error["code"] == INVALID
    assert "data" not in error


@pytest.mark.requirement("rpc.decode-comes-first")
def test_decoding_comes_before_the_handshake_and_the_handshake_before_the_gate(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        assert stage.error("no/such/method", {})["message"].startswith("Invalid request: ")
        assert stage.error("thread/read", {"threadId": 5})["message"].startswith("Invalid request: ")
        assert stage.error("thread/start", {"experimentalRawEvents": True})["message"] == "Not initialized"
        stage.server.initialize(experimental=False)
        assert "experimentalApi" in stage.error("thread/start", {"experimentalRawEvents": True})["message"]


@pytest.mark.requirement("rpc.more-members")
def test_unknown_members_are_ignored_and_no_version_is_sent(stage: Stage) -> None:
    request = {"jsonrpc": "2.0", "id": "v", "method": "thread/list", "params": {"limit": 1, "more": [1]}, "trace": {}}
    stage.server.send(request)
    reply = stage.server.until(lambda message: message.get("id") == "v")
    assert "result" in reply
    assert not any("jsonrpc" in message for message in stage.server.messages)


@pytest.mark.requirement("rpc.swallowed")
@pytest.mark.parametrize(
    "line",
    [
        b"garbage",
        b"",
        b"5",
        b'"text"',
        b"null",
        b"[]",
        b'[{"id":1,"method":"thread/list","params":{}}]',
        b'{"id":99}',
        b'{"id":null,"method":"thread/list","params":{}}',
        b'{"id":1.5,"method":"thread/list","params":{}}',
        b'{"id":true,"method":"thread/list","params":{}}',
        b'{"id":[1],"method":"thread/list","params":{}}',
        b'{"id":{"a":1},"method":"thread/list","params":{}}',
        b'{"id":9223372036854775808,"method":"thread/list","params":{}}',
        b'{"id":1,"method":5,"params":{}}',
        b'{"id":1,"method":"thread/list","params":{}} more',
        b'\xef\xbb\xbf{"id":1,"method":"thread/list","params":{}}',
        b'{"method":"no/such/notification","params":{}}',
        b'{"id":4711,"result":{"decision":"accept"}}',
        b'{"id":4711,"error":{"code":1,"message":"no"}}',
    ],
)
def test_what_wants_no_answer_gets_none(stage: Stage, line: bytes) -> None:
    stage.server.send_bytes(line + b"\n")
    assert settled(stage) == []


@pytest.mark.requirement("rpc.swallowed")
def test_bytes_that_are_no_text_get_no_answer(ours: Stage) -> None:
    ours.server.send_bytes(b'{"id":1,"method":"\xff\xfe","params":{}}\n')
    assert settled(ours) == []


@pytest.mark.requirement("rpc.ids")
@pytest.mark.parametrize("request_id", ["text", "", "7", 0, -7, 2**63 - 1, -(2**63)])
def test_an_id_comes_back_as_it_was(stage: Stage, request_id: JsonValue) -> None:
    stage.server.send({"id": request_id, "method": "thread/list", "params": {"limit": 1}})
    reply = stage.server.until(lambda message: "result" in message)
    assert reply["id"] == request_id
    assert type(reply["id"]) is type(request_id)


@pytest.mark.requirement("rpc.member-order")
def test_members_stand_in_their_order(stage: Stage) -> None:
    talk = stage.talk()
    talk.run(answer(message("Done.")))
    by_shape = {tuple(each) for each in talk.record.messages}
    assert by_shape == {("id", "result"), ("method", "params")}
    reply = stage.server.request("no/such/method", {})
    assert (list(reply), list(reply["error"])) == (["error", "id"], ["code", "message"])


@pytest.mark.requirement("rpc.replies-in-order")
def test_requests_sent_at_once_are_answered_in_their_order(stage: Stage) -> None:
    ids = [f"burst-{number}" for number in range(40)]
    lines = [{"id": request_id, "method": "thread/loaded/list", "params": {}} for request_id in ids]
    lines[20] = {"id": ids[20], "method": "thread/read", "params": {"threadId": UNKNOWN_THREAD}}
    stage.server.send_bytes("".join(json.dumps(line) + "\n" for line in lines).encode())
    assert [stage.server.until(lambda message: "method" not in message)["id"] for _ in ids] == ids


@pytest.mark.requirement("rpc.long-lines")
def test_a_line_of_three_megabytes_is_taken(stage: Stage) -> None:
    assert "data" in stage.server.result("thread/list", {"limit": 1, "padding": "x" * 3_000_000})


@pytest.mark.requirement("rpc.end-of-input")
def test_the_end_of_input_ends_the_process(fresh: Opener) -> None:
    with fresh() as stage:
        assert stage.server.close() == 0


@pytest.mark.requirement("one-reply-each")
def test_however_many_requests_come_at_once_each_gets_one_reply(ours: Stage) -> None:
    count = 1500
    lines = [json.dumps({"id": f"flood-{number}", "method": "model/list", "params": {}}) for number in range(count)]
    ours.server.send_bytes("\n".join([*lines, ""]).encode())
    replies = [ours.server.until(lambda message: "method" not in message) for _ in range(count)]
    assert sorted(reply["id"] for reply in replies) == sorted(f"flood-{number}" for number in range(count))
    assert settled(ours) == []


@pytest.mark.requirement("long-lines-are-answered")
def test_a_line_above_the_limit_is_refused_and_the_next_one_read(ours: Stage) -> None:
    head = b'{"id":"long","method":"thread/list","params":{"padding":"'
    chunk = b"x" * (1 << 20)
    ours.server.send_bytes(head)
    for _ in range(70):
        ours.server.send_bytes(chunk)
    ours.server.send_bytes(b'"}}\n')
    assert ours.server.until(lambda message: message.get("id") == "long")["error"]["code"] == INVALID
    assert settled(ours) == []


@pytest.mark.requirement("no-first-generation")
@pytest.mark.parametrize("method", ["newConversation", "listConversations", "getUserAgent"])
def test_methods_of_the_first_generation_are_unknown(stage: Stage, method: str) -> None:
    reply = stage.server.request(method, {})
    if stage.is_ours:
        assert reply["error"]["code"] == INVALID
        assert reply["error"]["message"].startswith("Invalid request: ")
    else:
        assert "result" in reply
