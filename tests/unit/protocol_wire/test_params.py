import json
from collections.abc import Callable

import msgspec
import pytest
from agent_protocol import registry
from agent_protocol.errors import ErrorCode, MalformedMessage, UndecodableRequest
from agent_protocol.jsonrpc import (
    RequestMessage,
    decode_envelope,
    decode_notification,
    decode_params,
    decode_question,
    decode_result,
)
from agent_protocol.v2.account import ACCOUNT_LOGOUT
from agent_protocol.v2.approval import ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL
from agent_protocol.v2.initialize import INITIALIZED
from agent_protocol.v2.item import ITEM_PLAN_DELTA
from agent_protocol.v2.thread import THREAD_LIST, THREAD_LOADED_LIST, ThreadLoadedListParams
from agent_protocol.wire import JsonValue
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

METHODS = list(registry.client_methods())
RELATIVE_ACCESS = b'{"type":"restricted","readableRoots":["./x"]}'

REFUSED = [
    ("thread/loaded/list", b'{"limit":-1}'),
    ("thread/loaded/list", b'{"limit":1.0}'),
    ("thread/loaded/list", b'{"limit":"1"}'),
    ("thread/loaded/list", b'{"limit":4294967296}'),
    ("thread/loaded/list", b"5"),
    ("thread/loaded/list", b'"x"'),
    ("thread/read", b"{}"),
    ("thread/read", b'{"threadId":5}'),
    ("thread/read", b'{"threadId":"t","includeTurns":null}'),
    ("thread/list", b'{"sortKey":"createdAt"}'),
    ("thread/list", b'{"sourceKinds":["somewhere"]}'),
    ("thread/start", b'{"approvalPolicy":"unlessTrusted"}'),
    ("thread/start", b'{"experimentalRawEvents":null}'),
    ("turn/start", b'{"threadId":"t"}'),
    ("turn/start", b'{"threadId":"t","input":[{"type":"smell"}]}'),
    ("turn/start", b'{"threadId":"t","input":[{"text":"untagged"}]}'),
    ("turn/start", b'{"threadId":"t","input":[],"sandboxPolicy":{"type":"workspaceWrite","writableRoots":["rel"]}}'),
    ("command/exec", b'{"command":[],"sandboxPolicy":{"type":"readOnly","access":%s}}' % RELATIVE_ACCESS),
    ("turn/start", b'{"threadId":"t","input":[],"sandboxPolicy":{"type":"externalSandbox","networkAccess":true}}'),
    ("config/value/write", b'{"keyPath":"a","mergeStrategy":"replace"}'),
    ("account/login/start", b'{"type":"carrierPigeon"}'),
    ("account/logout", b"[]"),
    ("account/logout", b"5"),
]

ACCEPTED = [
    ("thread/loaded/list", b'{"limit":null,"cursor":null,"later":{"x":1}}'),
    ("thread/loaded/list", b'{"limit":4294967295}'),
    ("turn/start", b'{"threadId":"t","input":[],"sandboxPolicy":{"type":"workspaceWrite","writableRoots":["/a"]}}'),
    ("turn/start", b'{"threadId":"t","input":[],"collaborationMode":{"mode":"code","settings":{"model":"m"}}}'),
    ("config/value/write", b'{"keyPath":"a","mergeStrategy":"replace","value":null}'),
    ("account/login/start", b'{"apiKey":"k","type":"apiKey"}'),
    ("account/logout", b"{}"),
]


def named(name: str) -> registry.AnyMethod:
    method = registry.client_method(name)
    assert method is not None
    return method


@pytest.mark.parametrize(("name", "params"), REFUSED)
def test_params_of_the_wrong_shape_are_refused(name: str, params: bytes) -> None:
    with pytest.raises(UndecodableRequest) as refusal:
        decode_params(named(name), Raw(params))
    assert refusal.value.code == ErrorCode.INVALID_REQUEST
    assert refusal.value.message.startswith("Invalid request: ")
    assert refusal.value.detail


@pytest.mark.parametrize(("name", "params"), ACCEPTED)
def test_params_of_the_right_shape_are_accepted(name: str, params: bytes) -> None:
    decode_params(named(name), Raw(params))


@pytest.mark.parametrize("frame", [b'{"id":1,"method":"m"}', b'{"id":1,"method":"m","params":null}'])
def test_missing_and_null_params_are_the_same(frame: bytes) -> None:
    message = decode_envelope(frame)
    assert isinstance(message, RequestMessage)
    with pytest.raises(UndecodableRequest):
        decode_params(THREAD_LOADED_LIST, message.params)
    decode_params(ACCOUNT_LOGOUT, message.params)


def test_an_empty_object_gives_every_default() -> None:
    assert decode_params(THREAD_LOADED_LIST, Raw(b"{}")) == ThreadLoadedListParams()


def test_a_notification_and_a_question_are_read_by_their_declarations() -> None:
    plan = decode_notification(ITEM_PLAN_DELTA, Raw(b'{"threadId":"t","turnId":"u","itemId":"i","delta":"d"}'))
    assert plan.delta == "d"
    question = decode_question(
        ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL, Raw(b'{"threadId":"t","turnId":"u","itemId":"i","command":null}')
    )
    assert question.command is None
    assert question.reason is UNSET
    decode_notification(INITIALIZED, UNSET)


def test_a_result_of_the_wrong_shape_is_malformed() -> None:
    with pytest.raises(MalformedMessage):
        decode_result(THREAD_LIST, Raw(b'{"data":5}'))
    with pytest.raises(MalformedMessage):
        decode_result(ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL, Raw(b'{"decision":"perhaps"}'))
    with pytest.raises(MalformedMessage):
        decode_notification(ITEM_PLAN_DELTA, UNSET)


MEMBER_NAMES = ("threadId", "input", "type", "limit", "cursor", "config", "sandboxPolicy", "clientInfo", "keyPath")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.sampled_from(["text", "", "/a", "plan"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBER_NAMES), inner, max_size=4),
    max_leaves=8,
)


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(params=JSON)
@example(params=[[[[[]]]]])
def test_no_params_do_more_than_be_refused(method: registry.AnyMethod, params: object) -> None:
    raw = Raw(json.dumps(params).encode())
    try:
        decode_params(method, raw)
    except UndecodableRequest as error:
        assert error.code == ErrorCode.INVALID_REQUEST


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_a_null_member_means_the_same_as_an_absent_one(
    method: registry.AnyMethod, data: st.DataObject, values_of: Callable[[object], st.SearchStrategy[JsonValue]]
) -> None:
    if method.params is None or method.name == "account/login/start":
        return
    params = data.draw(values_of(method.params))
    written = msgspec.json.decode(msgspec.json.encode(params))
    nulls = {
        field.encode_name: None
        for field in msgspec.structs.fields(method.params)
        if field.default is None and field.encode_name not in written
    }
    assert decode_params(method, Raw(msgspec.json.encode({**written, **nulls}))) == params
