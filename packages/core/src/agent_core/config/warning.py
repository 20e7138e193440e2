"""What is wrong with the configuration, for every client to know."""

from agent_protocol.v2.notice import ConfigWarningNotification, TextPosition, TextRange
from msgspec import UNSET

from agent_core.config.errors import ConfigError
from agent_core.config.layer import LayerStack


def broken_config(error: ConfigError) -> ConfigWarningNotification:
    """Return the warning that the settings cannot be used and the defaults are in force."""
    place = error.range
    return ConfigWarningNotification(
        summary="The configuration cannot be used; the defaults are in force until it is mended.",
        details=str(error),
        path=UNSET if error.path is None else str(error.path),
        range=UNSET
        if place is None
        else TextRange(
            start=TextPosition(line=place.line, column=place.column),
            end=TextPosition(line=place.end_line, column=place.end_column),
        ),
    )


def disabled_layers(stack: LayerStack) -> ConfigWarningNotification | None:
    """Return the warning that settings of projects are left out, ``None`` where none are."""
    folders = [f"{layer.place}: {layer.disabled_reason}" for layer in stack.disabled]
    if not folders:
        return None
    return ConfigWarningNotification(
        summary="Settings of this project are left out, because it is not trusted.", details="\n".join(folders)
    )
