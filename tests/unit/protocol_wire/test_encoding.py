from agent_protocol.jsonrpc import encode_error, encode_notification, encode_request, encode_response
from agent_protocol.v2.account import ACCOUNT_LOGOUT
from agent_protocol.v2.approval import (
    ITEM_FILE_CHANGE_REQUEST_APPROVAL,
    FileChangeApprovalDecision,
    FileChangeRequestApprovalParams,
    FileChangeRequestApprovalResponse,
)
from agent_protocol.v2.initialize import INITIALIZED
from agent_protocol.v2.item import ITEM_AGENT_MESSAGE_DELTA, AgentMessageDeltaNotification
from agent_protocol.v2.thread import THREAD_READ, ThreadReadParams
from msgspec import Raw


def test_a_request_names_its_method_before_its_id() -> None:
    frame = encode_request(7, THREAD_READ, ThreadReadParams(thread_id="t", include_turns=True))
    assert frame == b'{"method":"thread/read","id":7,"params":{"threadId":"t","includeTurns":true}}'


def test_params_that_were_not_given_are_left_out() -> None:
    frame = encode_request("x", THREAD_READ, ThreadReadParams(thread_id="t"))
    assert frame == b'{"method":"thread/read","id":"x","params":{"threadId":"t"}}'


def test_a_method_without_params_sends_none() -> None:
    assert encode_request(1, ACCOUNT_LOGOUT, None) == b'{"method":"account/logout","id":1}'


def test_a_notification_has_no_id() -> None:
    params = AgentMessageDeltaNotification(thread_id="t", turn_id="u", item_id="i", delta="d")
    assert encode_notification(ITEM_AGENT_MESSAGE_DELTA, params) == (
        b'{"method":"item/agentMessage/delta","params":{"threadId":"t","turnId":"u","itemId":"i","delta":"d"}}'
    )
    assert encode_notification(INITIALIZED, None) == b'{"method":"initialized"}'


def test_a_server_request_keeps_its_nulls() -> None:
    params = FileChangeRequestApprovalParams(thread_id="t", turn_id="u", item_id="i", started_at_ms=5)
    assert encode_request(0, ITEM_FILE_CHANGE_REQUEST_APPROVAL, params) == (
        b'{"method":"item/fileChange/requestApproval","id":0,"params":{"threadId":"t","turnId":"u","itemId":"i",'
        b'"reason":null,"grantRoot":null,"startedAtMs":5}}'
    )


def test_a_response_puts_its_id_first() -> None:
    result = FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.ACCEPT)
    assert encode_response("a", result) == b'{"id":"a","result":{"decision":"accept"}}'
    assert encode_response(1, Raw(b'{"x": 1}')) == b'{"id":1,"result":{"x": 1}}'


def test_an_error_puts_its_id_last_and_its_data_in_the_middle() -> None:
    assert encode_error(3, -32600, "no") == b'{"error":{"code":-32600,"message":"no"},"id":3}'
    assert encode_error(3, -32600, "no", {"a": None}) == (
        b'{"error":{"code":-32600,"data":{"a":null},"message":"no"},"id":3}'
    )
