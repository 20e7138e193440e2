import pytest
from agent_protocol.rollout.event import AddFile, ApplyPatchApprovalRequestEvent, ExecApprovalRequestEvent
from agent_protocol.wire import JsonValue
from agent_server.server import Server
from agent_server.testing.agent import ScriptedAgent, ScriptedThread, stay_active
from agent_server.testing.peer import RawPeer

pytestmark = pytest.mark.anyio

COMMAND = "item/commandExecution/requestApproval"
FILE_CHANGE = "item/fileChange/requestApproval"


def _ask_command(thread: ScriptedThread, call_id: str = "c") -> None:
    thread.emit(ExecApprovalRequestEvent(call_id=call_id, turn_id="turn-1", command=("touch", "x"), cwd="/"))


def _ask_file_change(thread: ScriptedThread) -> None:
    thread.emit(ApplyPatchApprovalRequestEvent(call_id="p", turn_id="turn-1", changes={"/f": AddFile(content="x")}))


async def _peer(server: Server) -> RawPeer:
    peer = RawPeer.attached(server)
    await peer.initialize()
    return peer


async def _running(agent: ScriptedAgent, peer: RawPeer) -> ScriptedThread:
    thread_id = (await peer.request("s", "thread/start"))["result"]["thread"]["id"]
    await peer.request("t", "turn/start", {"threadId": thread_id, "input": []})
    await peer.until_method("turn/started")
    return agent.started[-1]


async def _silent(peer: RawPeer) -> bool:
    await peer.send({"id": "ping", "method": "account/read", "params": {}})
    return bool((await peer.next()).get("id") == "ping")


@pytest.mark.parametrize(
    ("decision", "decided"),
    [
        ("accept", "approved"),
        ("acceptForSession", "approved_for_session"),
        ({"acceptWithExecpolicyAmendment": {"execpolicy_amendment": ["touch"]}}, "approved"),
    ],
)
async def test_an_accepted_command_reaches_the_core_and_nothing_else_is_told(decision: JsonValue, decided: str) -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        _ask_command(thread)
        question = await peer.next()
        assert (question["method"], question["id"]) == (COMMAND, 0)
        assert question["params"]["command"] == "touch x"
        await peer.send({"id": 0, "result": {"decision": decision}})
        assert await _silent(peer)
        assert thread.answers == [("c", decided)]


@pytest.mark.parametrize(
    ("answer", "decided", "status"),
    [
        ({"result": {"decision": "decline"}}, "denied", "declined"),
        ({"result": {"decision": "cancel"}}, "abort", "declined"),
        ({"result": {"decision": "perhaps"}}, "denied", "declined"),
        ({"result": None}, "denied", "declined"),
        ({"error": {"code": -1, "message": "no"}}, "denied", "failed"),
    ],
)
async def test_a_refused_question_completes_its_item_at_once(answer: JsonValue, decided: str, status: str) -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        _ask_command(thread)
        question = await peer.next()
        await peer.send({"id": question["id"], **answer})
        completed = await peer.next()
        assert completed["method"] == "item/completed"
        item = completed["params"]["item"]
        assert (item["type"], item["id"], item["status"]) == ("commandExecution", "c", status)
        assert (item["aggregatedOutput"], item["exitCode"]) == (None, None)
        assert thread.answers == [("c", decided)]


async def test_a_file_change_starts_its_item_before_the_question() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        _ask_file_change(thread)
        started, question = await peer.take(2)
        assert (started["method"], started["params"]["item"]["type"]) == ("item/started", "fileChange")
        assert question["method"] == FILE_CHANGE
        assert (question["params"]["reason"], question["params"]["grantRoot"]) == (None, None)
        await peer.send({"id": question["id"], "result": {"decision": "decline"}})
        assert (await peer.next())["params"]["item"]["status"] == "declined"
        assert thread.answers == [("p", "denied")]


