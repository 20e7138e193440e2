import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import anyio
import pytest
from agent_protocol.client import AgentClient
from agent_protocol.client.direct import DirectTransport, direct_pair
from agent_protocol.client.incoming import AlreadyAnswered
from agent_protocol.client.subscription import SubscriptionOverrun
from agent_protocol.errors import ConnectionLost, MalformedMessage, RemoteError
from agent_protocol.registry import Notification
from agent_protocol.v2.account import ACCOUNT_LOGOUT
from agent_protocol.v2.approval import (
    ITEM_FILE_CHANGE_REQUEST_APPROVAL,
    FileChangeApprovalDecision,
    FileChangeRequestApprovalParams,
    FileChangeRequestApprovalResponse,
)
from agent_protocol.v2.thread import THREAD_ARCHIVED, THREAD_UNARCHIVED, ThreadArchivedNotification
from agent_protocol.v2.turn import TURN_STEER, TurnSteerParams
from agent_protocol.wire import JsonValue, Wire

pytestmark = pytest.mark.anyio

STEER = TurnSteerParams(thread_id="t", input=[], expected_turn_id="u")
ASK = {
    "id": 0,
    "method": "item/fileChange/requestApproval",
    "params": {"threadId": "t", "turnId": "u", "itemId": "i", "reason": None, "grantRoot": None},
}


class Far:
    """The server's end, played by the test."""

    def __init__(self, transport: DirectTransport) -> None:
        self.transport = transport
        self._frames: list[JsonValue] = []

    async def next(self) -> JsonValue:
        with anyio.fail_after(5):
            while not self._frames:
                self._frames += [json.loads(frame) for frame in await self.transport.receive()]
        return self._frames.pop(0)

    async def send(self, *messages: JsonValue) -> None:
        await self.transport.send([each if isinstance(each, bytes) else json.dumps(each).encode() for each in messages])


@asynccontextmanager
async def connected(max_buffered_bytes: int = 1_000_000) -> AsyncIterator[tuple[AgentClient, Far]]:
    near, far = direct_pair()
    async with AgentClient(near, max_buffered_bytes=max_buffered_bytes) as client:
        yield client, Far(far)


def _archived(thread_id: str) -> JsonValue:
    return {"method": "thread/archived", "params": {"threadId": thread_id}}


async def test_a_call_returns_the_result_it_was_answered_with() -> None:
    async with connected() as (client, far), anyio.create_task_group() as tasks:

        async def answer() -> None:
            request = await far.next()
            assert request["method"] == "turn/steer"
            assert request["params"] == {"threadId": "t", "input": [], "expectedTurnId": "u"}
            await far.send({"id": request["id"], "result": {"turnId": "u", "later": 1}})

        tasks.start_soon(answer)
        response = await client.request(TURN_STEER, STEER)
        assert response.turn_id == "u"


async def test_a_method_without_params_is_called_without_them() -> None:
    async with connected() as (client, far), anyio.create_task_group() as tasks:

        async def answer() -> None:
            request = await far.next()
            assert "params" not in request
            await far.send({"id": request["id"], "result": {}})

        tasks.start_soon(answer)
        await client.request(ACCOUNT_LOGOUT)


async def test_initialize_introduces_the_client_and_says_when_it_is_ready() -> None:
    async with connected() as (client, far), anyio.create_task_group() as tasks:

        async def answer() -> None:
            request = await far.next()
            assert request["params"]["clientInfo"]["name"] == "n"
            assert request["params"]["capabilities"]["experimentalApi"] is True
            assert request["params"]["capabilities"]["optOutNotificationMethods"] == ["error"]
            await far.send({"id": request["id"], "result": {"userAgent": "ua"}})
            assert await far.next() == {"method": "initialized"}

        tasks.start_soon(answer)
        response = await client.initialize("n", "1", experimental=True, opt_out=["error"])
        assert response.user_agent == "ua"


async def test_answers_find_their_calls_in_any_order() -> None:
    async with connected() as (client, far):
        turn_ids: dict[str, str] = {}

        async def call(name: str) -> None:
            params = TurnSteerParams(thread_id=name, input=[], expected_turn_id="")
            turn_ids[name] = (await client.request(TURN_STEER, params)).turn_id

        async with anyio.create_task_group() as tasks:
            for name in "abc":
                tasks.start_soon(call, name)
            requests = [await far.next() for _ in range(3)]
            assert len({request["id"] for request in requests}) == 3
            for request in reversed(requests):
                await far.send({"id": request["id"], "result": {"turnId": request["params"]["threadId"] * 2}})
        assert turn_ids == {"a": "aa", "b": "bb", "c": "cc"}


