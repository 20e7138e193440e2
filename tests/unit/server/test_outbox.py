import json

import anyio
import pytest
from agent_protocol.v2.item import (
    ITEM_AGENT_MESSAGE_DELTA,
    ITEM_COMMAND_EXECUTION_OUTPUT_DELTA,
    ITEM_REASONING_SUMMARY_TEXT_DELTA,
    AgentMessageDeltaNotification,
    CommandExecutionOutputDeltaNotification,
    ReasoningSummaryTextDeltaNotification,
)
from agent_server.message import Outgoing
from agent_server.outbox import Outbox
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.anyio


def _message(delta: str, item_id: str = "i") -> Outgoing:
    return Outgoing(
        ITEM_AGENT_MESSAGE_DELTA,
        AgentMessageDeltaNotification(thread_id="t", turn_id="u", item_id=item_id, delta=delta),
    )


def _output(delta: str, item_id: str = "i") -> Outgoing:
    params = CommandExecutionOutputDeltaNotification(thread_id="t", turn_id="u", item_id=item_id, delta=delta)
    return Outgoing(ITEM_COMMAND_EXECUTION_OUTPUT_DELTA, params)


def _summary(delta: str, index: int) -> Outgoing:
    params = ReasoningSummaryTextDeltaNotification(
        thread_id="t", turn_id="u", item_id="i", delta=delta, summary_index=index
    )
    return Outgoing(ITEM_REASONING_SUMMARY_TEXT_DELTA, params)


async def test_messages_come_out_in_order_all_at_once() -> None:
    outbox = Outbox(1000)
    assert all(outbox.offer(data) for data in (b"1", b"2", b"3"))
    assert await outbox.drain() == [b"1", b"2", b"3"]
    statistics = outbox.statistics()
    assert (statistics.queued_messages, statistics.queued_bytes) == (0, 0)
    assert (statistics.sent_messages, statistics.sent_bytes) == (3, 3)


async def test_draining_waits_for_the_first_message() -> None:
    outbox = Outbox(1000)
    got: list[list[bytes]] = []

    async def drain() -> None:
        got.append(await outbox.drain())

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(drain)
        await anyio.wait_all_tasks_blocked()
        assert got == []
        outbox.offer(b"x")
    assert got == [[b"x"]]


async def test_deltas_are_left_apart_while_there_is_room() -> None:
    outbox = Outbox(10_000)
    for text in "abc":
        outbox.offer_notification(_message(text))
    assert len(await outbox.drain()) == 3


async def test_adjacent_deltas_of_one_item_are_joined_above_half_of_the_budget() -> None:
    outbox = Outbox(1000)
    outbox.offer(b"x" * 500)
    outbox.offer(b"y")
    for text in ("a", "b", "é\n"):
        outbox.offer_notification(_message(text))
    *_, last = await outbox.drain()
    assert json.loads(last)["params"]["delta"] == "abé\n"
    assert outbox.statistics().merged_messages == 2


async def test_deltas_of_different_items_kinds_or_parts_stay_apart() -> None:
    outbox = Outbox(4000)
    outbox.offer(b"x" * 2000)
    outbox.offer(b"y")
    for outgoing in (_message("a"), _message("b", "other"), _output("c", "other"), _summary("d", 0), _summary("e", 1)):
        outbox.offer_notification(outgoing)
    deltas = [json.loads(data)["params"]["delta"] for data in (await outbox.drain())[2:]]
    assert deltas == list("abcde")


async def test_a_message_between_two_deltas_keeps_them_apart() -> None:
    outbox = Outbox(1000)
    outbox.offer(b"x" * 501)
    outbox.offer_notification(_message("a"))
    outbox.offer(b"between")
    outbox.offer_notification(_message("b"))
    assert (await outbox.drain())[2] == b"between"


async def test_nothing_is_taken_above_the_budget() -> None:
    outbox = Outbox(100)
    while outbox.offer(b"x" * 10):
        pass
    assert 100 < outbox.statistics().queued_bytes <= 110
    assert not outbox.offer_notification(_message("a"))
    await outbox.drain()
    assert outbox.offer(b"again")


async def test_one_message_larger_than_the_budget_is_taken_and_leaves_room() -> None:
    outbox = Outbox(100)
    assert outbox.offer(b"x" * 1000)
    assert outbox.offer(b"small")
    assert [len(data) for data in await outbox.drain()] == [1000, 5]


async def test_a_closed_outbox_gives_out_what_it_has_and_then_ends() -> None:
    outbox = Outbox(100)
    outbox.offer(b"last")
    outbox.close()
    assert not outbox.offer(b"late")
    assert await outbox.drain() == [b"last"]
    assert await outbox.drain() == []


async def test_closing_wakes_the_writer_and_can_discard() -> None:
    outbox = Outbox(100)
    outbox.offer(b"x")
    outbox.close(discard=True)
    with anyio.fail_after(1):
        assert await outbox.drain() == []


@given(st.lists(st.tuples(st.sampled_from("pq"), st.text(max_size=20)), max_size=40), st.integers(0, 2000))
def test_joining_never_changes_the_text_of_an_item(deltas: list[tuple[str, str]], filled: int) -> None:
    async def check() -> None:
        outbox = Outbox(1_000_000)
        outbox.offer(b"x" * (499_000 + filled))
        for item_id, text in deltas:
            assert outbox.offer_notification(_message(text, item_id))
        texts = {"p": "", "q": ""}
        for data in (await outbox.drain())[1:]:
            params = json.loads(data)["params"]
            texts[params["itemId"]] += params["delta"]
        assert texts == {name: "".join(text for each, text in deltas if each == name) for name in "pq"}

    anyio.run(check)
