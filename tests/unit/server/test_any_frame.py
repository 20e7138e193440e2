import json

import anyio
from agent_protocol import jsonrpc
from agent_protocol.errors import MalformedMessage
from agent_protocol.jsonrpc import RequestMessage
from agent_protocol.registry import client_methods
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent
from agent_server.testing.peer import RawPeer
from hypothesis import given, settings
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=10,
)
NAMES = [method.name for method in client_methods()]
MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "id": JSON,
        "method": st.sampled_from(NAMES) | JSON,
        "params": JSON
        | st.dictionaries(st.sampled_from(["threadId", "input", "cursor", "limit", "clientInfo"]), JSON, max_size=3),
        "result": JSON,
        "error": JSON,
    },
)
FRAMES = MEMBERS.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=60).filter(
    lambda data: bool(data.strip())
)


def _wants_reply(frame: bytes) -> bool:
    try:
        return isinstance(jsonrpc.decode_envelope(frame), RequestMessage)
    except MalformedMessage:
        return False


@settings(deadline=None, max_examples=60)
@given(st.lists(FRAMES, max_size=8))
def test_whatever_is_sent_each_request_gets_one_reply_and_the_server_goes_on(frames: list[bytes]) -> None:
    async def check() -> None:
        async with Server(ScriptedAgent()) as server:
            peer = RawPeer.attached(server)
            await peer.initialize()
            await peer.send(*frames, {"id": "the end", "method": "account/read", "params": {}})
            replies = 0
            while (message := await peer.next()).get("id") != "the end":
                replies += "method" not in message
            assert replies == sum(map(_wants_reply, frames))

    anyio.run(check)
