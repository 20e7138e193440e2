"""A thread on a scripted model, with what it has shown so far."""

import os
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import TypeVar

import anyio
from agent_core.agent import Agent, open_agent
from agent_core.face import LoggedEvent, ThreadOptions, TurnOverrides
from agent_core.model.request import ModelRequest
from agent_core.seams import Clock, Randomness
from agent_core.testing.model import Answer, ScriptedModel
from agent_core.thread.thread import Thread
from agent_protocol.rollout.event import EventMsg, TaskCompleteEvent, TurnAbortedEvent
from agent_protocol.v2.common import AskForApproval, SandboxMode
from agent_protocol.v2.user_input import TextUserInput

M = TypeVar("M", bound=EventMsg)


class Watched:
    """A thread with the events it has shown so far."""

    def __init__(self, agent: Agent, thread: Thread, model: ScriptedModel) -> None:
        self.agent = agent
        self.thread = thread
        self.model = model
        self.events: list[LoggedEvent] = []
        self._news = anyio.Event()
        thread.log.attach(self._take)

    def _take(self, event: LoggedEvent) -> None:
        self.events.append(event)
        self._news.set()
        self._news = anyio.Event()

    def all(self, kind: type[M]) -> list[M]:
        return [event.msg for event in self.events if isinstance(event.msg, kind)]

    def kinds(self) -> list[str]:
        return [type(event.msg).__name__.removesuffix("Event") for event in self.events]

    async def until(self, kind: type[M], count: int = 1) -> M:
        with anyio.fail_after(20):
            while len(self.all(kind)) < count:
                await self._news.wait()
        return self.all(kind)[count - 1]

    async def start(self, text: str = "go", overrides: TurnOverrides | None = None) -> str:
        return await self.thread.start_turn([TextUserInput(text=text)], overrides or TurnOverrides(), lambda _: None)

    async def turn(self, text: str = "go", overrides: TurnOverrides | None = None) -> None:
        ended = len(self.all(TaskCompleteEvent)) + len(self.all(TurnAbortedEvent))
        await self.start(text, overrides)
        with anyio.fail_after(20):
            while len(self.all(TaskCompleteEvent)) + len(self.all(TurnAbortedEvent)) == ended:
                await self._news.wait()


async def until(condition: Callable[[], bool]) -> None:
    """Return when ``condition`` holds; for what no event tells."""
    with anyio.fail_after(20):
        while not condition():  # noqa: ASYNC110
            await anyio.sleep(0.001)


def write(path: Path, text: str) -> None:
    path.write_text(text)


def read(path: Path) -> str:
    return path.read_text()


Opener = Callable[..., AbstractAsyncContextManager[Watched]]


def thread_opener(home: Path, cwd: Path) -> Opener:
    """Return what opens an agent over ``home`` with one thread in ``cwd`` and a scripted model."""

    @asynccontextmanager
    async def opener(
        script: Iterable[Answer | Callable[[ModelRequest], Answer]],
        *,
        approval: AskForApproval = AskForApproval.NEVER,
        sandbox: SandboxMode = SandboxMode.DANGER_FULL_ACCESS,
        options: ThreadOptions | None = None,
        resume: str | None = None,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
    ) -> AsyncIterator[Watched]:
        model = ScriptedModel(script)
        wanted = options or ThreadOptions(
            model="gpt-5.2-codex", cwd=str(cwd), approval_policy=approval, sandbox=sandbox
        )
        environ = {**os.environ, "HOME": str(home)}
        async with open_agent(
            home=home, cwd=cwd, environ=environ, model=model, clock=clock, randomness=randomness
        ) as agent:
            if resume is None:
                thread = await agent.start_thread(wanted)
            else:
                thread = await agent.resume_thread(resume, wanted, path=None, history=None)
            yield Watched(agent, thread, model)

    return opener
