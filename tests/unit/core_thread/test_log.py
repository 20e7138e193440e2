from collections.abc import Callable
from pathlib import Path

import anyio
import pytest
from agent_core.face import LoggedEvent
from agent_core.seams import SystemClock
from agent_core.thread.log import HELD_EVENTS, EventLog
from agent_protocol.rollout.event import WarningEvent
from agent_state.errors import RolloutWriteError


class Recorder:
    """Keeps what it is given; ``flush`` waits for ``release`` and then fails if it is told to."""

    def __init__(self) -> None:
        self.kept: list[LoggedEvent] = []
        self.release = anyio.Event()
        self.fails = False

    def event(self, event: LoggedEvent) -> None:
        self.kept.append(event)

    async def flush(self) -> None:
        await self.release.wait()
        if self.fails:
            raise RolloutWriteError(Path("rollout"), 28)


class Bench:
    def __init__(self) -> None:
        self.recorder = Recorder()
        self.log = EventLog(SystemClock(), self.recorder)
        self.shown: list[str] = []
        self.log.attach(self.take)

    def take(self, event: LoggedEvent) -> None:
        assert isinstance(event.msg, WarningEvent)
        self.shown.append(event.msg.message)

    def say(self, text: str) -> None:
        self.log.append("", WarningEvent(message=text))

    async def say_durably(self, text: str, announce: Callable[[], None] | None = None) -> None:
        await self.log.append_durable("", WarningEvent(message=text), announce)


@pytest.mark.anyio
async def test_events_behind_a_durable_one_wait_for_it() -> None:
    bench = Bench()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.say_durably, "a")
        await anyio.wait_all_tasks_blocked()
        bench.say("b")
        bench.say("c")
        assert bench.shown == []
        assert len(bench.recorder.kept) == 3
        bench.recorder.release.set()
    assert bench.shown == ["a", "b", "c"]


@pytest.mark.anyio
async def test_a_flush_that_fails_is_told_and_every_event_is_shown_once_in_order() -> None:
    bench = Bench()
    bench.recorder.fails = True
    failures: list[RolloutWriteError] = []

    async def say() -> None:
        try:
            await bench.say_durably("a", lambda: bench.shown.append("announced"))
        except RolloutWriteError as error:
            failures.append(error)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(say)
        await anyio.wait_all_tasks_blocked()
        bench.say("b")
        bench.recorder.release.set()
    bench.say("c")
    assert bench.shown == ["announced", "a", "b", "c"]
    assert len(failures) == 1


@pytest.mark.anyio
async def test_a_cancelled_flush_shows_what_waited() -> None:
    bench = Bench()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.say_durably, "a")
        await anyio.wait_all_tasks_blocked()
        bench.say("b")
        tasks.cancel_scope.cancel()
    assert bench.shown == ["a", "b"]


@pytest.mark.anyio
async def test_two_durable_events_at_once_keep_their_order() -> None:
    bench = Bench()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.say_durably, "a")
        await anyio.wait_all_tasks_blocked()
        tasks.start_soon(bench.say_durably, "b", lambda: bench.shown.append("announced"))
        await anyio.wait_all_tasks_blocked()
        bench.recorder.release.set()
    assert bench.shown == ["a", "announced", "b"]


@pytest.mark.anyio
async def test_what_a_sink_appends_comes_after_what_waited_before() -> None:
    bench = Bench()

    def answer(event: LoggedEvent) -> None:
        if bench.shown == ["a"]:
            bench.say("answer")

    bench.log.attach(answer)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(bench.say_durably, "a")
        await anyio.wait_all_tasks_blocked()
        bench.say("b")
        bench.recorder.release.set()
    assert bench.shown == ["a", "b", "answer"]


@pytest.mark.anyio
async def test_every_sink_sees_the_same_order_when_one_appends() -> None:
    bench = Bench()
    seen: list[int] = []

    def answer(event: LoggedEvent) -> None:
        if event.seq == 1:
            bench.say("answer")

    bench.log.attach(answer)
    bench.log.attach(lambda event: seen.append(event.seq))
    bench.say("a")
    assert seen == [1, 2]


@pytest.mark.anyio
async def test_an_announcement_that_fails_does_not_hide_its_event() -> None:
    bench = Bench()
    bench.recorder.release.set()

    def announce() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await bench.say_durably("a", announce)
    bench.say("b")
    assert bench.shown == ["a", "b"]


@pytest.mark.anyio
async def test_with_nobody_watching_the_newest_events_are_held_up_to_a_bound() -> None:
    log = EventLog(SystemClock(), Recorder())
    for number in range(HELD_EVENTS + 10):
        log.append("", WarningEvent(message=str(number)))
    held: list[int] = []
    log.attach(lambda event: held.append(event.seq))
    assert held == list(range(11, HELD_EVENTS + 11))
    late: list[int] = []
    log.attach(lambda event: late.append(event.seq))
    assert late == []
