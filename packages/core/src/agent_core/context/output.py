"""Outputs of commands and patches, as models with a freeform patch tool read them."""

from collections.abc import Sequence

import msgspec
from agent_protocol.rollout.response_item import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    LocalShellCallItem,
    ResponseItem,
)
from msgspec import structs

_NAMES = frozenset({"shell", "container.exec", "apply_patch"})
_LINES_PREFIX = "Total output lines: "


class _Metadata(msgspec.Struct, frozen=True):
    exit_code: int
    duration_seconds: float


class _Output(msgspec.Struct, frozen=True):
    output: str
    metadata: _Metadata


_decoder = msgspec.json.Decoder(_Output)


def plain_outputs(items: Sequence[ResponseItem]) -> list[ResponseItem]:
    """Return ``items`` with the JSON outputs of shell and patch calls written as plain text; all others stay."""
    calls = {call_id for item in items if (call_id := _call_id(item)) is not None}
    return [
        _plain(item)
        if isinstance(item, FunctionCallOutputItem | CustomToolCallOutputItem) and item.call_id in calls
        else item
        for item in items
    ]


def _call_id(item: ResponseItem) -> str | None:
    match item:
        case FunctionCallItem() | CustomToolCallItem() if item.name in _NAMES:
            return item.call_id
        case LocalShellCallItem():
            return item.call_id
        case _:
            return None


def _plain(item: FunctionCallOutputItem | CustomToolCallOutputItem) -> ResponseItem:
    if not isinstance(item.output, str):
        return item
    try:
        parsed = _decoder.decode(item.output)
    except (msgspec.DecodeError, RecursionError):
        return item
    return structs.replace(item, output=_text(parsed))


def _text(parsed: _Output) -> str:
    seconds = f"{round(parsed.metadata.duration_seconds, 1):g}"
    lines = [f"Exit code: {parsed.metadata.exit_code}", f"Wall time: {seconds} seconds"]
    body = parsed.output
    if body.startswith(_LINES_PREFIX):
        first, _, rest = body.partition("\n")
        lines.append(first)
        body = rest.removeprefix("\n")
    return "\n".join([*lines, "Output:", body])
