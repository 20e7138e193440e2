"""Where each message that arrives goes: to its call, to the iterators that want it, to whoever answers questions."""

import logging
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from msgspec import UNSET, Raw

from agent_protocol import jsonrpc, registry
from agent_protocol.client.incoming import IncomingRequest
from agent_protocol.client.subscription import BufferStatistics, Subscription
from agent_protocol.errors import ConnectionLost, ErrorCode, MalformedMessage
from agent_protocol.jsonrpc import NotificationMessage, RequestMessage
from agent_protocol.registry import Notification
from agent_protocol.wire import JsonValue

P = TypeVar("P")
T = TypeVar("T")

AnyIncomingRequest: TypeAlias = IncomingRequest[JsonValue, JsonValue]
Answerer: TypeAlias = Callable[[JsonValue], Awaitable[JsonValue]]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class RawNotification:
    """A notification as it came, also of a method this release does not know."""

    method: str
    raw_params: bytes | None
    """The JSON text of the params; ``None`` where there are none."""

    def decode(self, notification: Notification[P]) -> P:
        """Return the params as ``notification`` declares them. Raises ``MalformedMessage``."""
        return jsonrpc.decode_notification(notification, UNSET if self.raw_params is None else Raw(self.raw_params))


class _Listeners(Generic[T]):
    """The open iterators of one kind, oldest first, each with what it wants; nothing named means everything."""

    def __init__(self, max_buffered_bytes: int) -> None:
        self._max_buffered = max_buffered_bytes
        self._open: dict[Subscription[T], frozenset[str]] = {}
        self._ended: tuple[ConnectionLost | None] | None = None

    def open(self, names: Iterable[str] = ()) -> Subscription[T]:
        subscription: Subscription[T] = Subscription(self._max_buffered, self._close)
        self._open[subscription] = frozenset(names)
        if self._ended is not None:
            subscription.end(self._ended[0])
        return subscription

    def wanting(self, name: str) -> list[Subscription[T]]:
        return [subscription for subscription, names in self._open.items() if not names or name in names]

    def end(self, failure: ConnectionLost | None) -> None:
        self._ended = (failure,)
        for subscription in self._open:
            subscription.end(failure)

    def statistics(self) -> list[BufferStatistics]:
        return [subscription.statistics() for subscription in self._open]

    def _close(self, subscription: Subscription[T]) -> None:
        self._open.pop(subscription, None)


class Inbox:
    """Hands out notifications and questions. Nothing here waits."""

    def __init__(
        self,
        *,
        max_buffered_bytes: int,
        send: Callable[[bytes], None],
        start: Callable[[Callable[[], Coroutine[object, object, None]]], None],
    ) -> None:
        self._send = send
        self._start = start
        self._declared: dict[str, Notification[JsonValue]] = {}
        self._typed: _Listeners[JsonValue] = _Listeners(max_buffered_bytes)
        self._raw: _Listeners[RawNotification] = _Listeners(max_buffered_bytes)
        self._questions: _Listeners[AnyIncomingRequest] = _Listeners(max_buffered_bytes)
        self._answerers: dict[str, Answerer] = {}

    def subscribe(self, notifications: Iterable[Notification[JsonValue]]) -> Subscription[JsonValue]:
        """Return an iterator over the params of these notifications."""
        declared = {notification.name: notification for notification in notifications}
        self._declared.update(declared)
        return self._typed.open(declared)

    def subscribe_raw(self) -> Subscription[RawNotification]:
        """Return an iterator over every notification."""
        return self._raw.open()

    def questions(self, names: Iterable[str]) -> Subscription[AnyIncomingRequest]:
        """Return an iterator over these questions, or over all without names."""
        return self._questions.open(names)

    def answer_with(self, name: str, answerer: Answerer) -> None:
        """Answer questions of this name by calling ``answerer`` in a task of its own."""
        self._answerers[name] = answerer

    def notify(self, message: NotificationMessage, size_bytes: int) -> None:
        """Hand a notification to every iterator that wants it."""
        for raw in self._raw.wanting(message.method):
            raw.offer(partial(_raw_notification, message), size_bytes)
        for typed in self._typed.wanting(message.method):
            declared = self._declared[message.method]
            typed.offer(partial(jsonrpc.decode_notification, declared, message.params), size_bytes)

    def ask(self, message: RequestMessage, size_bytes: int) -> None:
        """Hand a question to its handler, else to the oldest iterator that wants it, else refuse it."""
        request = registry.server_request(message.method)
        if request is None:
            self._refuse(message, "unknown method")
            return
        try:
            params = jsonrpc.decode_question(request, message.params)
        except MalformedMessage as error:
            self._refuse(message, error.detail)
            return
        incoming = IncomingRequest(request, message.id, params, self._send)
        answerer = self._answerers.get(message.method)
        if answerer is not None:
            self._start(partial(_answer, incoming, answerer))
            return
        wanting = self._questions.wanting(message.method)
        if not wanting:
            self._refuse(message, "no handler")
        elif not wanting[0].offer(lambda: incoming, size_bytes):
            self._refuse(message, "too many open questions")

    def end(self, failure: ConnectionLost | None) -> None:
        """End every iterator, with ``failure`` if there was one; later ones end at once."""
        self._typed.end(failure)
        self._raw.end(failure)
        self._questions.end(failure)

    def statistics(self) -> Sequence[BufferStatistics]:
        """Return the counts of every open iterator."""
        return [*self._typed.statistics(), *self._raw.statistics(), *self._questions.statistics()]

    def _refuse(self, message: RequestMessage, reason: str) -> None:
        _log.warning("refused the %s request of the server: %s", message.method, reason)
        self._send(jsonrpc.encode_error(message.id, ErrorCode.INVALID_REQUEST, f"{message.method}: {reason}"))


async def _answer(incoming: AnyIncomingRequest, answerer: Answerer) -> None:
    try:
        result = await answerer(incoming.params)
    except Exception:
        _log.exception("the handler of %s failed", incoming.request.name)
        _settle(lambda: incoming.fail("the client's handler failed", ErrorCode.INTERNAL_ERROR))
    else:
        _settle(lambda: incoming.respond(result))


def _settle(answer: Callable[[], None]) -> None:
    try:
        answer()
    except ConnectionLost:
        _log.debug("an answer came after the connection was lost")


def _raw_notification(message: NotificationMessage) -> RawNotification:
    return RawNotification(message.method, None if message.params is UNSET else bytes(message.params))
