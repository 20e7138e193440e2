"""Answering from a cassette, in place of a model."""

import inspect
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import anyio
import anyio.lowlevel
import anyio.to_thread
import msgspec
from agent_protocol.rollout.usage import RateLimitSnapshot

from agent_core.model import errors
from agent_core.model.cassette import Cassette, EndLine, Exchange, load_cassette
from agent_core.model.difference import Difference, first_difference
from agent_core.model.errors import ModelError
from agent_core.model.event import ModelEvent
from agent_core.model.placeholder import Placeholders
from agent_core.model.providers import REPLAY_FILE_VARIABLE
from agent_core.model.request import ModelRequest, encode_body


@dataclass(kw_only=True, eq=False)
class ReplayMismatch(ModelError):
    """A request is not the one that was recorded; ``number`` counts requests from 1."""

    cassette: str
    number: int
    difference: Difference

    def __str__(self) -> str:
        found = self.difference
        text = (
            f"Request {self.number} differs from the recording {self.cassette} at {found.path}.\n"
            f"recorded: {found.expected}\n"
            f"sent:     {found.got}\n"
        )
        if found.diff:
            text += f"{found.diff}\n"
        return f"{text}If the change is wanted, record the run again with --record."


@dataclass(kw_only=True, eq=False)
class ReplayExhausted(ModelError):
    """There are more requests than were recorded."""

    cassette: str
    recorded: int

    def __str__(self) -> str:
        return (
            f"The recording {self.cassette} holds {self.recorded} requests and a further one was made. "
            "Record the run again with --record."
        )


@dataclass(kw_only=True, eq=False)
class ReplayEnds(ModelError):
    """The recorded run stopped listening here, so nobody knows how the answer goes on."""

    cassette: str

    def __str__(self) -> str:
        return f"The recording {self.cassette} breaks off in the middle of this answer: the recorded run was stopped."


@dataclass(kw_only=True, eq=False)
class ReplayUnset(ModelError):
    """The replay provider is chosen and no recording is named."""

    def __str__(self) -> str:
        return (
            "The model provider 'replay' answers from a recording: name its file in the environment variable "
            f"{REPLAY_FILE_VARIABLE}, or as cassette of a model provider. --record makes one."
        )


class ReplayClient:
    """Answers each request as the same request was answered when the cassette was recorded.

    Requests must come in the recorded order and be equal up to what differs from run to run
    (see :mod:`agent_core.model.placeholder`); answers carry the present run's values.
    """

    def __init__(self, path: Path, places: Mapping[str, Sequence[str]]) -> None:
        self._path = path
        self._places = places
        self._loaded: tuple[Cassette, Placeholders] | None = None
        self._next = 0

    @property
    def remaining(self) -> int | None:
        """How many recorded requests have not been made; ``None`` before the cassette was read."""
        return None if self._loaded is None else len(self._loaded[0].exchanges) - self._next

    async def prepare(self) -> None:
        with suppress(ModelError):
            await self._load()

    async def aclose(self) -> None:
        """Do nothing: nothing is held open."""

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        """Begin the recorded answer.

        Raises:
            ReplayMismatch: this is not the request that was recorded.
            ReplayExhausted: nothing more was recorded.
            CassetteInvalid: the file cannot be read.
            ModelError: what the recorded request failed with.
        """
        cassette, placeholders = await self._load()
        if self._next == len(cassette.exchanges):
            raise ReplayExhausted(cassette=str(self._path), recorded=len(cassette.exchanges))
        exchange = cassette.exchanges[self._next]
        body = placeholders.canonical(msgspec.json.decode(encode_body(request)))
        if difference := first_difference(exchange.request, body):
            raise ReplayMismatch(cassette=str(self._path), number=self._next + 1, difference=difference)
        self._next += 1
        if not exchange.events and exchange.end.outcome == "failed":
            raise self._failure(exchange.end, placeholders)
        async with aclosing(self._events(exchange, placeholders)) as events:
            yield events

    async def _load(self) -> tuple[Cassette, Placeholders]:
        if self._loaded is None:
            cassette = await anyio.to_thread.run_sync(load_cassette, self._path)
            self._loaded = cassette, Placeholders(self._places, noise=cassette.noise)
        return self._loaded

    async def _events(self, exchange: Exchange, placeholders: Placeholders) -> AsyncGenerator[ModelEvent]:
        for event in exchange.events:
            await anyio.lowlevel.checkpoint()
            yield msgspec.convert(placeholders.restored(event), ModelEvent)
        if exchange.end.outcome != "completed":
            raise self._failure(exchange.end, placeholders)

    def _failure(self, end: EndLine, placeholders: Placeholders) -> ModelError:
        if end.outcome == "left":
            return ReplayEnds(cassette=str(self._path))
        kind = getattr(errors, end.error or "", None)
        facts = placeholders.restored(end.facts)
        if facts.get("snapshot") is not None:
            facts["snapshot"] = msgspec.convert(facts["snapshot"], RateLimitSnapshot)
        if inspect.isclass(kind) and issubclass(kind, ModelError):
            return kind(**facts)
        return errors.ResponseFailed(code=end.error, message=f"recorded failure {facts}")
