import anyio
import pytest
from agent_core.model.errors import ServerOverloaded, StreamDisconnected
from agent_core.model.event import Completed, ModelEvent, OutputTextDelta
from agent_core.model.request import ModelRequest
from agent_core.testing.answer import answer, custom_call, failed, function_call, message
from agent_core.testing.model import Answer, ScriptedModel, ScriptExhausted
from agent_core.testing.seam import CountingIds, ManualClock

REQUEST = ModelRequest(thread_id="t", turn_id="u", model="m", instructions="i", input=())


async def ask(model: ScriptedModel) -> list[ModelEvent]:
    async with model.open(REQUEST) as events:
        return [event async for event in events]


@pytest.mark.anyio
async def test_a_scripted_model_gives_its_answers_in_order() -> None:
    def second(request: ModelRequest) -> Answer:
        return [OutputTextDelta(delta=request.model), Completed(response_id="r")]

    model = ScriptedModel([answer(message("one")), second])
    assert OutputTextDelta(delta="one", item_id=message("one")[1]["item_id"]) in await ask(model)
    assert (await ask(model))[1:] == [OutputTextDelta(delta="m"), Completed(response_id="r")]
    assert model.requests == [REQUEST, REQUEST]
    with pytest.raises(ScriptExhausted):
        await ask(model)


@pytest.mark.anyio
async def test_a_scripted_model_fails_as_told() -> None:
    model = ScriptedModel([ServerOverloaded(), [failed("slow_down")], [StreamDisconnected(url="u", reason="r")], []])
    for kind in (ServerOverloaded, ServerOverloaded, StreamDisconnected, StreamDisconnected):
        with pytest.raises(kind):
            await ask(model)


@pytest.mark.anyio
async def test_a_scripted_answer_waits_where_told() -> None:
    gate = anyio.Event()
    model = ScriptedModel([[*message("x"), gate, *answer()]])
    async with model.open(REQUEST) as events:
        for _ in range(4):
            await anext(events)
        with anyio.move_on_after(0.01) as scope:
            await anext(events)
    assert scope.cancelled_caught


def test_builders_give_the_same_ids_for_the_same_content() -> None:
    assert message("x") == message("x") != message("y")
    assert function_call("f", {"a": 1}) == function_call("f", '{"a": 1}')
    assert custom_call("f", "x", call_id="c")[0]["item"]["call_id"] == "c"


@pytest.mark.anyio
async def test_a_manual_clock_moves_by_what_is_slept() -> None:
    clock = ManualClock()
    start = clock.now()
    await clock.sleep(2)
    clock.advance(3)
    assert (clock.monotonic(), (clock.now() - start).total_seconds(), clock.sleeps) == (5, 5, [2])


def test_counting_ids_differ_by_kind_and_number() -> None:
    ids = CountingIds()
    assert len({ids.uuid7(), ids.uuid7(), ids.uuid4(), ids.uuid4()}) == 4
