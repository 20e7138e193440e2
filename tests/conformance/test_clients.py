"""Several clients of one server, inside this process: one connection is all that standard input and output offer."""

from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeAlias

import anyio
import pytest
from agent_core.agent import open_agent
from agent_core.face import ThreadOptions
from agent_core.testing.answer import answer, function_call, message
from agent_core.testing.model import Answer, ScriptedModel
from agent_protocol.errors import ConnectionLost
from agent_protocol.wire import JsonValue
from agent_server.limits import Limits
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent, ScriptedThread
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio

QUESTION = "item/commandExecution/requestApproval"
RESOLVED = "serverRequest/resolved"
OVERLOADED = -32001
FINE = answer(message("Done."))
TOUCH = answer(function_call("exec_command", {"cmd": "touch made"}, call_id="c1"))

Serve: TypeAlias = Callable[..., AbstractAsyncContextManager[Server]]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def serve(tmp_path: Path, work: Path) -> Serve:
    """Serves an agent whose model answers from a script."""

    @asynccontextmanager
    async def serving(script: Iterable[Answer], limits: Limits | None = None) -> AsyncIterator[Server]:
        environ = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin"}
        home, model = tmp_path / "home", ScriptedModel(script)
        home.mkdir()
        async with (
            open_agent(home=home, cwd=work, environ=environ, model=model) as agent,
            Server(agent, limits=limits) as server,
        ):
            yield server

    return serving


async def joined(server: Server, **kwargs: int) -> RawPeer:
    peer = RawPeer.attached(server, **kwargs)
    await peer.initialize()
    return peer


async def started(peer: RawPeer, **params: JsonValue) -> str:
    given = {"approvalPolicy": "untrusted", "sandbox": "danger-full-access", **params}
    reply = await peer.request("start", "thread/start", given)
    thread_id = reply["result"]["thread"]["id"]
    assert isinstance(thread_id, str)
    await peer.until_method("thread/started")
    return thread_id


async def begin(peer: RawPeer, thread_id: str) -> None:
    given: JsonValue = {"threadId": thread_id, "input": [{"type": "text", "text": "go"}]}
    assert "result" in await peer.request("begin", "turn/start", given)


async def recorded(peer: RawPeer) -> str:
    """Start a thread and run its first turn, so that it can be resumed."""
    thread_id = await started(peer)
    await begin(peer, thread_id)
    await peer.until_method("turn/completed")
    return thread_id


async def resume(peer: RawPeer, thread_id: str) -> JsonValue:
    return (await peer.request("resume", "thread/resume", {"threadId": thread_id}))["result"]["thread"]


async def decide(peer: RawPeer, question: JsonValue, decision: str) -> None:
    await peer.send({"id": question["id"], "result": {"decision": decision}})


async def hears_nothing(peer: RawPeer) -> bool:
    await peer.send({"id": "still", "method": "account/read", "params": {}})
    return bool((await peer.next()).get("id") == "still")


@pytest.mark.requirement("subscriptions")
async def test_only_those_who_started_or_resumed_a_thread_hear_of_it(serve: Serve) -> None:
    async with serve([FINE, answer(message("Again.", item_id="m2"))]) as server:
        first, other = await joined(server), await joined(server)
        thread_id = await started(first)
        assert (await other.next())["method"] == "thread/started"
        await begin(first, thread_id)
        await first.until_method("turn/completed")
        assert (await other.next())["method"] == "turn/started"
        assert await hears_nothing(other)
        await resume(other, thread_id)
        await begin(other, thread_id)
        for peer in (first, other):
            await peer.until_method("item/agentMessage/delta")
            await peer.until_method("turn/completed")


@pytest.mark.requirement("subscriptions", "thread/resume")
async def test_a_client_whose_resume_was_refused_hears_nothing_of_the_thread(serve: Serve) -> None:
    async with serve([FINE]) as server:
        first, other = await joined(server), await joined(server)
        thread_id = await started(first)
        await other.until_method("thread/started")
        assert "error" in await other.request("early", "thread/resume", {"threadId": thread_id})
        await begin(first, thread_id)
        await first.until_method("turn/completed")
        assert (await other.next())["method"] == "turn/started"
        assert await hears_nothing(other)


@pytest.mark.requirement("first-answer-wins", "resolved-questions-are-told")
async def test_a_question_goes_to_all_and_the_first_answer_settles_it(serve: Serve, work: Path) -> None:
    async with serve([FINE, TOUCH, FINE]) as server:
        first, second = await joined(server), await joined(server)
        thread_id = await recorded(first)
        await resume(second, thread_id)
        await begin(first, thread_id)
        question = await first.until_method(QUESTION)
        assert await second.until_method(QUESTION) == question
        await decide(second, question, "decline")
        told = await first.until_method(RESOLVED)
        assert told["params"] == {"threadId": thread_id, "requestId": question["id"]}
        await decide(first, question, "accept")
        await first.until_method("turn/completed")
        assert not (work / "made").exists()


@pytest.mark.requirement("questions-reach-late-subscribers")
async def test_a_client_that_comes_later_is_asked_too(serve: Serve, work: Path) -> None:
    async with serve([TOUCH, FINE]) as server:
        first, late = await joined(server), await joined(server)
        thread_id = await started(first)
        await begin(first, thread_id)
        question = await first.until_method(QUESTION)
        thread = await resume(late, thread_id)
        assert thread["status"] == {"type": "active", "activeFlags": ["waitingOnApproval"]}
        assert await late.next() == question
        await decide(late, question, "accept")
        assert (await late.until_method("turn/completed"))["params"]["turn"]["status"] == "completed"
        assert (work / "made").exists()


