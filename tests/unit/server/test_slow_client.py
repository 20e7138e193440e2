import anyio
import pytest
from agent_protocol.errors import ConnectionLost
from agent_protocol.rollout.event import AgentMessageContentDeltaEvent
from agent_server.limits import Limits
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent, ScriptedThread, stay_active
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio

LIMITS = Limits(outbox_bytes=20_000)


def _delta(thread: ScriptedThread, item_id: str, text: str) -> None:
    thread.emit(AgentMessageContentDeltaEvent(thread_id=thread.id, turn_id="turn-1", item_id=item_id, delta=text))


async def _two_subscribers(agent: ScriptedAgent, server: Server) -> tuple[ScriptedThread, RawPeer, RawPeer]:
    reading, stuck = RawPeer.attached(server), RawPeer.attached(server, pipe_bytes=1000)
    await reading.initialize()
    await stuck.initialize()
    thread_id = (await reading.request(1, "thread/start"))["result"]["thread"]["id"]
    await stuck.request(1, "thread/resume", {"threadId": thread_id})
    await reading.request(2, "turn/start", {"threadId": thread_id, "input": []})
    return agent.started[0], reading, stuck


async def test_a_client_that_does_not_read_is_closed_and_nobody_else_notices() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent, limits=LIMITS) as server:
        thread, reading, stuck = await _two_subscribers(agent, server)
        for number in range(1000):
            _delta(thread, f"item-{number}", "x" * 100)
            got = await reading.until_method("item/agentMessage/delta")
            assert got["params"]["itemId"] == f"item-{number}"
        thread.end_turn()
        assert (await reading.next())["method"] == "turn/completed"
        with pytest.raises(ConnectionLost):
            while True:
                await stuck.next()
        assert len(server.statistics()) == 1


async def test_a_client_that_pauses_gets_the_whole_text_in_fewer_messages() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent, limits=LIMITS) as server:
        thread, _, paused = await _two_subscribers(agent, server)
        for number in range(1000):
            _delta(thread, "item", f"{number};")
        await anyio.wait_all_tasks_blocked()
        thread.end_turn()
        text, messages = "", 0
        while (message := await paused.next())["method"] != "turn/completed":
            if message["method"] == "item/agentMessage/delta":
                text += message["params"]["delta"]
                messages += 1
        assert text == "".join(f"{number};" for number in range(1000))
        assert messages < 1000


async def test_what_a_closed_client_asked_for_goes_on() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        thread_id = (await peer.request(1, "thread/start"))["result"]["thread"]["id"]
        await peer.request(2, "turn/start", {"threadId": thread_id, "input": []})
        await peer.aclose()
        other = RawPeer.attached(server)
        await other.initialize()
        assert (await other.request(1, "thread/loaded/list"))["result"]["data"] == [thread_id]
        resumed = await other.request(2, "thread/resume", {"threadId": thread_id})
        assert resumed["result"]["thread"]["status"] == {"type": "active", "activeFlags": []}
        agent.started[0].end_turn()
        assert (await other.next())["method"] == "turn/completed"
