"""Settings that name files: relative ones are meant from the folder of the file they stand in."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from agent_protocol.wire import JsonValue

from agent_core.config.home import user_directory

_OVERLAY = ("model_instructions_file", "experimental_compact_prompt_file", "js_repl_node_path")
_PATTERNS: tuple[tuple[str, ...], ...] = (
    *((name,) for name in _OVERLAY),
    *(("profiles", "*", name) for name in _OVERLAY),
    ("log_dir",),
    ("sandbox_workspace_write", "writable_roots", "*"),
    ("model_providers", "*", "cassette"),
    ("skills", "config", "*", "path"),
    ("agents", "*", "config_file"),
)
"""Where paths stand; ``*`` is every member of a table or list."""


def with_absolute_paths(table: dict[str, JsonValue], base: Path, env: Mapping[str, str]) -> dict[str, JsonValue]:
    """Return ``table`` with its paths made absolute from ``base``; a leading ``~`` is the user's directory."""

    def absolute(value: JsonValue) -> JsonValue:
        if not isinstance(value, str) or not value:
            return value
        if value == "~" or value.startswith("~/"):
            value = f"{user_directory(env)}{value[1:]}"
        return os.path.normpath(os.path.join(base, value))

    result = table
    for pattern in _PATTERNS:
        result = _changed(result, pattern, absolute)
    return result


def _changed(value: JsonValue, pattern: tuple[str, ...], change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    if not pattern:
        return change(value)
    first, *rest = pattern
    if isinstance(value, dict):
        return {
            name: _changed(member, tuple(rest), change) if first in ("*", name) else member
            for name, member in value.items()
        }
    if isinstance(value, list) and first == "*":
        return [_changed(member, tuple(rest), change) for member in value]
    return value
