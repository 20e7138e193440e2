"""Entries of the model-facing history, as they stand in rollouts and in model requests."""

from functools import cache
from typing import Literal, TypeAlias, get_args

import msgspec
from msgspec import UNSET, UnsetType

from agent_protocol.rollout.error import RecordError, stopped_at
from agent_protocol.wire import JsonValue, Record

MessagePhase: TypeAlias = Literal["commentary", "final_answer"]


class InputTextPart(Record, frozen=True, kw_only=True, tag_field="type", tag="input_text"):
    """Text given to the model."""

    text: str


class InputImagePart(Record, frozen=True, kw_only=True, tag_field="type", tag="input_image"):
    """An image given to the model, by URL or data URL."""

    image_url: str


class OutputTextPart(Record, frozen=True, kw_only=True, tag_field="type", tag="output_text"):
    """Text the model wrote."""

    text: str


ContentPart: TypeAlias = InputTextPart | InputImagePart | OutputTextPart
OutputPart: TypeAlias = InputTextPart | InputImagePart
OutputPayload: TypeAlias = str | tuple[OutputPart, ...]
"""What a tool answered: plain text, or parts when there are images."""


class SummaryTextPart(Record, frozen=True, kw_only=True, tag_field="type", tag="summary_text"):
    """One summary of reasoning."""

    text: str


class ReasoningTextPart(Record, frozen=True, kw_only=True, tag_field="type", tag="reasoning_text"):
    """Raw reasoning."""

    text: str


