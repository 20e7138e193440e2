"""What only clients that opted in may use."""

from collections.abc import Iterator

import pytest
from agent_protocol.wire import JsonValue
from implementation import IMPLEMENTATIONS, find
from stage import UNKNOWN_THREAD, Stage, staged

INVALID = -32600
TURN: dict[str, JsonValue] = {"threadId": UNKNOWN_THREAD, "input": []}
MODE: dict[str, JsonValue] = {"mode": "plan", "settings": {"model": "x"}}
TOOL: dict[str, JsonValue] = {"name": "t", "description": "d", "inputSchema": {"type": "object"}}
REFUSED = [
    ("thread/backgroundTerminals/clean", {"threadId": UNKNOWN_THREAD}, "thread/backgroundTerminals/clean"),
    ("collaborationMode/list", {}, "collaborationMode/list"),
    ("fuzzyFileSearch/sessionStart", {"sessionId": "s", "roots": []}, "fuzzyFileSearch/sessionStart"),
    ("fuzzyFileSearch/sessionUpdate", {"sessionId": "s", "query": "q"}, "fuzzyFileSearch/sessionUpdate"),
    ("fuzzyFileSearch/sessionStop", {"sessionId": "s"}, "fuzzyFileSearch/sessionStop"),
    ("thread/start", {"dynamicTools": [TOOL]}, "thread/start.dynamicTools"),
    ("thread/start", {"mockExperimentalField": "x"}, "thread/start.mockExperimentalField"),
    ("thread/start", {"experimentalRawEvents": True}, "thread/start.experimentalRawEvents"),
    ("thread/start", {"persistExtendedHistory": True}, "thread/start.persistFullHistory"),
    ("thread/resume", {"threadId": "x", "history": [{"type": "other"}]}, "thread/resume.history"),
    ("thread/resume", {"threadId": "x", "path": "/x"}, "thread/resume.path"),
    ("thread/resume", {"threadId": "x", "persistExtendedHistory": True}, "thread/resume.persistFullHistory"),
    ("thread/fork", {"threadId": "x", "path": "/x"}, "thread/fork.path"),
    ("thread/fork", {"threadId": "x", "persistExtendedHistory": True}, "thread/fork.persistFullHistory"),
    ("turn/start", {**TURN, "collaborationMode": MODE}, "turn/start.collaborationMode"),
    (
        "account/login/start",
        {"type": "chatgptAuthTokens", "accessToken": "t", "chatgptAccountId": "a"},
        "account/login/start.chatgptAuthTokens",
    ),
    (
        "thread/start",
        {"persistExtendedHistory": True, "experimentalRawEvents": True},
        "thread/start.experimentalRawEvents",
    ),
]


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def plain(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(find(request.param), tmp_path_factory.mktemp("plain"), experimental=False) as stage:
        yield stage


@pytest.mark.requirement("gate.reasons")
@pytest.mark.parametrize("method, params, reason", REFUSED)
def test_experimental_use_is_refused_with_its_reason(plain: Stage, method: str, params: JsonValue, reason: str) -> None:
    error = plain.error(method, params)
    assert error == {"code": INVALID, "message": f"{reason} requires experimentalApi capability"}


@pytest.mark.requirement("gate.presence")
@pytest.mark.parametrize(
    "params",
    [
        {"dynamicTools": []},
        {"dynamicTools": None},
        {"mockExperimentalField": None},
        {"experimentalRawEvents": False},
        {"persistExtendedHistory": False},
    ],
)
def test_what_says_nothing_is_not_use(plain: Stage, params: JsonValue) -> None:
    assert "thread" in plain.server.result("thread/start", params)


@pytest.mark.requirement("gate.presence")
@pytest.mark.parametrize(
    "method, params",
    [
        ("thread/resume", {"threadId": UNKNOWN_THREAD, "history": []}),
        ("thread/resume", {"threadId": UNKNOWN_THREAD, "path": None, "persistExtendedHistory": False}),
        ("turn/start", {**TURN, "collaborationMode": None}),
    ],
)
def test_what_says_nothing_passes_the_gate_and_fails_for_another_reason(
    plain: Stage, method: str, params: JsonValue
) -> None:
    error = plain.error(method, params)
    assert error["code"] == INVALID
    assert "experimentalApi" not in error["message"]


@pytest.mark.requirement("gate.presence")
def test_an_empty_text_is_use_and_a_wrong_type_is_told_first(plain: Stage) -> None:
    assert "experimentalApi" in plain.error("thread/start", {"mockExperimentalField": ""})["message"]
    mistyped = plain.error("thread/start", {"experimentalRawEvents": True, "cwd": 5})
    assert mistyped["message"].startswith("Invalid request: ")


@pytest.mark.requirement("gate.reasons")
def test_a_client_that_opted_in_may_use_it(stage: Stage) -> None:
    for method, params, _ in REFUSED:
        message = stage.server.request(method, params).get("error", {}).get("message", "")
        assert "experimentalApi" not in message, method
