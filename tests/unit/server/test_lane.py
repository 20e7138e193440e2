from collections import Counter
from collections.abc import Sequence

import anyio
import pytest
from agent_protocol.v2.model import Model
from agent_protocol.v2.thread import ThreadListParams, ThreadListResponse
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent, stay_active
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio


class _Held(ScriptedAgent):
    """Listings wait until the test lets them go."""

    def hold(self) -> None:
        self.may_list = anyio.Event()
        self.may_show_models = anyio.Event()

    async def list_threads(self, params: ThreadListParams) -> ThreadListResponse:
        await self.may_list.wait()
        return await super().list_threads(params)

    async def models(self, include_hidden: bool) -> Sequence[Model]:
        await self.may_show_models.wait()
        return ()


def _held() -> _Held:
    agent = _Held(script=stay_active)
    agent.hold()
    return agent


async def test_replies_come_in_the_order_of_the_requests() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        methods = ["thread/list", "thread/loaded/list", "nonsense", "account/read", "thread/fork", "config/read"] * 8
        await peer.send(*({"id": n, "method": method, "params": {}} for n, method in enumerate(methods)))
        assert [reply["id"] for reply in await peer.take(len(methods))] == list(range(len(methods)))


async def test_a_slow_request_holds_back_the_later_ones_of_its_connection_only() -> None:
    agent = _held()
    async with Server(agent) as server:
        slow, other = RawPeer.attached(server), RawPeer.attached(server)
        await slow.initialize()
        await other.initialize()
        await slow.send(
            {"id": 1, "method": "thread/list", "params": {}}, {"id": 2, "method": "account/read", "params": {}}
        )
        assert "result" in await other.request(1, "account/read")
        agent.may_list.set()
        assert [reply["id"] for reply in await slow.take(2)] == [1, 2]


async def test_unordered_methods_hold_nothing_back() -> None:
    agent = _held()
    async with Server(agent) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        await peer.send(
            {"id": 1, "method": "model/list", "params": {}}, {"id": 2, "method": "account/read", "params": {}}
        )
        assert (await peer.next())["id"] == 2
        agent.may_show_models.set()
        assert (await peer.next())["id"] == 1


async def test_ten_thousand_pipelined_requests_get_one_reply_each() -> None:
    count = 10_000
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(
                peer.send, *({"id": n, "method": "thread/loaded/list", "params": {}} for n in range(count))
            )
            replies = await peer.take(count)
        assert Counter(reply["id"] for reply in replies) == Counter(range(count))
        assert all("result" in reply or reply["error"]["code"] == -32001 for reply in replies)


async def test_requests_beyond_the_limit_are_refused_at_once_and_the_others_served() -> None:
    agent = _held()
    async with Server(agent) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        await peer.send(*({"id": n, "method": "thread/list", "params": {}} for n in range(200)))
        refused = await peer.take(200 - 128)
        assert [reply["id"] for reply in refused] == list(range(128, 200))
        assert {reply["error"]["code"] for reply in refused} == {-32001}
        assert [connection.unanswered_requests for connection in server.statistics()] == [128]
        agent.may_list.set()
        assert [reply["id"] for reply in await peer.take(128)] == list(range(128))
        assert "result" in await peer.request("later", "thread/list")


async def test_equal_ids_on_two_connections_do_not_meet() -> None:
    agent = _held()
    async with Server(agent) as server:
        first, second = RawPeer.attached(server), RawPeer.attached(server)
        await first.initialize("first")
        await second.initialize("second")
        await first.send({"id": 7, "method": "thread/list", "params": {}})
        await second.send({"id": 7, "method": "account/read", "params": {}})
        assert "account" in (await second.next())["result"]
        agent.may_list.set()
        assert "data" in (await first.next())["result"]
