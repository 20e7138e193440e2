"""The header that tells the model server about a turn."""

import json
from collections.abc import Mapping

from agent_protocol.wire import JsonValue


def turn_metadata(turn_id: str, sandbox: str, workspaces: Mapping[str, JsonValue] | None = None) -> str:
    """Return the header's value, compact JSON in ASCII.

    ``sandbox`` names the kind of confinement; ``workspaces`` is what git says, by root, and left out while unknown.
    """
    members: dict[str, JsonValue] = {"turn_id": turn_id}
    if workspaces is not None:
        members["workspaces"] = dict(workspaces)
    members["sandbox"] = sandbox
    return json.dumps(members, separators=(",", ":"))
