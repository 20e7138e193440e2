"""Recording what a model was asked and what it answered."""

import re
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, fields
from itertools import groupby
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from agent_protocol.wire import JsonValue

from agent_core.model.cassette import EndLine, EventLine, HeaderLine, Line, encode_line, request_line
from agent_core.model.client import ModelClient
from agent_core.model.errors import ModelError
from agent_core.model.event import Completed, ModelEvent
from agent_core.model.placeholder import Placeholders
from agent_core.model.request import ModelRequest, encode_body

_WORD = re.compile(r"\s*\S+|\s+$")


@dataclass(kw_only=True, eq=False)
class RecordingFailed(ModelError):
    """The cassette cannot be written."""

    path: str
    reason: str

    def __str__(self) -> str:
        return f"Cannot write the recording {self.path}: {self.reason}"


class RecordingClient:
    """Passes requests on to ``inner`` and writes each exchange to ``path`` when it has ended.

    An existing file is replaced at the first request. Headers are not recorded, and what looks like a secret is
    blanked. Requests that run at the same time are written in the order in which they end.
    """

    def __init__(self, inner: ModelClient, path: Path, placeholders: Placeholders, noise: Sequence[str] = ()) -> None:
        self._inner = inner
        self._path = path
        self._placeholders = placeholders
        self._header: HeaderLine | None = HeaderLine(noise=tuple(noise))
        self._previous: dict[str, JsonValue] = {}

    async def prepare(self) -> None:
        await self._inner.prepare()

    async def aclose(self) -> None:
        await self._inner.aclose()

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        if self._header is not None:
            header, self._header = self._header, None
            await self._write([header], mode="wb")
        body = self._placeholders.canonical(msgspec.json.decode(encode_body(request)))
        heard: list[ModelEvent] = []
        end = EndLine(outcome="left")
        try:
            async with self._inner.open(request) as events, aclosing(_listened(events, heard)) as passed_on:
                yield passed_on
        except ModelError as error:
            end = _failure(error)
            raise
        finally:
            if heard and isinstance(heard[-1], Completed):
                end = EndLine(outcome="completed")
            with anyio.CancelScope(shield=True):
                await self._finish(body, heard, end)

    async def _finish(self, body: dict[str, JsonValue], heard: Sequence[ModelEvent], end: EndLine) -> None:
        line = request_line(self._previous, body)
        self._previous = body
        events = [EventLine(event=event) for event in self._spelled(heard)]
        await self._write([line, *events, self._placeholders_in(end)], mode="ab")

    def _placeholders_in(self, end: EndLine) -> EndLine:
        return msgspec.structs.replace(end, facts=self._placeholders.masked(end.facts))

    def _spelled(self, events: Sequence[ModelEvent]) -> Iterator[dict[str, JsonValue]]:
        """Yield the events with placeholders, also where a value is spread over several deltas."""
        plain = [msgspec.to_builtins(event) for event in events]
        for key, group in groupby(plain, _run_key):
            run = list(group)
            if key is None:
                yield from map(self._placeholders.masked, run)
                continue
            masked = [self._placeholders.masked(event["delta"]) for event in run]
            whole = self._placeholders.masked("".join(event["delta"] for event in run))
            deltas = masked if "".join(masked) == whole else _WORD.findall(whole)
            yield from ({**run[min(index, len(run) - 1)], "delta": delta} for index, delta in enumerate(deltas))

    async def _write(self, lines: Sequence[Line], mode: str) -> None:
        content = b"".join(map(encode_line, lines))
        try:
            await anyio.to_thread.run_sync(_append, self._path, mode, content)
        except OSError as error:
            raise RecordingFailed(path=str(self._path), reason=error.strerror or str(error)) from error


def _append(path: Path, mode: str, content: bytes) -> None:
    with path.open(mode) as file:
        file.write(content)


async def _listened(events: AsyncIterator[ModelEvent], heard: list[ModelEvent]) -> AsyncGenerator[ModelEvent]:
    async for event in events:
        heard.append(event)
        yield event


def _run_key(event: dict[str, JsonValue]) -> Sequence[JsonValue] | None:
    """Return what the deltas of one text have in common; ``None`` for an event that is no delta of text."""
    if "delta" not in event:
        return None
    return [value for name, value in event.items() if name != "delta"]


def _failure(error: ModelError) -> EndLine:
    facts = {field.name: getattr(error, field.name) for field in fields(error)}
    return EndLine(outcome="failed", error=type(error).__name__, facts=msgspec.to_builtins(facts))
