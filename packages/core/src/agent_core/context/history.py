"""The model-facing history: rebuilt from a record, and made fit for a request. Pure functions."""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias, get_args

from agent_protocol.rollout.event import ThreadRolledBackEvent
from agent_protocol.rollout.line import Compacted, RolloutItem, RolloutLine
from agent_protocol.rollout.response_item import (
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    GhostSnapshotItem,
    InputImagePart,
    InputTextPart,
    KnownResponseItem,
    LocalShellCallItem,
    MessageItem,
    OutputPayload,
    ResponseItem,
    UnknownItem,
)
from msgspec import UNSET, structs

from agent_core.context.frame import framed, is_user_turn_boundary, message
from agent_core.context.message import IMAGE_CLOSE
from agent_core.context.prompt import prompt
from agent_core.truncation import TruncationPolicy, approximate_tokens, truncate

SUMMARY_PREFIX = "What follows was written down to hand this task over, when the conversation had become too long:"
"""How our summaries of a compacted conversation begin."""
FOREIGN_SUMMARY_PREFIX = "Another language model started to solve this problem"
"""How those in files of the reference program begin."""
KEPT_USER_TOKENS = 20_000
"""How much of the user's own words a compacted history keeps."""
NO_SUMMARY = "(no summary available)"

_ABORTED = "aborted"
_IMAGE_OMITTED = "[an image was left out here: this model cannot look at images]"
_KNOWN: tuple[type[ResponseItem], ...] = get_args(KnownResponseItem)

Output: TypeAlias = FunctionCallOutputItem | CustomToolCallOutputItem


def interrupted_marker() -> MessageItem:
    """Return the message that stands where the user stopped a turn."""
    return message("user", framed("turn_aborted", prompt("interrupted")))


def for_request(items: Sequence[ResponseItem], *, images: bool = True) -> list[ResponseItem]:
    """Return the items a model may be sent: every call answered, no answer without its call, nothing internal.

    ``images`` says whether the model can look at them; if not, a text takes the place of each.
    """
    sent = [item for item in items if not isinstance(item, GhostSnapshotItem | UnknownItem)]
    answered = {_key(item) for item in sent if isinstance(item, Output)}
    called = {key for item in sent if (key := _call_key(item))}
    result: list[ResponseItem] = []
    for item in sent:
        if isinstance(item, Output) and _key(item) not in called:
            continue
        result.append(item if images else _without_images(item))
        key = _call_key(item)
        if key and key not in answered:
            result.append(_aborted_output(key))
    return result


def reconstruct(
    lines: Iterable[RolloutLine | RolloutItem],
    initial_context: Sequence[ResponseItem] = (),
    record: Callable[[ResponseItem], ResponseItem] = lambda item: item,
) -> list[ResponseItem]:
    """Return the history a record leads to.

    ``initial_context`` begins a history that was compacted to a summary; ``record`` is what recording does to an
    item, such as the truncation of outputs.
    """
    items: list[ResponseItem] = []
    for line in lines:
        entry = line.item if isinstance(line, RolloutLine) else line
        if isinstance(entry, _KNOWN):
            items.append(record(entry))
        elif isinstance(entry, Compacted):
            if entry.replacement_history is not UNSET:
                items = list(entry.replacement_history)
            else:
                items = compacted_history(initial_context, user_texts(items), entry.message)
        elif isinstance(entry, ThreadRolledBackEvent):
            items = drop_last_turns(items, entry.num_turns)
    return items


def drop_last_turns(items: Sequence[ResponseItem], count: int) -> list[ResponseItem]:
    """Return the items before the ``count``-th last turn of the user's; before the first if there are fewer."""
    starts = [position for position, item in enumerate(items) if is_user_turn_boundary(item)]
    if count <= 0 or not starts:
        return list(items)
    return list(items[: starts[max(0, len(starts) - count)]])


def user_texts(items: Iterable[ResponseItem]) -> list[str]:
    """Return what the user wrote, in order; frames, images and summaries of earlier compactions are left out."""
    texts = (_text(item) for item in items if isinstance(item, MessageItem) and is_user_turn_boundary(item))
    return [text for text in texts if text and not is_summary(text)]


def is_summary(text: str) -> bool:
    """Tell whether a user message is the summary of a compacted conversation."""
    return text.startswith((SUMMARY_PREFIX, FOREIGN_SUMMARY_PREFIX))


def compacted_history(
    initial_context: Sequence[ResponseItem], texts: Sequence[str], summary: str
) -> list[ResponseItem]:
    """Return the history that replaces a compacted one: context, the newest of the user's words, the summary."""
    kept: list[str] = []
    remaining = KEPT_USER_TOKENS
    for text in reversed(texts):
        if remaining <= 0:
            break
        kept.append(truncate(text, TruncationPolicy("tokens", remaining)))
        remaining -= approximate_tokens(len(text.encode(errors="surrogatepass")))
    words = [message("user", text) for text in reversed(kept)]
    return [*initial_context, *words, message("user", summary or NO_SUMMARY)]


def _text(item: MessageItem) -> str:
    shown = []
    for position, part in enumerate(item.content):
        if not isinstance(part, InputTextPart):
            continue
        opens = position + 1 < len(item.content) and isinstance(item.content[position + 1], InputImagePart)
        closes = position > 0 and isinstance(item.content[position - 1], InputImagePart)
        if not (opens and part.text.startswith("<image")) and not (closes and part.text == IMAGE_CLOSE):
            shown.append(part.text)
    return "".join(shown)


def _call_key(item: ResponseItem) -> tuple[str, str] | None:
    match item:
        case FunctionCallItem() | LocalShellCallItem():
            return ("function", item.call_id) if item.call_id is not None else None
        case CustomToolCallItem():
            return "custom", item.call_id
        case _:
            return None


def _key(item: Output) -> tuple[str, str]:
    return "custom" if isinstance(item, CustomToolCallOutputItem) else "function", item.call_id


def _aborted_output(key: tuple[str, str]) -> ResponseItem:
    kind, call_id = key
    if kind == "custom":
        return CustomToolCallOutputItem(call_id=call_id, output=_ABORTED)
    return FunctionCallOutputItem(call_id=call_id, output=_ABORTED)


def _without_images(item: ResponseItem) -> ResponseItem:
    match item:
        case MessageItem() if any(isinstance(part, InputImagePart) for part in item.content):
            content = tuple(
                InputTextPart(text=_IMAGE_OMITTED) if isinstance(part, InputImagePart) else part
                for part in item.content
            )
            return structs.replace(item, content=content)
        case FunctionCallOutputItem() | CustomToolCallOutputItem():
            return structs.replace(item, output=_payload_without_images(item.output))
        case _:
            return item


def _payload_without_images(output: OutputPayload) -> OutputPayload:
    if isinstance(output, str):
        return output
    return tuple(InputTextPart(text=_IMAGE_OMITTED) if isinstance(part, InputImagePart) else part for part in output)
