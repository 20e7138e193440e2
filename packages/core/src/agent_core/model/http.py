"""The HTTP client that all model traffic shares, and the translation of its errors."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import anyio
import anyio.to_thread

from agent_core.model.errors import ConnectionFailed, EndpointInvalid, ProxyUnusable, StreamDisconnected

if TYPE_CHECKING:
    import httpx2

_CONNECT_SECONDS = 30.0
_WRITE_SECONDS = 60.0
_LOOPBACK = ("all://localhost", "all://127.0.0.1", "all://[::1]")


class HttpPool:
    """Connections to model servers, opened when needed and kept. Close it with :meth:`aclose`.

    Proxies come from the environment; loopback addresses are always reached directly. The certificate store is
    loaded only when something is to be encrypted, and never on the event loop's thread.
    """

    def __init__(self) -> None:
        self._clients: dict[bool, httpx2.AsyncClient] = {}
        self._lock = anyio.Lock()

    async def client(self, url: str) -> httpx2.AsyncClient:
        """Return the client for ``url``.

        Raises:
            ProxyUnusable: the environment names a proxy that cannot be used.
        """
        secure = _needs_certificates(url)
        if found := self._clients.get(secure):
            return found
        async with self._lock:
            if secure not in self._clients:
                self._clients[secure] = await anyio.to_thread.run_sync(_build_client, secure)
            return self._clients[secure]

    async def aclose(self) -> None:
        """Close every connection."""
        while self._clients:
            _, client = self._clients.popitem()
            await client.aclose()


@contextmanager
def answering(url: str) -> Iterator[None]:
    """Translate what the HTTP library raises while a request is sent and its answer awaited."""
    import httpx2

    try:
        yield
    except (httpx2.UnsupportedProtocol, httpx2.LocalProtocolError, httpx2.InvalidURL, UnicodeEncodeError) as error:
        raise EndpointInvalid(url=url, reason=_reason(error)) from error
    except httpx2.RequestError as error:
        raise ConnectionFailed(url=url, reason=_reason(error)) from error


@contextmanager
def streaming(url: str, idle_seconds: float) -> Iterator[None]:
    """Translate what the HTTP library raises while the body of an answer is read."""
    import httpx2

    try:
        yield
    except httpx2.ReadTimeout as error:
        raise StreamDisconnected(url=url, reason=f"nothing came for {idle_seconds:g} s") from error
    except httpx2.RequestError as error:
        raise StreamDisconnected(url=url, reason=_reason(error)) from error


def timeouts(idle_seconds: float) -> httpx2.Timeout:
    """Return the bounds of every wait of one request; ``idle_seconds`` is the longest silence."""
    import httpx2

    return httpx2.Timeout(connect=_CONNECT_SECONDS, read=idle_seconds, write=_WRITE_SECONDS, pool=None)


def shown_url(url: str) -> str:
    """Return ``url`` as messages may show it: without credentials and query, where keys can stand."""
    from urllib.parse import urlsplit

    try:
        parts = urlsplit(url)
    except ValueError:
        return url.partition("?")[0]
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _needs_certificates(url: str) -> bool:
    proxies = (value for name, value in os.environ.items() if name.lower().endswith("_proxy"))
    return not url.startswith("http:") or any(proxy.startswith("https:") for proxy in proxies)


def _build_client(secure: bool) -> httpx2.AsyncClient:
    import ssl

    import httpx2

    context = httpx2.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        return httpx2.AsyncClient(
            verify=context,
            limits=httpx2.Limits(max_connections=None, max_keepalive_connections=20),
            mounts=dict.fromkeys(_LOOPBACK),
        )
    except (ImportError, ValueError, httpx2.InvalidURL) as error:
        raise ProxyUnusable(reason=str(error)) from error


def _reason(error: Exception) -> str:
    """Return what went wrong, from the innermost cause that says something."""
    import httpcore2
    import httpx2

    if isinstance(error, httpx2.TimeoutException):
        return "it did not answer in time"
    reason, cause = str(error), error.__cause__ or error.__context__
    while cause is not None:
        if isinstance(cause, BaseExceptionGroup):
            cause = cause.exceptions[-1]
        if isinstance(cause, ConnectionError) and cause.errno:
            reason = os.strerror(cause.errno)
        elif isinstance(cause, OSError):
            reason = cause.strerror or reason
        elif not isinstance(cause, httpcore2.NetworkError):
            break
        cause = cause.__cause__ or cause.__context__
    return reason.rstrip(".") or type(error).__name__
