from collections.abc import Callable

import pytest
from agent_core.config.errors import ConfigError
from agent_core.errors import AgentError, UsageError
from agent_protocol.errors import InternalError
from agent_protocol.v2.config import ConfigReadParams, ConfigReadResponse
from agent_protocol.v2.thread import ThreadListParams, ThreadListResponse
from agent_protocol.wire import JsonValue
from agent_server.handlers.table import DEFERRED
from agent_server.limits import Limits
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent
from agent_server.testing.peer import RawPeer
from agent_state.errors import CursorInvalid, StateError

pytestmark = pytest.mark.anyio

SWALLOWED = [
    b"garbage",
    b"[]",
    b'[{"id":1,"method":"thread/list","params":{}}]',
    b'"text"',
    b"42",
    b"null",
    b'{"id":99}',
    b'{"id":null,"method":"thread/list","params":{}}',
    b'{"id":1.5,"method":"thread/list","params":{}}',
    b'{"id":true,"method":"thread/list","params":{}}',
    b'{"id":[1],"method":"thread/list","params":{}}',
    b'{"id":9223372036854775808,"method":"thread/list","params":{}}',
    b'{"id":1,"method":5,"params":{}}',
    b'{"id":1,"method":"thread/list","params":{}} trailing',
    b'\xef\xbb\xbf{"id":1,"method":"thread/list","params":{}}',
    b'{"id":1,"method":"thread/list","params":{}',
    b'{"id":77,"result":{}}',
    b'{"id":77,"error":{"code":1,"message":"x"}}',
    b'{"method":"no/such/notification","params":{}}',
    b"\xff\xfe",
    b"[" * 100_000,
]


async def _connected(server: Server, **capabilities: JsonValue) -> RawPeer:
    peer = RawPeer.attached(server)
    await peer.initialize(**capabilities)
    return peer


@pytest.mark.parametrize("frame", SWALLOWED, ids=range(len(SWALLOWED)))
async def test_what_is_no_message_gets_no_reply(frame: bytes) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        await peer.send(frame, {"id": "after", "method": "thread/list", "params": {}})
        assert (await peer.next())["id"] == "after"


@pytest.mark.parametrize("request_id", [0, -7, 9223372036854775807, "", "text"])
async def test_ids_are_echoed_with_their_type(request_id: int | str) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        reply = await peer.request(request_id, "thread/list")
        assert reply["id"] == request_id
        assert type(reply["id"]) is type(request_id)


@pytest.mark.parametrize(
    "message",
    [
        {"id": 5, "method": "no/such/method", "params": {}},
        {"id": 5, "method": "initialized"},
        {"id": 5, "method": "thread/loaded/list"},
        {"id": 5, "method": "thread/loaded/list", "params": None},
        {"id": 5, "method": "thread/loaded/list", "params": []},
        {"id": 5, "method": "thread/loaded/list", "params": {"limit": -1}},
        {"id": 5, "method": "thread/start", "params": {"approvalPolicy": "unlessTrusted"}},
        {"id": 5, "method": "turn/start", "params": {"threadId": "x"}},
        {"id": 5, "method": "turn/start", "params": {"threadId": "x", "input": [{"type": "other"}]}},
        {"id": 5, "method": "thread/read", "params": {"threadId": "not a uuid"}},
        {"id": 5, "method": "thread/read", "params": {"threadId": "01234567-89ab-cdef-0123-456789abcdef"}},
        {"id": 5, "method": "turn/interrupt", "params": {"threadId": "x", "turnId": "y"}},
    ],
)
async def test_what_cannot_be_asked_is_an_invalid_request(message: JsonValue) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        await peer.send(message)
        reply = await peer.next()
        assert reply["id"] == 5
        assert reply["error"]["code"] == -32600
        assert "data" not in reply["error"]


async def test_unknown_members_are_ignored() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        await peer.send(b'{"jsonrpc":"2.0","id":1,"method":"thread/list","params":{"x":1},"extra":[]}')
        assert "result" in await peer.next()


async def test_replies_have_the_members_in_order() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        await peer.send({"id": 1, "method": "thread/loaded/list", "params": {}}, {"id": 2, "method": "x", "params": {}})
        assert list(await peer.next()) == ["id", "result"]
        refusal = await peer.next()
        assert list(refusal) == ["error", "id"]
        assert list(refusal["error"]) == ["code", "message"]


@pytest.mark.parametrize("params", [{}, None, {"x": 1}])
@pytest.mark.parametrize("method", ["account/logout", "configRequirements/read"])
async def test_methods_without_params_take_them_in_any_form(method: str, params: JsonValue) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        await peer.send({"id": 1, "method": method, "params": params})
        assert method in (await peer.next())["error"]["message"]