async def test_an_error_answer_is_raised_with_its_facts() -> None:
    async with connected() as (client, far), anyio.create_task_group() as tasks:

        async def answer() -> None:
            request = await far.next()
            await far.send({"id": request["id"], "error": {"code": -32001, "message": "later", "data": {"a": 1}}})

        tasks.start_soon(answer)
        with pytest.raises(RemoteError) as caught:
            await client.request(TURN_STEER, STEER)
        assert (caught.value.code, caught.value.data) == (-32001, {"a": 1})


async def test_an_answer_of_the_wrong_shape_is_malformed() -> None:
    async with connected() as (client, far), anyio.create_task_group() as tasks:

        async def answer() -> None:
            await far.send({"id": (await far.next())["id"], "result": {"turnId": 5}})

        tasks.start_soon(answer)
        with pytest.raises(MalformedMessage):
            await client.request(TURN_STEER, STEER)


async def test_every_pending_call_and_iterator_ends_when_the_connection_does() -> None:
    lost: list[str] = []

    async with connected() as (client, far):

        async def call() -> None:
            try:
                await client.request(TURN_STEER, STEER)
            except ConnectionLost:
                lost.append("call")

        async def iterate() -> None:
            try:
                async for _ in client.subscribe(THREAD_ARCHIVED):
                    pass
            except ConnectionLost:
                lost.append("iterator")

        async with anyio.create_task_group() as tasks:
            for _ in range(3):
                tasks.start_soon(call)
            tasks.start_soon(iterate)
            for _ in range(3):
                await far.next()
            await far.transport.aclose()
        assert sorted(lost) == ["call", "call", "call", "iterator"]
        assert client.statistics().pending_calls == 0
        with pytest.raises(ConnectionLost):
            await client.request(TURN_STEER, STEER)
        with pytest.raises(ConnectionLost):
            await anext(client.subscribe(THREAD_ARCHIVED))


async def test_leaving_the_block_ends_iterators_without_an_error() -> None:
    async with connected() as (client, _):
        archived = client.subscribe(THREAD_ARCHIVED)
    assert [each async for each in archived] == []


async def test_an_error_in_the_block_leaves_it_as_it_is() -> None:
    with pytest.raises(KeyError):
        async with connected():
            raise KeyError


async def test_a_cancelled_call_is_forgotten_and_its_late_answer_ignored() -> None:
    async with connected() as (client, far):
        with anyio.move_on_after(0.01):
            await client.request(TURN_STEER, STEER)
        request = await far.next()
        assert client.statistics().pending_calls == 0
        archived = client.subscribe(THREAD_ARCHIVED)
        await far.send({"id": request["id"], "result": {"turnId": "u"}}, _archived("t"))
        assert (await anext(archived)).thread_id == "t"
        assert client.statistics().ignored_messages == 1


async def test_notifications_sent_right_before_leaving_still_go_out() -> None:
    async with connected() as (client, far):
        await client.notify(Notification("x/y", Wire), ThreadArchivedNotification(thread_id="t"))
    assert await far.next() == {"method": "x/y", "params": {"threadId": "t"}}


async def test_a_subscription_gets_its_own_kinds_in_order() -> None:
    async with connected() as (client, far):
        with client.subscribe(THREAD_ARCHIVED, THREAD_UNARCHIVED) as both, client.subscribe(THREAD_ARCHIVED) as one:
            await far.send(_archived("a"), {"method": "thread/unarchived", "params": {"threadId": "b"}}, _archived("c"))
            assert [(await anext(both)).thread_id for _ in range(3)] == ["a", "b", "c"]
            assert [(await anext(one)).thread_id for _ in range(2)] == ["a", "c"]


async def test_every_notification_can_be_seen_as_it_came() -> None:
    async with connected() as (client, far):
        everything = client.notifications()
        await far.send({"method": "new/kind", "params": {"x": [1]}}, {"method": "bare"}, _archived("a"))
        first, second, third = [await anext(everything) for _ in range(3)]
        assert (first.method, json.loads(first.raw_params or b"")) == ("new/kind", {"x": [1]})
        assert (second.method, second.raw_params) == ("bare", None)
        assert third.decode(THREAD_ARCHIVED) == ThreadArchivedNotification(thread_id="a")


