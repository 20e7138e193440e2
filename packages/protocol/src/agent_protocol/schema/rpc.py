"""The JSON-RPC shapes as JSON schema; they are no structs of their own but what every message looks like."""

import json
from collections.abc import Mapping, Sequence
from typing import Final, TypeAlias

from agent_protocol.wire import JsonValue

Schema: TypeAlias = dict[str, JsonValue]


def _object(doc: str, required: Sequence[str], properties: Schema) -> Schema:
    return {"description": doc, "type": "object", "required": list(required), "properties": properties}


_ID: Final[Schema] = {"$ref": "#/definitions/RequestId"}
SHAPES: Final[Mapping[str, Schema]] = {
    "RequestId": {"anyOf": [{"type": "string"}, {"type": "integer", "format": "int64"}]},
    "JSONRPCRequest": _object(
        "A message that wants an answer.",
        ["id", "method"],
        {"id": _ID, "method": {"type": "string"}, "params": True},
    ),
    "JSONRPCNotification": _object(
        "A message that wants no answer.", ["method"], {"method": {"type": "string"}, "params": True}
    ),
    "JSONRPCResponse": _object("The answer to a request.", ["id", "result"], {"id": _ID, "result": True}),
    "JSONRPCErrorError": _object(
        "What went wrong.",
        ["code", "message"],
        {"code": {"type": "integer", "format": "int64"}, "data": True, "message": {"type": "string"}},
    ),
    "JSONRPCError": _object(
        "The failure of a request.",
        ["error", "id"],
        {"error": {"$ref": "#/definitions/JSONRPCErrorError"}, "id": _ID},
    ),
    "JSONRPCMessage": {
        "description": "Any message.",
        "anyOf": [
            {"$ref": f"#/definitions/JSONRPC{kind}"} for kind in ("Request", "Notification", "Response", "Error")
        ],
    },
}


def references(schema: Schema) -> Sequence[str]:
    """The names that *schema* refers to, directly or not."""
    text = json.dumps(schema)
    direct = [name for name in SHAPES if f'"#/definitions/{name}"' in text]
    return sorted({*direct, *(further for name in direct for further in references(SHAPES[name]))})
