"""Base structs and JSON vocabulary shared by every wire and record type."""

from typing import Any, TypeAlias

import msgspec

JsonValue: TypeAlias = Any
"""A value that is open JSON by contract: dict, list, str, int, float, bool or None."""


class Wire(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """A struct whose members are camelCase on the wire. Subclasses repeat ``kw_only=True``."""


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A struct whose members are snake_case where it is stored. Subclasses repeat ``kw_only=True``."""
