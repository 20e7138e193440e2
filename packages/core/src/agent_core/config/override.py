"""Settings given one by one, by dotted key: ``-c model=o3`` and the ``config`` member of requests."""

import tomllib
from collections.abc import Iterable
from typing import TypeAlias

from agent_protocol.wire import JsonValue

from agent_core.config.document import plain
from agent_core.config.errors import ConfigError

Override: TypeAlias = tuple[str, JsonValue]
"""A dotted key and its value."""

_ALIASES = {"use_linux_sandbox_bwrap": "features.use_linux_sandbox_bwrap"}


def parse_override(text: str) -> Override:
    """Read ``key=value``: the value is TOML where it can be, else text, without the quotes around it.

    Raises:
        ConfigError: there is no ``=``, or nothing before it.
    """
    key, equals, value = text.partition("=")
    key = key.strip()
    if not equals or not key:
        raise ConfigError(f"{text!r} is not of the form key=value", remedy="write for example model=o3")
    return _ALIASES.get(key, key), _value(value.strip())


def override_table(overrides: Iterable[Override]) -> dict[str, JsonValue]:
    """Return the table the overrides make together; later ones win. ``None`` becomes an empty text."""
    table: dict[str, JsonValue] = {}
    for key, value in overrides:
        *parents, last = key.split(".")
        target = table
        for name in parents:
            inner = target.get(name)
            if not isinstance(inner, dict):
                inner = target[name] = {}
            target = inner
        target[last] = _without_null(value)
    return table


def _value(text: str) -> JsonValue:
    try:
        table = tomllib.loads(f"value = {text}")
    except (tomllib.TOMLDecodeError, RecursionError):
        return text.strip("\"'")
    return plain(table["value"]) if len(table) == 1 else text


def _without_null(value: JsonValue) -> JsonValue:
    if isinstance(value, dict):
        return {name: _without_null(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_without_null(member) for member in value]
    return "" if value is None else value