class PlainTextPart(Record, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Text some providers put beside raw reasoning."""

    text: str


ReasoningPart: TypeAlias = ReasoningTextPart | PlainTextPart


class SearchAction(Record, frozen=True, kw_only=True, tag_field="type", tag="search"):
    """The provider searched."""

    query: str | UnsetType = UNSET
    queries: tuple[str, ...] | UnsetType = UNSET


class OpenPageAction(Record, frozen=True, kw_only=True, tag_field="type", tag="open_page"):
    """The provider opened a page."""

    url: str | UnsetType = UNSET


class FindInPageAction(Record, frozen=True, kw_only=True, tag_field="type", tag="find_in_page"):
    """The provider searched inside a page."""

    url: str | UnsetType = UNSET
    pattern: str | UnsetType = UNSET


class OtherAction(Record, frozen=True, kw_only=True, tag_field="type", tag="other"):
    """An action of a kind not known here, or not known yet."""


WebSearchAction: TypeAlias = SearchAction | OpenPageAction | FindInPageAction | OtherAction


class MessageItem(Record, frozen=True, kw_only=True, tag_field="type", tag="message"):
    """A message; ``role`` is ``user``, ``assistant`` or ``developer``."""

    id: str | UnsetType = UNSET
    role: str
    content: tuple[ContentPart, ...] = ()
    end_turn: bool | UnsetType = UNSET
    phase: MessagePhase | UnsetType = UNSET


class ReasoningItem(Record, frozen=True, kw_only=True, tag_field="type", tag="reasoning"):
    """Reasoning. ``content`` is written as null when ``None``, and only when it holds raw reasoning otherwise."""

    id: str | UnsetType = UNSET
    summary: tuple[SummaryTextPart, ...] = ()
    content: tuple[ReasoningPart, ...] | None = None
    encrypted_content: str | None = None


class FunctionCallItem(Record, frozen=True, kw_only=True, tag_field="type", tag="function_call"):
    """A call of a function tool; ``arguments`` is text holding JSON and is kept as the model wrote it."""

    id: str | UnsetType = UNSET
    name: str
    arguments: str
    call_id: str


class FunctionCallOutputItem(Record, frozen=True, kw_only=True, tag_field="type", tag="function_call_output"):
    """The answer to a function call."""

    call_id: str
    output: OutputPayload


class CustomToolCallItem(Record, frozen=True, kw_only=True, tag_field="type", tag="custom_tool_call"):
    """A call of a freeform tool."""

    id: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    call_id: str
    name: str
    input: str


class CustomToolCallOutputItem(Record, frozen=True, kw_only=True, tag_field="type", tag="custom_tool_call_output"):
    """The answer to a freeform call."""

    call_id: str
    output: OutputPayload


class LocalShellAction(Record, frozen=True, kw_only=True, tag_field="type", tag="exec"):
    """The command of a local shell call."""

    command: tuple[str, ...]
    timeout_ms: int | None = None
    working_directory: str | None = None
    env: dict[str, str] | None = None
    user: str | None = None


class LocalShellCallItem(Record, frozen=True, kw_only=True, tag_field="type", tag="local_shell_call"):
    """A call of the built-in shell of older models."""

    id: str | UnsetType = UNSET
    call_id: str | None = None
    status: str
    action: LocalShellAction


class WebSearchCallItem(Record, frozen=True, kw_only=True, tag_field="type", tag="web_search_call"):
    """A search the provider made on its own side."""

    id: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    action: WebSearchAction | UnsetType = UNSET


class CompactionItem(Record, frozen=True, kw_only=True, tag_field="type", tag="compaction"):
    """Compacted history that only the provider can read. ``compaction_summary`` is an older name."""

    encrypted_content: str


class GhostCommit(Record, frozen=True, kw_only=True):
    """A commit outside any branch that holds the working tree at one moment."""

    id: str
    parent: str | None = None
    preexisting_untracked_files: tuple[str, ...] = ()
    preexisting_untracked_dirs: tuple[str, ...] = ()


class GhostSnapshotItem(Record, frozen=True, kw_only=True, tag_field="type", tag="ghost_snapshot"):
    """Where undo can go back to; stands in rollouts only and is never sent."""

    ghost_commit: GhostCommit


class UnknownItem(Record, frozen=True, kw_only=True, tag_field="type", tag=""):
    """An item of an unknown kind: ``kind`` is its type, ``raw`` its JSON text, kept as it was."""

    kind: str
    raw: bytes


KnownResponseItem: TypeAlias = (
    MessageItem
    | ReasoningItem
    | FunctionCallItem
    | FunctionCallOutputItem
    | CustomToolCallItem
    | CustomToolCallOutputItem
    | LocalShellCallItem
    | WebSearchCallItem
    | CompactionItem
    | GhostSnapshotItem
)
ResponseItem: TypeAlias = KnownResponseItem | UnknownItem

_ACTIONS = ("search", "open_page", "find_in_page")


@cache
def _decoder() -> "msgspec.json.Decoder[KnownResponseItem]":
    return msgspec.json.Decoder(KnownResponseItem)


def decode_response_item(raw: bytes | msgspec.Raw) -> ResponseItem:
    """Return the item in ``raw``; one of an unknown kind or shape becomes an :class:`UnknownItem`.

    Raises:
        RecordError: ``raw`` is not a JSON object.
    """
    try:
        return _decoder().decode(raw)
    except msgspec.ValidationError:
        return _mended(bytes(raw))
    except (msgspec.DecodeError, RecursionError) as error:
        raise RecordError(str(error), stopped_at(str(error), len(bytes(raw)))) from error


def encode_response_item(item: ResponseItem, *, with_id: bool = False) -> bytes:
    """Return the JSON text of ``item``. Ids given by the model are left out unless ``with_id``."""
    if isinstance(item, UnknownItem):
        return item.raw
    bare = item if with_id or getattr(item, "id", UNSET) is UNSET else msgspec.structs.replace(item, id=UNSET)
    if isinstance(bare, ReasoningItem) and _hides_content(bare):
        members = msgspec.to_builtins(bare)
        del members["content"]
        return msgspec.json.encode(members)
    return msgspec.json.encode(bare)


def _hides_content(item: ReasoningItem) -> bool:
    if item.content is None:
        return False
    return not any(isinstance(part, ReasoningTextPart) for part in item.content)


def _mended(raw: bytes) -> ResponseItem:
    """Read an item once more with older spellings translated."""
    members = msgspec.json.decode(raw)
    if not isinstance(members, dict):
        raise RecordError("a response item must be an object", 0)
    kind = members.get("type")
    mended: dict[str, JsonValue] = {name: value for name, value in members.items() if value is not None}
    if kind == "compaction_summary":
        mended["type"] = "compaction"
    elif kind == "web_search_call":
        mended |= _known_action(members.get("action"))
    elif kind in ("function_call_output", "custom_tool_call_output"):
        output = members.get("output")
        if isinstance(output, dict) and "content" in output:
            mended["output"] = output["content"]
    elif kind == "message" and mended.get("phase") not in get_args(MessagePhase):
        mended.pop("phase", None)
    try:
        known: KnownResponseItem = msgspec.convert(mended, KnownResponseItem)
        return known
    except msgspec.ValidationError:
        return UnknownItem(kind=kind if isinstance(kind, str) else "", raw=raw)


def _known_action(action: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(action, dict):
        return {}
    members = {name: value for name, value in action.items() if value is not None}
    return {"action": members if action.get("type") in _ACTIONS else {"type": "other"}}
