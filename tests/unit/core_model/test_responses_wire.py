import gzip
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace

import anyio
import msgspec
import pytest
from agent_core.model.credential import Credential
from agent_core.model.errors import ProxyUnusable
from agent_core.model.event import Completed, Created, ModelEvent, OutputItemDone, OutputTextDelta, RateLimits
from agent_core.model.http import HttpPool
from agent_core.model.providers import ModelProvider
from agent_core.model.request import ModelRequest, TurnState
from agent_core.model.responses import ResponsesClient
from agent_core.testing.answer import answer, created, message
from agent_core.testing.server import Part, Received, Reply, ScriptedServer, Step, Stream, encode_event
from agent_protocol.rollout.response_item import InputTextPart, MessageItem
from agent_protocol.wire import JsonValue

REQUEST = ModelRequest(
    thread_id="thread-1",
    turn_id="turn-1",
    model="m",
    instructions="i",
    input=(MessageItem(role="user", content=(InputTextPart(text="hi"),)),),
)
DEFAULTS = {"originator": "agent_test", "User-Agent": "agent_test/1"}


def client(server: ScriptedServer, *, environ: dict[str, str] | None = None, **fields: JsonValue) -> ResponsesClient:
    provider = msgspec.structs.replace(ModelProvider(id="p", name="P", base_url=server.url), **fields)
    return ResponsesClient(provider, headers=DEFAULTS, environ=environ or {})


async def events_of(model: ResponsesClient, request: ModelRequest = REQUEST) -> list[ModelEvent]:
    async with model.open(request) as events:
        return [event async for event in events]


async def ask(script: Sequence[Step], request: ModelRequest = REQUEST, **fields: JsonValue) -> list[ModelEvent]:
    async with ScriptedServer(script) as server:
        model = client(server, **fields)
        try:
            return await events_of(model, request)
        finally:
            await model.aclose()


def texts(events: Sequence[ModelEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, OutputTextDelta))


@pytest.mark.anyio
async def test_an_answer_comes_as_events_in_order() -> None:
    events = await ask([answer(message("hello", deltas=["hel", "lo"]))])
    assert [type(event).__name__ for event in events] == [
        "RateLimits",
        "Created",
        "OutputItemAdded",
        "OutputTextDelta",
        "OutputTextDelta",
        "OutputItemDone",
        "Completed",
    ]
    assert texts(events) == "hello"


@pytest.mark.anyio
@pytest.mark.parametrize("newline", [b"\r\n", b"\r"])
async def test_other_line_ends_and_comments_make_no_difference(newline: bytes) -> None:
    parts: list[Part] = [b": ping\r\n\r\n", *answer(message("hello")), b"data: [DONE]\n\n"]
    assert texts(await ask([Stream(parts=parts, newline=newline, separate=True)])) == "hello"


@pytest.mark.anyio
async def test_garbage_between_events_is_skipped() -> None:
    parts: list[Part] = [b"\x00\xff\xfe\n\ndata: {broken\n\n<html>\n\n", *answer(message("hello"))]
    assert texts(await ask([Stream(parts=parts)])) == "hello"


@pytest.mark.anyio
async def test_nothing_after_the_end_is_read() -> None:
    events = await ask([Stream(parts=[*answer(message("a")), *message("b")])])
    assert isinstance(events[-1], Completed)
    assert texts(events) == "a"


@pytest.mark.anyio
async def test_events_are_handed_on_while_the_answer_is_still_open() -> None:
    gate = anyio.Event()
    async with ScriptedServer([[created(), gate, *answer()]]) as server:
        model = client(server)
        async with model.open(REQUEST) as events:
            first = [await anext(events), await anext(events)]
            gate.set()
            rest = [event async for event in events]
        await model.aclose()
    assert [type(event) for event in first] == [RateLimits, Created]
    assert isinstance(rest[-1], Completed)


@pytest.mark.anyio
async def test_the_request_has_these_headers_and_no_others() -> None:
    async with ScriptedServer([answer()]) as server:
        model = client(
            server,
            environ={"KEY": "k-1", "TEAM": " red ", "EMPTY": " "},
            env_key="KEY",
            http_headers={"X-Static": "s", "Originator": "configured"},
            env_http_headers={"X-Team": "TEAM", "X-Empty": "EMPTY", "X-Unset": "UNSET"},
            query_params={"api-version": "1 2"},
        )
        request = replace(REQUEST, turn_metadata='{"turn_id":"turn-1"}', subagent="review", turn_state=TurnState("s"))
        await events_of(model, request)
        await model.aclose()
    received = server.requests[0]
    assert (received.method, received.target) == ("POST", "/v1/responses?api-version=1+2")
    headers = dict(received.headers)
    del headers["host"], headers["content-length"]
    assert headers == {
        "accept": "text/event-stream",
        "accept-encoding": "identity",
        "authorization": "Bearer k-1",
        "connection": "keep-alive",
        "content-type": "application/json",
        "originator": "configured",
        "session_id": "thread-1",
        "user-agent": "agent_test/1",
        "x-codex-turn-metadata": '{"turn_id":"turn-1"}',
        "x-codex-turn-state": "s",
        "x-openai-subagent": "review",
        "x-static": "s",
        "x-team": "red",
    }
    assert received.body["prompt_cache_key"] == "thread-1"


