"""The answer to ``config/read``: what is in force, who set it, and the layers."""

from collections.abc import Mapping

import msgspec
from agent_protocol.v2 import config as wire
from agent_protocol.wire import JsonValue

from agent_core.config.layer import Layer, LayerKind, LayerStack, Table
from agent_core.config.load import checked_table
from agent_core.config.stack import ConfigRequest, load_stack


def config_read(request: ConfigRequest, *, include_layers: bool = False) -> wire.ConfigReadResponse:
    """Return the effective configuration of ``request``. Blocks while reading.

    Raises:
        ConfigError: a file is broken or a value does not fit.
    """
    return read_stack(load_stack(request), include_layers=include_layers)


def read_stack(stack: LayerStack, *, include_layers: bool = False) -> wire.ConfigReadResponse:
    """Return what the layers say: known keys are always there, null where nothing sets them.

    Raises:
        ConfigError: a value does not fit.
    """
    checked_table(stack)
    metadata = {id(layer): _metadata(layer) for layer in stack.layers}
    return wire.ConfigReadResponse(
        config=_effective(stack.merged),
        origins={path: metadata[id(layer)] for path, layer in stack.origins().items()},
        layers=[_layer(layer) for layer in reversed(stack.layers)] if include_layers else msgspec.UNSET,
    )


def _effective(merged: Table) -> Table:
    shaped: dict[str, JsonValue] = dict(merged)
    for name, shape in (("sandbox_workspace_write", wire.SandboxWorkspaceWrite), ("tools", wire.ToolsV2)):
        if name in shaped:
            shaped[name] = _members(shape, shaped[name])
    if "analytics" in shaped:
        shaped["analytics"] = _open(wire.AnalyticsConfig, shaped["analytics"])
    if "apps" in shaped:
        shaped["apps"] = {name: _members(wire.AppConfig, table) for name, table in shaped["apps"].items()}
    profiles = shaped.get("profiles", {})
    shaped["profiles"] = {name: _open(wire.ProfileV2, table) for name, table in profiles.items()}
    return _open(wire.Config, shaped)


def _members(shape: type[msgspec.Struct], table: Mapping[str, JsonValue]) -> Table:
    """Return the members the shape has, with its defaults."""
    defaults: Table = msgspec.to_builtins(shape())
    return {name: table.get(name, default) for name, default in defaults.items()}


def _open(shape: type[msgspec.Struct], table: Mapping[str, JsonValue]) -> Table:
    """Return the members the shape has, null where they are not set, and all others behind them."""
    known: Table = {name: table.get(name) for name in shape.__struct_fields__}
    return known | {name: value for name, value in table.items() if name not in known}


def _layer(layer: Layer) -> wire.ConfigLayer:
    return wire.ConfigLayer(
        name=_source(layer),
        version=layer.version,
        config=layer.table,
        disabled_reason=layer.disabled_reason or msgspec.UNSET,
    )


def _metadata(layer: Layer) -> wire.ConfigLayerMetadata:
    return wire.ConfigLayerMetadata(name=_source(layer), version=layer.version)


def _source(layer: Layer) -> wire.ConfigLayerSource:
    place = str(layer.place)
    match layer.kind:
        case LayerKind.SYSTEM:
            return wire.SystemConfigLayerSource(file=place)
        case LayerKind.USER:
            return wire.UserConfigLayerSource(file=place)
        case LayerKind.PROJECT:
            return wire.ProjectConfigLayerSource(dot_codex_folder=place)
        case LayerKind.MANAGED:
            return wire.LegacyManagedConfigTomlFromFileConfigLayerSource(file=place)
        case LayerKind.SESSION:
            return wire.SessionFlagsConfigLayerSource()
