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
        assert reply["error"]["code"] == -32600
        assert reply["error"]["message"] == "Not initialized"
        assert (await peer.initialize())["result"]["userAgent"] == "scripted/0 (peer; 1)"
        assert "result" in await peer.request(2, "thread/list")
