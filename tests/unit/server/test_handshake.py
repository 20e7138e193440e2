import pytest
from agent_protocol.v2.notice import ConfigWarningNotification
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio


async def test_requests_before_initialize_are_refused() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        reply = await peer.request(1, "thread/list")
        assert reply["error"] == {"code": -32600, "message": "Not initialized"}
        assert (await peer.initialize())["result"]["userAgent"] == "scripted/0 (peer; 1)"
        assert "result" in await peer.request(2, "thread/list")


async def test_a_second_initialize_is_refused_and_changes_nothing() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        await peer.initialize()
        assert (await peer.initialize(experimentalApi=True))["error"]["message"] == "Already initialized"
        gated = await peer.request(3, "thread/start", {"experimentalRawEvents": True})
        assert gated["error"]["code"] == -32600


async def test_decoding_comes_before_the_handshake_check() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        unknown = await peer.request(1, "no/such/method")
        mistyped = await peer.request(2, "thread/read", {"threadId": 5})
        for reply in (unknown, mistyped):
            assert reply["error"]["code"] == -32600
            assert reply["error"]["message"] != "Not initialized"


async def test_the_handshake_check_comes_before_the_gate() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        reply = await peer.request(1, "mock/experimentalMethod")
        assert reply["error"]["code"] == -32600
        reply = await peer.request(2, "collaborationMode/list")
        assert reply["error"]["message"] == "Not initialized"


@pytest.mark.parametrize("name", ["a\nb", "a\x7fb", "\x00"])
async def test_a_name_no_header_can_carry_leaves_the_connection_uninitialised(name: str) -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        reply = await peer.initialize(name)
        assert reply["error"]["code"] == -32600
        assert "clientInfo.name" in reply["error"]["message"]
        assert (await peer.request(1, "thread/list"))["error"]["message"] == "Not initialized"
        assert "result" in await peer.initialize("é\tok")


async def test_null_capabilities_are_accepted() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        params = {"clientInfo": {"name": "x", "title": None, "version": ""}, "capabilities": None}
        assert "result" in await peer.request(1, "initialize", params)


async def test_initialize_answers_what_newer_clients_need() -> None:
    async with Server(ScriptedAgent(home="/some/home")) as server:
        result = (await RawPeer.attached(server).initialize())["result"]
        assert result["codexHome"] == "/some/home"
        assert result["platformFamily"] in ("unix", "windows")
        assert isinstance(result["platformOs"], str)


async def test_a_request_sent_right_behind_initialize_is_served() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        await peer.send(
            {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "x", "version": "1"}}},
            {"id": 2, "method": "model/list", "params": {}},
            {"method": "initialized"},
            {"id": 3, "method": "thread/list", "params": {}},
        )
        replies = await peer.take(3)
        assert {reply["id"] for reply in replies if "result" in reply} == {1, 2, 3}


async def test_config_warnings_follow_the_reply_and_go_to_everybody_again() -> None:
    agent = ScriptedAgent(startup_warnings=[ConfigWarningNotification(summary="odd")])
    async with Server(agent) as server:
        first, second = RawPeer.attached(server), RawPeer.attached(server)
        assert (await first.initialize())["id"] == 0
        assert (await first.next())["method"] == "configWarning"
        await second.initialize()
        assert await second.next() == {"method": "configWarning", "params": {"summary": "odd", "details": None}}
        assert (await first.next())["method"] == "configWarning"


async def test_opted_out_notifications_are_not_sent_and_replies_are() -> None:
    async with Server(ScriptedAgent()) as server:
        peer = RawPeer.attached(server)
        await peer.initialize(optOutNotificationMethods=["thread/started", "item/*"])
        assert "result" in await peer.request(1, "thread/start")
        thread_id = (await peer.request(2, "thread/loaded/list"))["result"]["data"][0]
        await peer.send({"id": 3, "method": "turn/start", "params": {"threadId": thread_id, "input": []}})
        assert [message.get("method") for message in await peer.take(3)] == [None, "turn/started", "turn/completed"]
