"""Methods of the protocol that are not served yet."""

from collections.abc import Mapping

import pytest
from agent_protocol.wire import JsonValue
from agent_server.handlers.table import DEFERRED
from stage import UNKNOWN_THREAD, Stage

INVALID = -32600
THREAD: JsonValue = {"threadId": UNKNOWN_THREAD}
LEAST: Mapping[str, JsonValue] = {
    "thread/compact/start": THREAD,
    "thread/backgroundTerminals/clean": THREAD,
    "skills/remote/export": {"hazelnutId": "h"},
    "skills/config/write": {"path": "/p", "enabled": True},
    "turn/steer": {**THREAD, "input": [], "expectedTurnId": "t"},
    "review/start": {**THREAD, "target": {"type": "uncommittedChanges"}},
    "mcpServer/oauth/login": {"name": "n"},
    "account/login/start": {"type": "apiKey", "apiKey": "k"},
    "account/login/cancel": {"loginId": "l"},
    "feedback/upload": {"classification": "bug", "includeLogs": False},
    "command/exec": {"command": ["true"]},
    "config/value/write": {"keyPath": "model", "value": "m", "mergeStrategy": "replace"},
    "config/batchWrite": {"edits": []},
    "fuzzyFileSearch": {"query": "q", "roots": []},
    "fuzzyFileSearch/sessionStart": {"sessionId": "s", "roots": []},
    "fuzzyFileSearch/sessionUpdate": {"sessionId": "s", "query": "q"},
    "fuzzyFileSearch/sessionStop": {"sessionId": "s"},
}
"""The least params of methods that need some; the others take an empty object."""


@pytest.mark.requirement("rpc.not-available")
@pytest.mark.parametrize("method", DEFERRED)
def test_a_method_that_is_not_served_yet_says_so(ours: Stage, method: str) -> None:
    error = ours.error(method, LEAST.get(method, {}))
    assert error["code"] == INVALID
    assert "data" not in error
    assert method in error["message"]
    assert not error["message"].startswith("Invalid request: ")


@pytest.mark.requirement("rpc.not-available")
def test_a_method_that_is_not_served_yet_still_reads_its_params(ours: Stage) -> None:
    for method in LEAST:
        assert ours.error(method, {})["message"].startswith("Invalid request: "), method