@pytest.mark.requirement("resolved-questions-are-told")
async def test_a_question_is_void_when_its_turn_ends(serve: Serve) -> None:
    async with serve([FINE, TOUCH]) as server:
        first, second = await joined(server), await joined(server)
        thread_id = await recorded(first)
        await resume(second, thread_id)
        await begin(first, thread_id)
        question = await first.until_method(QUESTION)
        await second.until_method(QUESTION)
        await first.send({"id": "stop", "method": "turn/interrupt", "params": {"threadId": thread_id, "turnId": "t"}})
        for peer in (first, second):
            assert (await peer.until_method(RESOLVED))["params"]["requestId"] == question["id"]


@pytest.mark.requirement("unheard-questions-wait")
async def test_a_question_nobody_heard_waits_for_the_next_client(serve: Serve, work: Path) -> None:
    gate = anyio.Event()
    async with serve([[TOUCH[0], gate, *TOUCH[1:]], FINE]) as server:
        first, late = await joined(server), await joined(server)
        thread_id = await started(first)
        await begin(first, thread_id)
        await first.aclose()
        while len(server.statistics()) > 1:
            await anyio.lowlevel.checkpoint()
        gate.set()
        await waiting(late, thread_id, {"type": "active", "activeFlags": ["waitingOnApproval"]})
        await resume(late, thread_id)
        await decide(late, await late.until_method(QUESTION), "accept")
        await late.until_method("turn/completed")
        assert (work / "made").exists()


async def waiting(peer: RawPeer, thread_id: str, status: JsonValue) -> None:
    """Return when the thread has this status."""
    with anyio.fail_after(10):
        while True:
            reply = await peer.request("read", "thread/read", {"threadId": thread_id})
            if reply["result"]["thread"]["status"] == status:
                return


@pytest.mark.requirement("no-backlog")
async def test_what_nobody_heard_is_in_the_reply_and_not_repeated(serve: Serve) -> None:
    gate = anyio.Event()
    async with serve([[FINE[0], gate, *FINE[1:]]]) as server:
        first, late = await joined(server), await joined(server)
        thread_id = await started(first)
        await begin(first, thread_id)
        await first.aclose()
        while len(server.statistics()) > 1:
            await anyio.lowlevel.checkpoint()
        gate.set()
        await waiting(late, thread_id, {"type": "idle"})
        (turn,) = (await resume(late, thread_id))["turns"]
        assert (turn["status"], [item["type"] for item in turn["items"]]) == (
            "completed",
            ["userMessage", "agentMessage"],
        )
        assert await hears_nothing(late)


@pytest.mark.requirement("slow-client")
async def test_a_client_that_does_not_read_is_closed_and_delays_nobody(serve: Serve) -> None:
    parts = [message("x" * 400, item_id=f"m{number}") for number in range(200)]
    async with serve([FINE, answer(*parts)], limits=Limits(outbox_bytes=30_000)) as server:
        reading, stuck = await joined(server), await joined(server, pipe_bytes=1000)
        thread_id = await recorded(reading)
        await stuck.send({"id": "resume", "method": "thread/resume", "params": {"threadId": thread_id}})
        await anyio.wait_all_tasks_blocked()
        await begin(reading, thread_id)
        shown = 0
        while (said := await reading.next())["method"] != "turn/completed":
            shown += said["method"] == "item/completed" and said["params"]["item"]["type"] == "agentMessage"
        assert shown == len(parts)
        with pytest.raises(ConnectionLost):
            while True:
                await stuck.next()
        assert len(server.statistics()) == 1


class HesitantAgent(ScriptedAgent):
    """Starts no thread before ``gate`` is set."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = anyio.Event()

    async def start_thread(self, options: ThreadOptions) -> ScriptedThread:
        await self.gate.wait()
        return await super().start_thread(options)


@pytest.mark.requirement("order-per-connection")
async def test_a_request_that_takes_long_delays_its_own_connection_only() -> None:
    agent = HesitantAgent()
    async with Server(agent) as server:
        first, other = await joined(server), await joined(server)
        await first.send(
            {"id": 1, "method": "thread/start", "params": {}},
            {"id": 2, "method": "thread/loaded/list", "params": {}},
        )
        assert (await other.request(3, "thread/loaded/list"))["result"]["data"] == []
        agent.gate.set()
        assert (await first.next())["id"] == 1
        listed = await first.until(lambda each: each.get("id") == 2)
        assert len(listed["result"]["data"]) == 1


@pytest.mark.requirement("overload")
async def test_requests_beyond_what_may_be_under_way_are_refused_and_the_others_answered() -> None:
    agent = HesitantAgent()
    limit, count = 128, 200
    async with Server(agent) as server:
        peer = await joined(server)
        await peer.send({"id": 0, "method": "thread/start", "params": {}})
        await peer.send(*({"id": n, "method": "thread/list", "params": {}} for n in range(1, count)))
        refused = await peer.take(count - limit)
        assert {(each["error"]["code"], "data" in each["error"]) for each in refused} == {(OVERLOADED, False)}
        assert [each["id"] for each in refused] == list(range(limit, count))
        agent.gate.set()
        answered = [each["id"] for each in await peer.take(limit + 1) if "id" in each]
        assert answered == list(range(limit))
