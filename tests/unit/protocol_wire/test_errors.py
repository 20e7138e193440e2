import pytest
from agent_protocol.errors import (
    AlreadyInitialized,
    ConnectionLost,
    ErrorCode,
    ExperimentalRequired,
    InternalError,
    InvalidRequest,
    NotInitialized,
    Overloaded,
    ProtocolError,
    RemoteError,
    UndecodableRequest,
)
from msgspec import UNSET


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (InvalidRequest("x"), -32600),
        (UndecodableRequest("x"), -32600),
        (NotInitialized(), -32600),
        (AlreadyInitialized(), -32600),
        (ExperimentalRequired("x"), -32600),
        (InternalError("x"), -32603),
        (Overloaded(), -32001),
    ],
)
def test_every_error_for_the_peer_has_its_code_and_no_data_of_itself(error: ProtocolError, code: int) -> None:
    assert error.code == code
    assert error.data is UNSET
    assert error.message


def test_an_experimental_refusal_names_its_reason_first() -> None:
    error = ExperimentalRequired("thread/start.persistFullHistory")
    assert error.message.split(" ", 1) == ["thread/start.persistFullHistory", "requires experimentalApi capability"]


def test_errors_carry_their_facts() -> None:
    assert InvalidRequest("x", {"a": 1}).data == {"a": 1}
    assert RemoteError(ErrorCode.OVERLOADED, "m", None).data is None
    assert ConnectionLost("eof").reason == "eof"
