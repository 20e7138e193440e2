"""Connections inside the process. Both ends come from the protocol library, so that clients need no server code."""

from agent_protocol.client.direct import DirectTransport, direct_pair

__all__ = ["DirectTransport", "direct_pair"]
