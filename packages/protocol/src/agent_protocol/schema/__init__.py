"""The protocol as JSON schema and as TypeScript, written from the declarations that the server itself decodes with."""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_protocol.schema.jsonschema import write_json_schema
    from agent_protocol.schema.typescript import PrettierError, write_typescript

__all__ = ["PrettierError", "write_json_schema", "write_typescript"]

_HOMES = {"write_json_schema": "jsonschema", "write_typescript": "typescript", "PrettierError": "typescript"}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"agent_protocol.schema.{_HOMES[name]}"), name)
