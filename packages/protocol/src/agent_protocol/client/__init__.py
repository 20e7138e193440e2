"""The typed async client. Needs the ``client`` extra (anyio); names load on first use."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from agent_protocol.client.client import AgentClient
    from agent_protocol.client.direct import connect_direct
    from agent_protocol.client.incoming import IncomingRequest
    from agent_protocol.client.stdio import connect_stdio
    from agent_protocol.client.subscription import Subscription
    from agent_protocol.client.transport import Transport

__all__ = ["AgentClient", "IncomingRequest", "Subscription", "Transport", "connect_direct", "connect_stdio"]

_HOMES = {
    "AgentClient": "client",
    "IncomingRequest": "incoming",
    "Subscription": "subscription",
    "Transport": "transport",
    "connect_direct": "direct",
    "connect_stdio": "stdio",
}


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agent_protocol.client.{home}"), name)