async def test_a_full_buffer_ends_its_own_iterator_and_stops_nothing_else() -> None:
    async with connected(max_buffered_bytes=200) as (client, far):
        slow, quick = client.subscribe(THREAD_ARCHIVED), client.subscribe(THREAD_ARCHIVED)
        for number in range(20):
            await far.send(_archived(str(number)))
            assert (await anext(quick)).thread_id == str(number)
        got = []
        with pytest.raises(SubscriptionOverrun) as caught:
            async for each in slow:
                got.append(each.thread_id)  # noqa: PERF401
        assert got == [str(number) for number in range(len(got))]
        assert caught.value.lost == 20 - len(got)


async def test_a_closed_subscription_buffers_nothing_more() -> None:
    async with connected() as (client, far):
        with client.subscribe(THREAD_ARCHIVED) as archived:
            await far.send(_archived("a"))
            await anyio.wait_all_tasks_blocked()
        await far.send(_archived("b"))
        assert [each.thread_id async for each in archived] == ["a"]
        assert client.statistics().subscriptions == []


async def test_a_handler_answers_questions_while_calls_go_on() -> None:
    may_answer = anyio.Event()

    async def approve(params: FileChangeRequestApprovalParams) -> FileChangeRequestApprovalResponse:
        assert params.item_id == "i"
        await may_answer.wait()
        return FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.ACCEPT)

    async with connected() as (client, far), anyio.create_task_group() as tasks:
        client.answer(ITEM_FILE_CHANGE_REQUEST_APPROVAL, approve)
        await far.send(ASK)

        async def answer() -> None:
            await far.send({"id": (await far.next())["id"], "result": {"turnId": "u"}})

        tasks.start_soon(answer)
        assert (await client.request(TURN_STEER, STEER)).turn_id == "u"
        may_answer.set()
        assert await far.next() == {"id": 0, "result": {"decision": "accept"}}


async def test_a_handler_that_fails_answers_with_an_error_and_the_client_lives() -> None:
    async def fail(params: FileChangeRequestApprovalParams) -> FileChangeRequestApprovalResponse:
        raise KeyError

    async with connected() as (client, far):
        client.answer(ITEM_FILE_CHANGE_REQUEST_APPROVAL, fail)
        await far.send(ASK, {**ASK, "id": 1})
        replies = [await far.next() for _ in range(2)]
        assert {reply["id"] for reply in replies} == {0, 1}
        assert all("error" in reply for reply in replies)


async def test_a_question_can_be_answered_later_and_only_once() -> None:
    async with connected() as (client, far):
        with client.questions(ITEM_FILE_CHANGE_REQUEST_APPROVAL) as questions:
            await far.send(ASK, {**ASK, "id": "second"})
            first, second = await anext(questions), await anext(questions)
        assert first.params.item_id == "i"
        second.fail("not now")
        assert (await far.next())["id"] == "second"
        first.respond(FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.DECLINE))
        assert await far.next() == {"id": 0, "result": {"decision": "decline"}}
        assert first.is_answered
        with pytest.raises(AlreadyAnswered):
            first.fail("again")


async def test_an_answer_after_the_connection_is_lost_says_so() -> None:
    async with connected() as (client, far):
        questions = client.questions()
        await far.send(ASK)
        question = await anext(questions)
        await far.transport.aclose()
        with pytest.raises(ConnectionLost):
            await anext(questions)
        with pytest.raises(ConnectionLost):
            question.fail("too late")


@pytest.mark.parametrize("question", [ASK, {**ASK, "params": {}}, {**ASK, "method": "no/such"}])
async def test_a_question_nobody_can_take_is_refused_at_once(question: JsonValue) -> None:
    async with connected() as (_, far):
        await far.send(question)
        assert "error" in await far.next()


@pytest.mark.parametrize("frame", [b"garbage", b"[]", b'{"id":99,"result":{}}', b"{}"])
async def test_what_makes_no_sense_is_ignored(frame: bytes) -> None:
    async with connected() as (client, far):
        archived = client.subscribe(THREAD_ARCHIVED)
        await far.send(frame, _archived("a"))
        assert (await anext(archived)).thread_id == "a"
        assert client.statistics().ignored_messages == 1


async def test_a_server_that_does_not_read_holds_up_senders_only() -> None:
    near, far_end = direct_pair(100)
    far = Far(far_end)
    async with AgentClient(near, max_unsent_bytes=500) as client, anyio.create_task_group() as tasks:
        with client.subscribe(THREAD_ARCHIVED) as archived:
            for _ in range(50):
                tasks.start_soon(client.notify, Notification("x", Wire), ThreadArchivedNotification(thread_id="t" * 50))
            await anyio.wait_all_tasks_blocked()
            assert client.statistics().unsent_bytes < 700
            await far.send(_archived("a"))
            assert (await anext(archived)).thread_id == "a"
            for _ in range(50):
                assert (await far.next())["method"] == "x"
