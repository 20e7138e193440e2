from collections.abc import Mapping, Sequence
from typing import Annotated

import pytest
from agent_protocol import registry
from agent_protocol.experimental import Experimental, first_experimental_reason
from agent_protocol.jsonrpc import decode_params
from agent_protocol.registry import Method
from agent_protocol.wire import JsonValue, Wire
from msgspec import Raw

THREAD = '"threadId":"t"'
SETTINGS = '{"mode":"plan","settings":{"model":"m"}}'

GATED = [
    ("thread/start", '{"dynamicTools":[{"name":"n","description":"d","inputSchema":{}}]}', "thread/start.dynamicTools"),
    ("thread/start", '{"mockExperimentalField":""}', "thread/start.mockExperimentalField"),
    ("thread/start", '{"experimentalRawEvents":true}', "thread/start.experimentalRawEvents"),
    ("thread/start", '{"persistExtendedHistory":true}', "thread/start.persistFullHistory"),
    ("thread/resume", f'{{{THREAD},"history":[{{"type":"other"}}]}}', "thread/resume.history"),
    ("thread/resume", f'{{{THREAD},"path":""}}', "thread/resume.path"),
    ("thread/resume", f'{{{THREAD},"persistExtendedHistory":true}}', "thread/resume.persistFullHistory"),
    ("thread/fork", f'{{{THREAD},"path":"/p"}}', "thread/fork.path"),
    ("thread/fork", f'{{{THREAD},"persistExtendedHistory":true}}', "thread/fork.persistFullHistory"),
    ("turn/start", f'{{{THREAD},"input":[],"collaborationMode":{SETTINGS}}}', "turn/start.collaborationMode"),
    (
        "account/login/start",
        '{"type":"chatgptAuthTokens","accessToken":"","chatgptAccountId":""}',
        "account/login/start.chatgptAuthTokens",
    ),
    ("thread/backgroundTerminals/clean", f"{{{THREAD}}}", "thread/backgroundTerminals/clean"),
    ("collaborationMode/list", "{}", "collaborationMode/list"),
    ("fuzzyFileSearch/sessionStart", '{"sessionId":"s","roots":[]}', "fuzzyFileSearch/sessionStart"),
    ("fuzzyFileSearch/sessionUpdate", '{"sessionId":"s","query":""}', "fuzzyFileSearch/sessionUpdate"),
    ("fuzzyFileSearch/sessionStop", '{"sessionId":"s"}', "fuzzyFileSearch/sessionStop"),
]

OPEN = [
    ("thread/start", "{}"),
    ("thread/start", '{"dynamicTools":[],"experimentalRawEvents":false,"persistExtendedHistory":false}'),
    ("thread/start", '{"dynamicTools":null,"mockExperimentalField":null}'),
    ("thread/resume", f'{{{THREAD},"history":[],"path":null}}'),
    ("thread/fork", f"{{{THREAD}}}"),
    ("turn/start", f'{{{THREAD},"input":[],"collaborationMode":null}}'),
    ("account/login/start", '{"type":"apiKey","apiKey":"k"}'),
    ("account/login/start", '{"type":"chatgpt"}'),
    ("account/logout", "{}"),
    ("config/read", "{}"),
]


def reason(name: str, params: str) -> str | None:
    method = registry.client_method(name)
    assert method is not None
    return first_experimental_reason(method, decode_params(method, Raw(params.encode())))


@pytest.mark.parametrize(("name", "params", "expected"), GATED)
def test_what_is_used_is_named(name: str, params: str, expected: str) -> None:
    assert reason(name, params) == expected


@pytest.mark.parametrize(("name", "params"), OPEN)
def test_what_is_not_really_given_passes(name: str, params: str) -> None:
    assert reason(name, params) is None


def test_the_first_reason_in_the_order_of_declaration_is_told() -> None:
    params = '{"persistExtendedHistory":true,"experimentalRawEvents":true,"mockExperimentalField":"x"}'
    assert reason("thread/start", params) == "thread/start.mockExperimentalField"


class Inner(Wire, frozen=True, kw_only=True):
    flag: Annotated[bool, Experimental("inner.flag")] = False


class Outer(Wire, frozen=True, kw_only=True):
    inner: Inner | None = None
    table: Annotated[Mapping[str, int], Experimental("outer.table")] = {}
    names: Annotated[Sequence[str] | None, Experimental("outer.names")] = None
    open: Annotated[JsonValue, Experimental("outer.open")] = None
    is_on: Annotated[bool | None, Experimental("outer.isOn")] = None


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        (Outer(open=0), "outer.open"),
        (Outer(inner=Inner(flag=True)), "inner.flag"),
        (Outer(inner=Inner(), table={"a": 1}), "outer.table"),
        (Outer(names=["a"]), "outer.names"),
        (Outer(is_on=True), "outer.isOn"),
    ],
)
def test_presence_follows_the_declared_type(params: Outer, expected: str) -> None:
    method = Method("outer", Outer, Inner)
    assert first_experimental_reason(method, params) == expected