async def test_a_part_of_a_command_is_answered_by_its_own_id() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        thread.emit(
            ExecApprovalRequestEvent(call_id="c", approval_id="part", turn_id="turn-1", command=("ls",), cwd="/")
        )
        question = await peer.next()
        assert question["params"]["approvalId"] == "part"
        await peer.send({"id": question["id"], "result": {"decision": "accept"}})
        assert await _silent(peer)
        assert thread.answers == [("part", "approved")]


async def test_all_subscribers_are_asked_with_one_id_and_the_first_answer_counts() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        first, second, stranger = await _peer(server), await _peer(server), await _peer(server)
        thread = await _running(agent, first)
        await second.request(1, "thread/resume", {"threadId": thread.id})
        _ask_command(thread)
        ids = {(await peer.until_method(COMMAND))["id"] for peer in (first, second)}
        assert ids == {0}
        await second.send({"id": 0, "result": {"decision": "accept"}})
        resolved = await first.next()
        assert resolved == {"method": "serverRequest/resolved", "params": {"threadId": thread.id, "requestId": 0}}
        await first.send({"id": 0, "result": {"decision": "decline"}})
        assert await _silent(first)
        assert await _silent(second)
        assert thread.answers == [("c", "approved")]
        await stranger.until_method("turn/started")
        assert await _silent(stranger)


async def test_a_connection_that_was_not_asked_may_answer() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        asked, other = await _peer(server), RawPeer.attached(server)
        thread = await _running(agent, asked)
        _ask_command(thread)
        await asked.until_method(COMMAND)
        await other.send({"id": 0, "result": {"decision": "accept"}})
        assert (await asked.next())["method"] == "serverRequest/resolved"
        assert thread.answers == [("c", "approved")]


async def test_an_open_question_is_asked_again_of_whoever_subscribes_later() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        gone = await _peer(server)
        thread = await _running(agent, gone)
        _ask_command(thread, "before")
        await gone.aclose()
        late = await _peer(server)
        _ask_command(thread, "meanwhile")
        await late.send({"id": 1, "method": "thread/resume", "params": {"threadId": thread.id}})
        reply, first, second = await late.take(3)
        assert "result" in reply
        assert [(each["id"], each["params"]["itemId"]) for each in (first, second)] == [(0, "before"), (1, "meanwhile")]
        await late.request(2, "thread/resume", {"threadId": thread.id})
        await late.send({"id": 0, "result": {"decision": "accept"}}, {"id": 1, "result": {"decision": "accept"}})
        assert await _silent(late)
        assert thread.answers == [("before", "approved"), ("meanwhile", "approved")]


async def test_questions_end_with_their_turn() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        _ask_command(thread)
        await peer.until_method(COMMAND)
        await peer.send({"id": 5, "method": "turn/interrupt", "params": {"threadId": thread.id, "turnId": "turn-1"}})
        reply, resolved, completed = await peer.take(3)
        assert reply["id"] == 5
        assert resolved["method"] == "serverRequest/resolved"
        assert completed["method"] == "turn/completed"
        await peer.send({"id": 0, "result": {"decision": "accept"}})
        assert await _silent(peer)
        assert thread.answers == []


async def test_ids_count_up_over_all_threads() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        first, second = await _peer(server), await _peer(server)
        for number, peer in enumerate((first, second)):
            thread = await _running(agent, peer)
            _ask_command(thread)
            assert (await peer.until_method(COMMAND))["id"] == number


async def test_an_answer_passes_a_request_that_waits() -> None:
    agent = ScriptedAgent(script=stay_active)
    async with Server(agent) as server:
        peer = await _peer(server)
        thread = await _running(agent, peer)
        _ask_command(thread)
        await peer.until_method(COMMAND)
        await peer.send(
            *({"id": n, "method": "thread/loaded/list", "params": {}} for n in range(500)),
            {"id": 0, "result": {"decision": "accept"}},
        )
        await peer.take(500)
        assert await _silent(peer)
        assert thread.answers == [("c", "approved")]