@pytest.mark.anyio
async def test_a_default_no_header_can_carry_is_left_out() -> None:
    async with ScriptedServer([answer()]) as server:
        provider = ModelProvider(id="p", name="P", base_url=server.url)
        model = ResponsesClient(provider, headers={"originator": "ïde\n", "user-agent": "a"}, environ={})
        await events_of(model)
        await model.aclose()
    assert "originator" not in server.requests[0].headers
    assert server.requests[0].headers["user-agent"] == "a"


@pytest.mark.anyio
async def test_without_a_key_no_authorization_is_sent() -> None:
    async with ScriptedServer([answer()]) as server:
        model = client(server)
        await events_of(model)
        await model.aclose()
    assert "authorization" not in server.requests[0].headers


@pytest.mark.anyio
async def test_a_chatgpt_login_sends_its_account() -> None:
    async def login() -> Credential:
        return Credential(token="t", origin="login", chatgpt=True, account_id="acc")

    async with ScriptedServer([answer()]) as server:
        provider = ModelProvider(id="p", name="P", base_url=server.url)
        model = ResponsesClient(provider, headers=DEFAULTS, stored=login, environ={})
        await events_of(model)
        await model.aclose()
    headers = server.requests[0].headers
    assert (headers["authorization"], headers["chatgpt-account-id"]) == ("Bearer t", "acc")


@pytest.mark.anyio
async def test_azure_gets_its_form_of_the_body() -> None:
    async with ScriptedServer([answer()]) as server:
        model = client(server, name="azure")
        await events_of(model)
        await model.aclose()
    assert server.requests[0].body["store"] is True


@pytest.mark.anyio
async def test_the_routing_token_of_the_first_answer_stays_for_the_turn() -> None:
    def step(token: str) -> Stream:
        return Stream(parts=answer(), headers={"X-Codex-Turn-State": token})

    async with ScriptedServer([step("a"), step("b"), step("c")]) as server:
        model = client(server)
        state = TurnState()
        for _ in range(2):
            await events_of(model, replace(REQUEST, turn_state=state))
        await events_of(model, replace(REQUEST, turn_state=TurnState()))
        await model.aclose()
    assert state.token == "a"
    assert [received.headers.get("x-codex-turn-state") for received in server.requests] == [None, "a", None]


@pytest.mark.anyio
async def test_leaving_early_drops_the_answer_and_the_client_stays_usable() -> None:
    never = anyio.Event()
    async with ScriptedServer([[created(), never], answer(message("next"))]) as server:
        model = client(server)
        async with model.open(REQUEST) as events:
            assert isinstance(await anext(events), RateLimits)
        assert texts(await events_of(model)) == "next"
        await model.aclose()


@pytest.mark.anyio
async def test_a_cancelled_answer_leaves_the_client_usable() -> None:
    never = anyio.Event()
    async with ScriptedServer([[created(), never], answer(message("next"))]) as server:
        model = client(server)
        with anyio.CancelScope() as scope:
            async with model.open(REQUEST) as events:
                async for event in events:
                    if isinstance(event, Created):
                        scope.cancel()
        assert scope.cancelled_caught
        assert texts(await events_of(model)) == "next"
        await model.aclose()


@pytest.mark.anyio
async def test_answers_read_to_their_end_share_one_connection() -> None:
    hosts: list[Received] = []

    def keep(received: Received) -> Reply:
        hosts.append(received)
        return answer()

    async with ScriptedServer([keep, keep, keep]) as server:
        pool = HttpPool()
        provider = ModelProvider(id="p", name="P", base_url=server.url)
        model = ResponsesClient(provider, headers={}, environ={}, pool=pool)
        await model.prepare()
        for _ in range(3):
            await events_of(model)
        await model.aclose()
        await pool.aclose()
    assert len(hosts) == 3
    assert server.connections == 1


@pytest.mark.anyio
async def test_a_compressed_answer_is_read_all_the_same() -> None:
    content = gzip.compress(b"".join(encode_event(event) for event in answer(message("hello"))))
    events = await ask([Stream(parts=[content], headers={"content-encoding": "gzip"})])
    assert texts(events) == "hello"


@pytest.mark.anyio
async def test_five_thousand_deltas_arrive_whole() -> None:
    deltas = [f"{index} " for index in range(5000)]
    events = await ask([answer(message("".join(deltas), deltas=deltas))])
    assert texts(events) == "".join(deltas)
    done = [event for event in events if isinstance(event, OutputItemDone)]
    assert len(done) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_the_client_needs_no_particular_event_loop(backend: str) -> None:
    assert texts(anyio.run(ask, [answer(message("x"))], backend=backend)) == "x"


@pytest.mark.anyio
async def test_a_proxy_of_the_environment_is_not_asked_for_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    assert texts(await ask([answer(message("direct"))])) == "direct"


@pytest.mark.anyio
async def test_a_proxy_that_cannot_be_used_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "gopher://somewhere")
    with pytest.raises(ProxyUnusable):
        await ask([answer()])


def test_the_http_library_is_loaded_only_when_it_is_used() -> None:
    code = "import sys, agent_core.model.responses; print(int('httpx2' in sys.modules or 'ssl' in sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0\n"
