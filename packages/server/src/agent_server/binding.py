"""Which function serves which method. The names are checked at start, the functions when first used."""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from importlib import import_module
from typing import TYPE_CHECKING, Final, TypeAlias, TypeVar

from agent_protocol import registry
from agent_protocol.errors import InvalidRequest
from agent_protocol.registry import AnyMethod, Method
from agent_protocol.wire import JsonValue
from msgspec import Struct

from agent_server.context import RequestContext
from agent_server.hub import Hub

if TYPE_CHECKING:
    from agent_server.ports import Agent, Host

P = TypeVar("P")
R = TypeVar("R")
H = TypeVar("H")

_MARK: Final = "__handles__"

HandlerFunction: TypeAlias = Callable[[RequestContext[JsonValue], JsonValue], Awaitable[JsonValue]]


class Services(Struct, frozen=True):
    """What handlers may hold."""

    agent: "Agent"
    hub: Hub


class Reception(Struct, frozen=True):
    """What the handler of ``initialize`` may hold: it is there before the agent is."""

    host: "Host"
    hub: Hub


class BindingError(Exception):
    """Methods and handlers do not match one to one: a defect of the server itself."""

    def __init__(
        self, *, missing: Iterable[str] = (), doubled: Iterable[str] = (), unknown: Iterable[str] = ()
    ) -> None:
        self.missing = sorted(missing)
        self.doubled = sorted(doubled)
        self.unknown = sorted(unknown)
        found = {"without handler": self.missing, "with two": self.doubled, "unknown": self.unknown}
        super().__init__("; ".join(f"{what}: {', '.join(names)}" for what, names in found.items() if names))


class NotAvailable(InvalidRequest):
    """The method is part of the protocol and not built yet; ``method`` names it."""

    def __init__(self, method: str) -> None:
        self.method = method
        super().__init__(f"{method} is not available yet")


def handles(
    method: Method[P, R],
) -> Callable[[Callable[[H, RequestContext[R], P], Awaitable[R]]], Callable[[H, RequestContext[R], P], Awaitable[R]]]:
    """Mark a function of a handler class as the one that serves ``method``."""

    def mark(
        function: Callable[[H, RequestContext[R], P], Awaitable[R]],
    ) -> Callable[[H, RequestContext[R], P], Awaitable[R]]:
        setattr(function, _MARK, method)
        return function

    return mark


class Bound(Struct, frozen=True):
    """A method and the class that serves it; ``home`` is ``None`` for a method that is not built yet."""

    method: AnyMethod
    home: str | None


class Binding:
    """The handlers of every client method.

    ``resources`` maps ``"module:Class"`` to the methods the class serves; ``deferred`` lists those that are not
    built yet. Raises ``BindingError`` unless together they name every method of the protocol exactly once.
    """

    def __init__(
        self, reception: Reception, resources: Mapping[str, Iterable[str]], deferred: Iterable[str] = ()
    ) -> None:
        self._reception = reception
        self._services: Services | None = None
        self._homes: dict[str, str] = {}
        self._calls: dict[str, HandlerFunction] = {}
        named = [*deferred]
        for home, methods in resources.items():
            for method in methods:
                named.append(method)
                self._homes[method] = home
        _require_match(named, registry.client_method_names())

    def find(self, name: str) -> Bound | None:
        """Return what serves the method called ``name``; ``None`` where the protocol has no such method."""
        method = registry.client_method(name)
        return None if method is None else Bound(method, self._homes.get(name))

    async def call(self, bound: Bound) -> HandlerFunction:
        """Return the function that serves ``bound``; any but ``initialize`` waits for the agent to be open.

        Raises:
            NotAvailable: the method is not built yet.
            BindingError: the class in charge does not serve just what was declared for it.
        """
        name = bound.method.name
        if bound.home is None:
            raise NotAvailable(name)
        if name not in self._calls:
            self._bind(bound.home, self._reception if name == "initialize" else await self._opened())
        return self._calls[name]

    async def load(self) -> None:
        """Bind every resource now instead of when it is first used."""
        for method in registry.client_methods():
            if method.name in self._homes:
                await self.call(Bound(method, self._homes[method.name]))

    async def _opened(self) -> Services:
        if self._services is None:
            self._services = Services(await self._reception.host.opened(), self._reception.hub)
        return self._services

    def _bind(self, home: str, holdings: Reception | Services) -> None:
        module, _, name = home.partition(":")
        handler_class: Callable[[Reception | Services], object] = getattr(import_module(module), name)
        functions = [
            (method, attribute)
            for attribute, value in vars(handler_class).items()
            if (method := getattr(value, _MARK, None)) is not None
        ]
        _require_match(
            [method.name for method, _ in functions], [each for each, where in self._homes.items() if where == home]
        )
        handler = handler_class(holdings)
        for method, attribute in functions:
            self._calls[method.name] = getattr(handler, attribute)


def _require_match(found: Iterable[str], wanted: Iterable[str]) -> None:
    names, known = list(found), set(wanted)
    missing = known.difference(names)
    doubled = {name for name in names if names.count(name) > 1}
    unknown = set(names) - known
    if missing or doubled or unknown:
        raise BindingError(missing=missing, doubled=doubled, unknown=unknown)
