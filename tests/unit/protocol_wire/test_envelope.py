import json
from collections.abc import Mapping

import msgspec
import pytest
from agent_protocol.errors import MalformedMessage
from agent_protocol.jsonrpc import (
    Envelope,
    ErrorMessage,
    ErrorObject,
    NotificationMessage,
    RequestMessage,
    ResponseMessage,
    decode_envelope,
)
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, Raw

ACCEPTED: dict[bytes, Envelope] = {
    b'{"id":1,"method":"a","params":{"x":[1]}}': RequestMessage(id=1, method="a", params=Raw(b'{"x":[1]}')),
    b'{"id":"s","method":"a"}': RequestMessage(id="s", method="a"),
    b'{"id":"","method":""}': RequestMessage(id="", method=""),
    b'{"id":-7,"method":"a","params":null}': RequestMessage(id=-7, method="a"),
    b'{"id":9223372036854775807,"method":"a"}': RequestMessage(id=2**63 - 1, method="a"),
    b'{"jsonrpc":"2.0","id":1,"method":"a"}': RequestMessage(id=1, method="a"),
    b' {"id":1,"method":"a"} \r\n': RequestMessage(id=1, method="a"),
    b'{"id":1,"method":"a","result":{}}': RequestMessage(id=1, method="a"),
    b'{"id":1,"method":"a","error":7}': RequestMessage(id=1, method="a"),
    b'{"method":"a","params":[]}': NotificationMessage(method="a", params=Raw(b"[]")),
    b'{"method":"a","params":null}': NotificationMessage(method="a"),
    b'{"id":1,"result":null}': ResponseMessage(id=1, result=Raw(b"null")),
    b'{"id":1,"result":{"a":1},"error":{"code":1,"message":""}}': ResponseMessage(id=1, result=Raw(b'{"a":1}')),
    b'{"id":1,"method":5,"result":{}}': ResponseMessage(id=1, result=Raw(b"{}")),
    b'{"error":{"code":-3,"message":"m"},"id":"x"}': ErrorMessage(id="x", error=ErrorObject(code=-3, message="m")),
    b'{"error":{"code":1,"data":null,"message":"m"},"id":0}': ErrorMessage(
        id=0, error=ErrorObject(code=1, data=None, message="m")
    ),
}

UNUSABLE_IDS = [b"null", b"1.0", b"1e2", b"true", b"[]", b"{}", b"9223372036854775808", b"-9223372036854775809"]

SWALLOWED = [
    b"",
    b"   ",
    b"null",
    b"5",
    b'"text"',
    b"[]",
    b'[{"id":1,"method":"a"}]',
    b"{}",
    b"{",
    b'{"id":1}',
    b'{"method":5}',
    b'{"id":1,"method":null}',
    b'{"id":null,"result":{}}',
    b'{"id":1,"error":"no"}',
    b'{"id":1,"error":{"code":"1","message":"m"}}',
    b'{"id":1,"error":{"code":1}}',
    b'{"result":{}}',
    b'{"id":1,"method":"a"}{',
    b'{"id":1,"method":"a"} {"id":2,"method":"a"}',
    b'\xef\xbb\xbf{"id":1,"method":"a"}',
    b'{"id":1,"method":"\xff"}',
    b'{"id":1,"method":"a","params":{"x":"\xff"}}',
    b"{'id':1,'method':'a'}",
    b'{"id":1,"method":"a","params":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    b'{"id":1,"method":"a",',
    b'{"id":NaN,"method":"a"}',
]


@pytest.mark.parametrize(("frame", "message"), ACCEPTED.items())
def test_a_message_is_the_first_shape_it_fits(frame: bytes, message: Envelope) -> None:
    assert decode_envelope(frame) == message


@pytest.mark.parametrize("unusable", UNUSABLE_IDS)
def test_a_request_with_an_unusable_id_is_taken_for_a_notification(unusable: bytes) -> None:
    message = decode_envelope(b'{"id":' + unusable + b',"method":"a","params":{}}')
    assert message == NotificationMessage(method="a", params=Raw(b"{}"))


@pytest.mark.parametrize("unusable", UNUSABLE_IDS)
def test_an_answer_with_an_unusable_id_fits_no_shape(unusable: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_envelope(b'{"id":' + unusable + b',"result":{}}')


@pytest.mark.parametrize("frame", SWALLOWED, ids=lambda frame: repr(frame[:40]))
def test_what_fits_no_shape_is_malformed(frame: bytes) -> None:
    with pytest.raises(MalformedMessage):
        decode_envelope(frame)


def test_a_large_message_is_read_whole() -> None:
    text = "x" * 3_000_000
    message = decode_envelope(msgspec.json.encode({"id": 1, "method": "a", "params": {"text": text}}))
    assert isinstance(message, RequestMessage)
    assert message.params is not UNSET
    assert msgspec.json.decode(message.params) == {"text": text}


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text("ab\u00e9"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("ab"), inner, max_size=3),
    max_leaves=5,
)
MEMBER_NAMES = ("id", "method", "params", "result", "error")
MEMBERS: st.SearchStrategy[Mapping[str, object]] = st.fixed_dictionaries({}, optional=dict.fromkeys(MEMBER_NAMES, JSON))


def encoded(value: Mapping[str, object]) -> bytes:
    return json.dumps(value).encode()


@settings(deadline=None)
@given(frame=st.binary() | MEMBERS.map(encoded))
@example(frame=b'{"id":' + b"9" * 5000 + b',"method":"a"}')
@example(frame=b'{"id":1e999,"method":"a"}')
@example(frame=b'{"method":"\\ud800"}')
def test_no_bytes_do_more_than_be_malformed(frame: bytes) -> None:
    try:
        decode_envelope(frame)
    except MalformedMessage as error:
        assert error.detail


@settings(deadline=None)
@given(members=MEMBERS, cut=st.integers(0, 200))
def test_a_truncated_message_is_malformed(members: Mapping[str, object], cut: int) -> None:
    frame = encoded(members)
    with pytest.raises(MalformedMessage):
        decode_envelope(frame[: min(cut, len(frame) - 1)])