@pytest.mark.parametrize("method", DEFERRED)
async def test_methods_that_are_not_built_yet_say_so_and_name_themselves(method: str) -> None:
    params: dict[str, JsonValue] = {
        "thread/name/set": {"threadId": "t", "name": "n"},
        "thread/rollback": {"threadId": "t", "numTurns": 1},
        "skills/remote/export": {"hazelnutId": "h"},
        "skills/config/write": {"path": "/p", "enabled": True},
        "turn/steer": {"threadId": "t", "input": [], "expectedTurnId": "u"},
        "review/start": {"threadId": "t", "target": {"type": "uncommittedChanges"}},
        "mcpServer/oauth/login": {"name": "n"},
        "account/login/start": {"type": "apiKey", "apiKey": "k"},
        "account/login/cancel": {"loginId": "00000000-0000-7000-8000-000000000000"},
        "feedback/upload": {"classification": "bug", "includeLogs": False},
        "command/exec": {"command": ["true"]},
        "config/value/write": {"keyPath": "a", "value": 1, "mergeStrategy": "replace"},
        "config/batchWrite": {"edits": []},
        "fuzzyFileSearch": {"query": "q", "roots": []},
        "fuzzyFileSearch/sessionStart": {"sessionId": "s", "roots": []},
        "fuzzyFileSearch/sessionUpdate": {"sessionId": "s", "query": "q"},
        "fuzzyFileSearch/sessionStop": {"sessionId": "s"},
    }
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server, experimentalApi=True)
        reply = await peer.request(1, method, params.get(method, {"threadId": "t"}))
        assert reply["error"]["code"] == -32600
        assert method in reply["error"]["message"]
        assert not reply["error"]["message"].startswith("Invalid request")


GATED: list[tuple[str, JsonValue, str]] = [
    ("collaborationMode/list", {}, "collaborationMode/list"),
    ("thread/backgroundTerminals/clean", {"threadId": "t"}, "thread/backgroundTerminals/clean"),
    ("fuzzyFileSearch/sessionStop", {"sessionId": "s"}, "fuzzyFileSearch/sessionStop"),
    ("thread/start", {"mockExperimentalField": ""}, "thread/start.mockExperimentalField"),
    ("thread/start", {"experimentalRawEvents": True}, "thread/start.experimentalRawEvents"),
    ("thread/start", {"persistExtendedHistory": True}, "thread/start.persistFullHistory"),
    (
        "thread/start",
        {"dynamicTools": [{"name": "n", "description": "d", "inputSchema": {}}], "persistExtendedHistory": True},
        "thread/start.dynamicTools",
    ),
    ("thread/resume", {"threadId": "t", "path": ""}, "thread/resume.path"),
    ("thread/resume", {"threadId": "t", "persistExtendedHistory": True}, "thread/resume.persistFullHistory"),
    (
        "account/login/start",
        {"type": "chatgptAuthTokens", "accessToken": "a", "chatgptAccountId": "i"},
        "account/login/start.chatgptAuthTokens",
    ),
]


@pytest.mark.parametrize(("method", "params", "reason"), GATED)
async def test_experimental_uses_need_the_capability(method: str, params: JsonValue, reason: str) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        error = (await peer.request(1, method, params))["error"]
        assert error == {"code": -32600, "message": f"{reason} requires experimentalApi capability"}


@pytest.mark.parametrize(
    "params",
    [
        {"dynamicTools": [], "experimentalRawEvents": False, "persistExtendedHistory": False},
        {"dynamicTools": None, "mockExperimentalField": None},
    ],
)
async def test_experimental_members_that_say_nothing_pass_the_gate(params: JsonValue) -> None:
    async with Server(ScriptedAgent()) as server:
        assert "result" in await (await _connected(server)).request(1, "thread/start", params)


async def test_the_capability_opens_the_gate_for_its_own_connection_only() -> None:
    async with Server(ScriptedAgent()) as server:
        opted_in, other = await _connected(server, experimentalApi=True), await _connected(server)
        assert "result" in await opted_in.request(1, "thread/start", {"experimentalRawEvents": True})
        assert "error" in await other.request(1, "thread/start", {"experimentalRawEvents": True})


class _Broken(ScriptedAgent):
    error: Exception = Exception()

    async def list_threads(self, params: ThreadListParams) -> ThreadListResponse:
        raise self.error

    async def config_read(self, params: ConfigReadParams) -> ConfigReadResponse:
        raise self.error


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: UsageError("x"), -32600),
        (lambda: ConfigError("x"), -32600),
        (lambda: CursorInvalid("x"), -32600),
        (lambda: AgentError("x"), -32603),
        (lambda: StateError("x"), -32603),
        (lambda: OSError(28, "full"), -32603),
        (lambda: InternalError("x"), -32603),
        (lambda: KeyError("a defect"), -32603),
    ],
)
async def test_each_failure_has_its_code_and_leaves_the_server_alive(make: Callable[[], Exception], code: int) -> None:
    agent = _Broken()
    agent.error = make()
    async with Server(agent) as server:
        peer = await _connected(server)
        assert (await peer.request(1, "thread/list"))["error"]["code"] == code
        assert "result" in await peer.request(2, "thread/loaded/list")


async def test_a_failure_to_read_the_configuration_is_internal() -> None:
    agent = _Broken()
    agent.error = ConfigError("broken file")
    async with Server(agent) as server:
        assert (await (await _connected(server)).request(1, "config/read"))["error"]["code"] == -32603


async def test_a_frame_of_twenty_megabytes_is_served() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _connected(server)
        thread_id = (await peer.request(1, "thread/start"))["result"]["thread"]["id"]
        text = "x" * 20_000_000
        params = {"threadId": thread_id, "input": [{"type": "text", "text": text}]}
        assert "result" in await peer.request(2, "turn/start", params)


async def test_every_reply_is_sent_once_whatever_the_limits() -> None:
    async with Server(ScriptedAgent(), limits=Limits(max_unanswered=1)) as server:
        peer = await _connected(server)
        await peer.send(*({"id": each, "method": "thread/list", "params": {}} for each in range(50)))
        replies = await peer.take(50)
        assert sorted(reply["id"] for reply in replies) == list(range(50))
