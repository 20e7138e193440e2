import anyio
import pytest
from agent_protocol.client import Transport, connect_direct
from agent_protocol.client.direct import direct_pair
from agent_protocol.errors import ConnectionLost
from agent_protocol.v2.thread import THREAD_ARCHIVED

pytestmark = pytest.mark.anyio


async def test_frames_arrive_in_order_and_together() -> None:
    near, far = direct_pair()
    await near.send([b"1", b"2"])
    await near.send([b"3"])
    assert await far.receive() == [b"1", b"2", b"3"]
    await far.send([b"back"])
    assert await near.receive() == [b"back"]


async def test_a_sender_waits_while_too_much_is_underway() -> None:
    near, far = direct_pair(max_bytes=10)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(near.send, [b"x" * 10, b"y"])
        await anyio.wait_all_tasks_blocked()
        assert await far.receive() == [b"x" * 10]
        assert await far.receive() == [b"y"]


async def test_closing_one_end_ends_both_after_what_was_sent() -> None:
    near, far = direct_pair()
    await near.send([b"last"])
    await near.aclose()
    assert await far.receive() == [b"last"]
    for end in (near, far):
        with pytest.raises(ConnectionLost):
            await end.receive()
        with pytest.raises(ConnectionLost):
            await end.send([b"late"])


async def test_closing_wakes_whoever_waits() -> None:
    near, far = direct_pair(max_bytes=1)
    lost: list[str] = []

    async def wait(name: str, full: bool) -> None:
        try:
            await (near.send([b"x", b"x"]) if full else near.receive())
        except ConnectionLost:
            lost.append(name)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(wait, "sender", True)
        tasks.start_soon(wait, "receiver", False)
        await anyio.wait_all_tasks_blocked()
        await far.aclose()
    assert sorted(lost) == ["receiver", "sender"]


class OneNotice:
    """A server that says one thing."""

    transport: Transport

    def attach(self, transport: Transport) -> None:
        self.transport = transport

    async def speak(self) -> None:
        await self.transport.send([b'{"method":"thread/archived","params":{"threadId":"t"}}'])


async def test_a_client_in_the_same_process_is_attached_and_closed_with_its_block() -> None:
    server = OneNotice()
    async with connect_direct(server) as client:
        archived = client.subscribe(THREAD_ARCHIVED)
        await server.speak()
        assert (await anext(archived)).thread_id == "t"
    with pytest.raises(ConnectionLost):
        await server.transport.receive()
