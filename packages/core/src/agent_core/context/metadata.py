"""What the model server is told about a turn beside the request itself."""

import json
from collections.abc import Mapping

from agent_protocol.wire import JsonValue


def turn_metadata(turn_id: str, sandbox: str, workspaces: Mapping[str, JsonValue] | None = None) -> str:
    """Return the value of the turn metadata header: compact JSON in ASCII.

    ``sandbox`` names the kind of confinement; ``workspaces`` holds what git says, by root, where it is known.
    """
    members: dict[str, JsonValue] = {"turn_id": turn_id}
    if workspaces is not None:
        members["workspaces"] = dict(workspaces)
    members["sandbox"] = sandbox
    return json.dumps(members, separators=(",", ":"))
