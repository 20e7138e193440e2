"""App-server: transports, connections, method handlers and subscriptions."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_server.limits import Limits
    from agent_server.server import Server, serve
    from agent_server.stdio import serve_stdio

__all__ = ["Limits", "Server", "serve", "serve_stdio"]

_HOMES = {"Limits": "limits", "Server": "server", "serve": "server", "serve_stdio": "stdio"}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agent_server.{home}"), name)
