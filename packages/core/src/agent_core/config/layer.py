"""Layers of settings: from where each comes, how they merge, who set what."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import msgspec
from agent_protocol.wire import JsonValue

from agent_core.config.errors import ConfigError
from agent_core.config.locate import locate

KeyPath = tuple[str | int, ...]
Table = dict[str, JsonValue]


class LayerKind(StrEnum):
    """Where a layer comes from, the weakest first."""

    SYSTEM = "system"
    USER = "user"
    PROJECT = "project"
    SESSION = "sessionFlags"
    MANAGED = "legacyManagedConfigTomlFromFile"


@dataclass(frozen=True)
class Layer:
    """One source of settings. ``place`` is its file, or its folder for a project; ``text`` what the file holds."""

    kind: LayerKind
    place: Path | None
    table: Table
    text: str = ""
    file: Path | None = None
    disabled_reason: str | None = None

    @cached_property
    def version(self) -> str:
        """The digest of the content: it changes whenever a value does."""
        return "sha256:" + sha256(msgspec.json.encode(self.table, order="sorted")).hexdigest()


@dataclass(frozen=True)
class LayerStack:
    """All layers, the weakest first. Those that are disabled are kept and take no part."""

    layers: Sequence[Layer] = field(default=())

    @property
    def active(self) -> list[Layer]:
        """The layers in force, the weakest first."""
        return [layer for layer in self.layers if layer.disabled_reason is None]

    @property
    def disabled(self) -> list[Layer]:
        """The layers that were found and are not used, each with its reason."""
        return [layer for layer in self.layers if layer.disabled_reason is not None]

    @cached_property
    def merged(self) -> Table:
        """What the layers say together: tables are merged, everything else is the strongest layer's."""
        table: Table = {}
        for layer in self.active:
            table = merge(table, layer.table)
        return table

    def outside_projects(self) -> Table:
        """Return what the layers that belong to no project say together; a project must not decide about itself."""
        return LayerStack([layer for layer in self.layers if layer.kind is not LayerKind.PROJECT]).merged

    def origins(self) -> dict[str, Layer]:
        """Return for the dotted path of every leaf of ``merged`` the layer it comes from."""
        return {
            ".".join(map(str, path)): layer for path in leaves(self.merged) if (layer := self.origin(path)) is not None
        }

    def origin(self, path: KeyPath) -> Layer | None:
        """Return the strongest layer that holds a value at ``path``."""
        return next((layer for layer in reversed(self.active) if holds(layer.table, path)), None)

    def fault(self, path: KeyPath, reason: str, remedy: str | None = None) -> ConfigError:
        """Return an error about the value at ``path``, with the file and place it comes from where there is one."""
        known = path
        while known and self.origin(known) is None:
            known = known[:-1]
        layer = self.origin(known) if known else None
        place = locate(layer.text, known) if layer and layer.file else None
        key = ".".join(map(str, path))
        return ConfigError(reason, key=key, path=layer.file if layer else None, range=place, remedy=remedy)


def merge(low: Table, high: Table) -> Table:
    """Return ``low`` with ``high`` over it."""
    merged = dict(low)
    for name, value in high.items():
        below = merged.get(name)
        merged[name] = merge(below, value) if isinstance(below, dict) and isinstance(value, dict) else value
    return merged


def leaves(value: JsonValue, path: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the path of every value that is neither a table nor a list."""
    if isinstance(value, dict):
        for name, member in value.items():
            yield from leaves(member, (*path, name))
    elif isinstance(value, list):
        for index, member in enumerate(value):
            yield from leaves(member, (*path, index))
    else:
        yield path


def holds(value: JsonValue, path: KeyPath) -> bool:
    """Tell whether there is a value at ``path`` below ``value``."""
    for step in path:
        members = dict(enumerate(value)) if isinstance(value, list) else value
        if not isinstance(members, dict) or step not in members:
            return False
        value = members[step]
    return True
