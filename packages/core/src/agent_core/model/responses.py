"""The Responses API over HTTP and server-sent events."""

from __future__ import annotations

import os
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import anyio

from agent_core.model.credential import Credential, StoredCredential, no_login, resolve_credential
from agent_core.model.decode import ResponseReader
from agent_core.model.errors import ConnectionFailed, ModelError, StreamDisconnected
from agent_core.model.event import Completed, ModelEvent
from agent_core.model.fault import Refusal, status_fault
from agent_core.model.header import TURN_STATE, request_headers
from agent_core.model.http import HttpPool, answering, shown_url, streaming, timeouts
from agent_core.model.providers import ModelProvider
from agent_core.model.request import ModelRequest, encode_body
from agent_core.model.retry import backoff
from agent_core.model.sse import EventTooLong, SseSplitter
from agent_core.seams import Clock, Randomness, SystemClock, system_randomness

if TYPE_CHECKING:
    import httpx2

_DRAIN_SECONDS = 0.1
_CLOSE_SECONDS = 1.0
_MAX_REFUSAL_BYTES = 64 * 1024


class ResponsesClient:
    """A :class:`~agent_core.model.client.ModelClient` for one provider.

    ``headers`` go with every request (originator, user agent). ``stored`` gives the login's credential. Without a
    ``pool`` the client keeps connections of its own and closes them with itself.
    """

    def __init__(
        self,
        provider: ModelProvider,
        *,
        headers: Mapping[str, str],
        stored: StoredCredential = no_login,
        environ: Mapping[str, str] = os.environ,
        pool: HttpPool | None = None,
        clock: Clock | None = None,
        randomness: Randomness | None = None,
    ) -> None:
        self._provider = provider
        self._headers = headers
        self._stored = stored
        self._environ = environ
        self._pool = pool or HttpPool()
        self._owns_pool = pool is None
        self._clock = clock or SystemClock()
        self._randomness = randomness or system_randomness()

    async def prepare(self) -> None:
        with suppress(ModelError):
            await self._pool.client(self._provider.address())

    async def aclose(self) -> None:
        if self._owns_pool:
            await self._pool.aclose()

    @asynccontextmanager
    async def open(self, request: ModelRequest) -> AsyncIterator[AsyncIterator[ModelEvent]]:
        credential = await resolve_credential(self._provider, self._environ, self._stored)
        response = await self._send(request, credential)
        answer = _Answer(response, self._idle_seconds)
        if request.turn_state.token is None:
            request.turn_state.token = answer.headers.get(TURN_STATE)
        events = answer.events()
        try:
            yield events
            await answer.drain()
        finally:
            with anyio.move_on_after(_CLOSE_SECONDS, shield=True):
                await events.aclose()
                await answer.aclose()

    @property
    def _idle_seconds(self) -> float:
        return self._provider.stream_idle_timeout_ms / 1000

    async def _send(self, request: ModelRequest, credential: Credential | None) -> httpx2.Response:
        """Return the answer's head once it is a success; try again where that may help."""
        chatgpt = credential is not None and credential.chatgpt
        url = f"{self._provider.address(chatgpt=chatgpt)}/responses"
        if self._provider.query_params:
            url += f"?{urlencode(self._provider.query_params)}"
        headers = request_headers(request, self._provider, credential, defaults=self._headers, environ=self._environ)
        content = encode_body(request, azure=self._provider.is_azure(chatgpt=chatgpt))
        client = await self._pool.client(url)
        origin = credential.origin if credential is not None else None
        attempt = 0
        while True:
            attempt += 1
            fault: ModelError
            try:
                with answering(shown_url(url)):
                    sent = client.build_request(
                        "POST", url, content=content, headers=headers, timeout=timeouts(self._idle_seconds)
                    )
                    response = await client.send(sent, stream=True)
                    if response.is_success:
                        return response
                    fault = status_fault(await _refusal(response, origin))
            except ConnectionFailed as error:
                fault = error
            if attempt > self._provider.request_retries or (fault.status is not None and fault.status < 500):
                raise fault
            await self._clock.sleep(backoff(attempt, self._randomness))


class _Answer:
    """A successful answer while its body is read."""

    def __init__(self, response: httpx2.Response, idle_seconds: float) -> None:
        self.headers = {name.lower(): value for name, value in response.headers.items()}
        self._response = response
        self._idle_seconds = idle_seconds
        self._url = shown_url(str(response.request.url))
        self._chunks = self._read_chunks()
        self._completed = False

    async def events(self) -> AsyncGenerator[ModelEvent]:
        """Yield the events; a batch that one chunk holds passes without a turn of the event loop."""
        reader = ResponseReader(self._url)
        for event in reader.head(self.headers):
            yield event
        splitter = SseSplitter()
        spoken = False
        async for chunk in self._chunks:
            batch = self._split(splitter, chunk)
            spoken = spoken or bool(batch)
            for event in reader.read(batch):
                self._completed = isinstance(event, Completed)
                yield event
                if self._completed:
                    return
        raise reader.failure or StreamDisconnected(url=self._url, reason=self._ended(spoken=spoken))

    async def drain(self) -> None:
        """Read past the end of a complete answer, so that its connection can be used again."""
        if self._completed:
            with suppress(StreamDisconnected), anyio.move_on_after(_DRAIN_SECONDS):
                async for _ in self._chunks:
                    pass

    async def aclose(self) -> None:
        """Close the answer; its connection is dropped unless the answer was read to its end."""
        await self._chunks.aclose()
        await self._response.aclose()

    async def _read_chunks(self) -> AsyncGenerator[bytes]:
        compressed = "content-encoding" in self.headers
        chunks = self._response.aiter_bytes() if compressed else self._response.aiter_raw()
        with streaming(self._url, self._idle_seconds):
            try:
                async for chunk in chunks:
                    yield chunk
            finally:
                await chunks.aclose()

    def _split(self, splitter: SseSplitter, chunk: bytes) -> Sequence[bytes]:
        try:
            return splitter.feed(chunk)
        except EventTooLong as error:
            raise StreamDisconnected(url=self._url, reason=str(error)) from error

    def _ended(self, *, spoken: bool) -> str:
        kind = self.headers.get("content-type", "").partition(";")[0].strip()
        if not spoken and kind not in ("", "text/event-stream"):
            return f"it is {kind}, not an event stream; check the provider's base_url"
        return "the connection closed before the answer was complete"


async def _refusal(response: httpx2.Response, origin: str | None) -> Refusal:
    """Read what the server says about its refusal, and release the connection."""
    body = bytearray()
    try:
        async for chunk in response.aiter_bytes():
            body += chunk
            if len(body) > _MAX_REFUSAL_BYTES:
                break
    finally:
        await response.aclose()
    return Refusal(
        status=response.status_code,
        url=shown_url(str(response.request.url)),
        headers={name.lower(): value for name, value in response.headers.items()},
        body=bytes(body[:_MAX_REFUSAL_BYTES]),
        credential=origin,
    )
