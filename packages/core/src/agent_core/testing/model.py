"""A model that answers from a script."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import TypeAlias

import anyio
import anyio.lowlevel
import msgspec

from agent_core.model.decode import ResponseReader
from agent_core.model.errors import ModelError, StreamDisconnected
from agent_core.model.event import Completed, ModelEvent
from agent_core.model.request import ModelRequest
from agent_core.testing.answer import WireEvent

Part: TypeAlias = WireEvent | ModelEvent | ModelError | anyio.Event
"""An event as the wire has it or as the core has it, a failure to raise, or something to wait for."""
Answer: TypeAlias = Sequence[Part] | ModelError
"""The parts of an answer; a :class:`ModelError` refuses the request."""

_URL = "scripted"


class ScriptedModel:
    """A :class:`~agent_core.model.client.ModelClient` that gives the answers of ``script``, one per request.

    An entry may be a function of the request. ``requests`` holds the requests made so far. A request beyond the script
    fails with an error that is not retried.
    """

    def __init__(self, script: Iterable[Answer | Callable[[ModelRequest], Answer]]) -> None:
        self.requests: list[ModelRequest] = []
        self._script = iter(script)

    async def prepare(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        self.requests.append(request)
        entry = next(self._script, None)
        answer = entry(request) if callable(entry) else entry
        if answer is None:
            raise ScriptExhausted(len(self.requests))
        if isinstance(answer, ModelError):
            raise answer
        async with aclosing(_events(answer)) as events:
            yield events


class ScriptExhausted(ModelError):
    """There was a request more than the script has answers; ``number`` counts requests from 1."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __str__(self) -> str:
        return f"the script has no answer to request {self.number}"


async def _events(parts: Sequence[Part]) -> AsyncGenerator[ModelEvent]:
    reader = ResponseReader(_URL)
    for event in reader.head({}):
        yield event
    for part in parts:
        await anyio.lowlevel.checkpoint()
        if isinstance(part, ModelError):
            raise part
        if isinstance(part, anyio.Event):
            await part.wait()
            continue
        for event in reader.read([msgspec.json.encode(part)]) if isinstance(part, dict) else [part]:
            yield event
            if isinstance(event, Completed):
                return
    raise reader.failure or StreamDisconnected(url=_URL, reason="the script's answer is not complete")
