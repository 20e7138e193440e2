import anyio
import anyio.lowlevel
import pytest
from agent_protocol.client import AgentClient, connect_direct
from agent_protocol.client.direct import direct_pair
from agent_protocol.errors import ConnectionLost, RemoteError
from agent_protocol.rollout.event import AgentMessageContentDeltaEvent, ExecApprovalRequestEvent
from agent_protocol.v2.approval import (
    ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL,
    CommandExecutionApprovalKind,
    CommandExecutionRequestApprovalParams,
    CommandExecutionRequestApprovalResponse,
)
from agent_protocol.v2.item import ITEM_AGENT_MESSAGE_DELTA
from agent_protocol.v2.thread import THREAD_LOADED_LIST, THREAD_START, ThreadLoadedListParams, ThreadStartParams
from agent_protocol.v2.turn import TURN_COMPLETED, TURN_START, TURN_STEER, TurnStartParams, TurnSteerParams
from agent_protocol.v2.user_input import TextUserInput, UserInput
from agent_server import serve
from agent_server.testing.agent import ScriptedAgent, ScriptedThread, stay_active

pytestmark = pytest.mark.anyio


def _echo(thread: ScriptedThread, turn_id: str, user_input: object) -> None:
    stay_active(thread, turn_id, ())
    for word in ("one ", "two"):
        thread.emit(AgentMessageContentDeltaEvent(thread_id=thread.id, turn_id=turn_id, item_id="m", delta=word))
    thread.end_turn()


async def _thread(client: AgentClient) -> str:
    await client.initialize("test", "1")
    return (await client.request(THREAD_START, ThreadStartParams())).thread.id


async def test_a_turn_runs_over_a_direct_connection() -> None:
    agent = ScriptedAgent(script=_echo)
    async with serve(agent) as server, connect_direct(server) as client:
        thread_id = await _thread(client)
        with client.subscribe(ITEM_AGENT_MESSAGE_DELTA) as deltas, client.subscribe(TURN_COMPLETED) as completed:
            text: list[UserInput] = [TextUserInput(text="hello")]
            turn = (await client.request(TURN_START, TurnStartParams(thread_id=thread_id, input=text))).turn
            assert (await anext(completed)).turn.id == turn.id
        assert "".join([each.delta async for each in deltas]) == "one two"
        assert agent.started[0].inputs == [text]


async def test_two_clients_of_one_server_share_its_threads() -> None:
    async with serve(ScriptedAgent()) as server, connect_direct(server) as first, connect_direct(server) as second:
        thread_id = await _thread(first)
        await second.initialize("second", "1")
        assert (await second.request(THREAD_LOADED_LIST, ThreadLoadedListParams())).data == [thread_id]


async def test_an_approval_is_answered_by_a_handler() -> None:
    agent = ScriptedAgent(script=stay_active)

    async def approve(params: CommandExecutionRequestApprovalParams) -> CommandExecutionRequestApprovalResponse:
        return CommandExecutionRequestApprovalResponse(decision=CommandExecutionApprovalKind.ACCEPT)

    async with serve(agent) as server, connect_direct(server) as client:
        client.answer(ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL, approve)
        thread_id = await _thread(client)
        await client.request(TURN_START, TurnStartParams(thread_id=thread_id, input=[]))
        thread = agent.started[0]
        thread.emit(ExecApprovalRequestEvent(call_id="c", turn_id="turn-1", command=("ls",), cwd="/"))
        with anyio.fail_after(5):
            while not thread.answers:
                await client.request(THREAD_LOADED_LIST, ThreadLoadedListParams())
        assert thread.answers == [("c", "approved")]


async def test_a_refusal_is_raised_in_the_client() -> None:
    async with serve(ScriptedAgent()) as server, connect_direct(server) as client:
        thread_id = await _thread(client)
        with pytest.raises(RemoteError) as caught:
            await client.request(TURN_STEER, TurnSteerParams(thread_id=thread_id, input=[], expected_turn_id="x"))
        assert caught.value.code == -32600


async def test_the_end_of_the_server_ends_its_clients() -> None:
    near, far = direct_pair()
    async with AgentClient(near) as client:
        async with serve(ScriptedAgent()) as server:
            server.attach(far)
            await client.initialize("early", "1")
        with pytest.raises(ConnectionLost):
            await client.request(THREAD_LOADED_LIST, ThreadLoadedListParams())


async def test_a_client_that_leaves_is_forgotten() -> None:
    async with serve(ScriptedAgent()) as server:
        async with connect_direct(server) as client:
            await _thread(client)
            assert len(server.statistics()) == 1
        with anyio.fail_after(5):
            while server.statistics():
                await anyio.lowlevel.checkpoint()
