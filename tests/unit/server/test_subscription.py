import pytest
from agent_protocol.rollout.event import (
    DeprecationNoticeEvent,
    ErrorEvent,
    ItemCompletedEvent,
    TaskStartedEvent,
    TurnDiffEvent,
)
from agent_protocol.rollout.turn_item import AgentMessageText, AgentMessageTurnItem
from agent_protocol.wire import JsonValue
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent, stay_active
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio


async def _peer(server: Server) -> RawPeer:
    peer = RawPeer.attached(server)
    await peer.initialize()
    return peer


async def _started(peer: RawPeer) -> str:
    reply = await peer.request("start", "thread/start")
    thread_id = reply["result"]["thread"]["id"]
    assert isinstance(thread_id, str)
    await peer.until_method("thread/started")
    return thread_id


async def test_thread_start_answers_then_tells_everybody_then_shows_what_the_thread_said_so_far() -> None:
    agent = ScriptedAgent()
    agent.before_thread_is_returned = lambda thread: thread.emit(DeprecationNoticeEvent(summary="old"))
    async with Server(agent) as server:
        starter, other = await _peer(server), await _peer(server)
        await starter.send({"id": 1, "method": "thread/start", "params": {"model": "m"}})
        reply, started, notice = await starter.take(3)
        assert reply["id"] == 1
        assert started == {"method": "thread/started", "params": {"thread": reply["result"]["thread"]}}
        assert notice["method"] == "deprecationNotice"
        assert (await other.next())["method"] == "thread/started"
        assert agent.options[0].model == "m"
        assert reply["result"]["approvalsReviewer"] == "user"


async def test_turn_start_answers_then_tells_of_the_turn_then_shows_its_items() -> None:
    agent = ScriptedAgent()
    async with Server(agent) as server:
        peer = await _peer(server)
        thread_id = await _started(peer)
        spelled = f"urn:uuid:{thread_id.upper()}"
        await peer.send({"id": 2, "method": "turn/start", "params": {"threadId": spelled, "input": []}})
        reply, started, completed = await peer.take(3)
        turn: dict[str, JsonValue] = {"id": "turn-1", "items": [], "status": "inProgress", "error": None}
        assert reply == {"id": 2, "result": {"turn": turn}}
        assert started == {"method": "turn/started", "params": {"threadId": spelled, "turn": turn}}
        assert completed["params"] == {"threadId": thread_id, "turn": {**turn, "status": "completed"}}


async def test_turn_started_goes_to_everybody_and_items_to_subscribers() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        subscriber, other = await _peer(server), await _peer(server)
        thread_id = await _started(subscriber)
        await other.until_method("thread/started")
        reply = await other.request(1, "turn/start", {"threadId": thread_id, "input": []})
        assert reply["result"]["turn"]["id"] == "turn-1"
        agent.started[0].emit(TurnDiffEvent(unified_diff="d"))
        agent.started[0].end_turn()
        methods = [message["method"] for message in await subscriber.take(3)]
        assert methods == ["turn/started", "turn/diff/updated", "turn/completed"]
        assert (await other.next())["method"] == "turn/started"
        await other.send({"id": 2, "method": "account/read", "params": {}})
        assert (await other.next())["id"] == 2


async def test_a_turn_nobody_announced_is_announced_from_the_log() -> None:
    agent = ScriptedAgent()
    async with Server(agent) as server:
        peer = await _peer(server)
        await _started(peer)
        agent.started[0].emit(TaskStartedEvent(turn_id="own"), "own")
        message = await peer.next()
        assert (message["method"], message["params"]["turn"]["id"]) == ("turn/started", "own")


async def test_input_that_joins_a_running_turn_is_not_announced_again() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread_id = await _started(peer)
        await peer.request(1, "turn/start", {"threadId": thread_id, "input": []})
        await peer.until_method("turn/started")
        joined = await peer.request(2, "turn/start", {"threadId": thread_id, "input": []})
        assert joined["result"]["turn"]["id"] == "turn-1"
        agent.started[0].end_turn()
        assert (await peer.next())["method"] == "turn/completed"


async def test_interrupt_is_answered_just_before_the_turn_completes() -> None:
    async with Server(ScriptedAgent(script=stay_active)) as server:
        peer = await _peer(server)
        thread_id = await _started(peer)
        await peer.request(1, "turn/start", {"threadId": thread_id, "input": []})
        await peer.until_method("turn/started")
        await peer.send({"id": 2, "method": "turn/interrupt", "params": {"threadId": thread_id, "turnId": "turn-1"}})
        reply, completed = await peer.take(2)
        assert reply == {"id": 2, "result": {}}
        assert completed["params"]["turn"]["status"] == "interrupted"
        idle = await peer.request(3, "turn/interrupt", {"threadId": thread_id, "turnId": "turn-1"})
        assert idle["error"]["code"] == -32600


async def test_a_turn_with_an_error_completes_as_failed() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread_id = await _started(peer)
        await peer.request(1, "turn/start", {"threadId": thread_id, "input": []})
        agent.started[0].emit(ErrorEvent(message="m", codex_error_info="other"))
        agent.started[0].end_turn()
        error = await peer.until_method("error")
        completed = await peer.next()
        assert completed["params"]["turn"]["status"] == "failed"
        assert completed["params"]["turn"]["error"] == error["params"]["error"]


async def test_resuming_a_loaded_thread_subscribes() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        first, second = await _peer(server), await _peer(server)
        thread_id = await _started(first)
        assert "result" in await second.request(1, "thread/resume", {"threadId": thread_id.upper()})
        item = AgentMessageTurnItem(id="m", content=(AgentMessageText(text="hi"),))
        agent.started[0].emit(ItemCompletedEvent(thread_id=thread_id, turn_id="turn-1", item=item), "turn-1")
        for peer in (first, second):
            message = await peer.until_method("item/completed")
            assert message["params"]["item"] == {"type": "agentMessage", "id": "m", "text": "hi"}


async def test_resuming_an_unknown_thread_fails() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _peer(server)
        for params in ({"threadId": "no uuid"}, {"threadId": "00000000-0000-7000-8000-000000000009"}):
            assert (await peer.request(1, "thread/resume", params))["error"]["code"] == -32600


async def test_loaded_threads_are_listed_in_pages_by_id() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = await _peer(server)
        assert (await peer.request(0, "thread/loaded/list", {"cursor": "x"}))["result"] == {
            "data": [],
            "nextCursor": None,
        }
        ids = [await _started(peer) for _ in range(3)]
        assert (await peer.request(1, "thread/loaded/list"))["result"] == {"data": ids, "nextCursor": None}
        page = (await peer.request(2, "thread/loaded/list", {"limit": 0}))["result"]
        assert page == {"data": ids[:1], "nextCursor": ids[0]}
        page = (await peer.request(3, "thread/loaded/list", {"limit": 2, "cursor": ids[0]}))["result"]
        assert page == {"data": ids[1:], "nextCursor": None}
        assert (await peer.request(4, "thread/loaded/list", {"cursor": "x"}))["error"]["code"] == -32600


async def test_skills_are_listed_in_the_order_of_the_directories() -> None:
    async with Server(ScriptedAgent(cwd="/here")) as server:
        peer = await _peer(server)
        listed = (await peer.request(1, "skills/list", {"cwds": ["/b", "/a"]}))["result"]["data"]
        assert [(each["cwd"], each["skills"], each["errors"]) for each in listed] == [("/b", [], []), ("/a", [], [])]
        assert [each["cwd"] for each in (await peer.request(2, "skills/list"))["result"]["data"]] == ["/here"]
