"""Model conversation items as the Responses API spells them."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import Meta, Raw

from agent_protocol.registry import Notification
from agent_protocol.v2.common import Shape, Uint64
from agent_protocol.wire import Record, Wire


class InputTextContentItem(Record, frozen=True, kw_only=True, tag="input_text"):
    """Text sent to the model."""

    text: str


class InputImageContentItem(Record, frozen=True, kw_only=True, tag="input_image"):
    """An image sent to the model."""

    image_url: str


class OutputTextContentItem(Record, frozen=True, kw_only=True, tag="output_text"):
    """Text the model wrote."""

    text: str


ContentItem: TypeAlias = InputTextContentItem | InputImageContentItem | OutputTextContentItem
"""A part of a message."""


class MessagePhase(StrEnum):
    """Whether a message is a remark on the way or the answer."""

    COMMENTARY = "commentary"
    FINAL_ANSWER = "final_answer"


class MessageResponseItem(Record, frozen=True, kw_only=True, tag="message"):
    """A message."""

    role: str
    content: Sequence[ContentItem]
    end_turn: bool | None = None
    phase: MessagePhase | None = None
    id: str | None = None


class SummaryTextReasoningItemReasoningSummary(Record, frozen=True, kw_only=True, tag="summary_text"):
    """Text of a reasoning summary."""

    text: str


ReasoningItemReasoningSummary: TypeAlias = SummaryTextReasoningItemReasoningSummary
"""A part of a reasoning summary."""


class ReasoningTextReasoningItemContent(Record, frozen=True, kw_only=True, tag="reasoning_text"):
    """Raw reasoning."""

    text: str


class TextReasoningItemContent(Record, frozen=True, kw_only=True, tag="text"):
    """Raw reasoning, in the older spelling."""

    text: str


ReasoningItemContent: TypeAlias = ReasoningTextReasoningItemContent | TextReasoningItemContent
"""A part of the raw reasoning."""


class ReasoningResponseItem(Record, frozen=True, kw_only=True, tag="reasoning"):
    """Reasoning."""

    summary: Sequence[ReasoningItemReasoningSummary]
    content: Sequence[ReasoningItemContent] | None = None
    encrypted_content: str | None = None
    id: str


class LocalShellStatus(StrEnum):
    """How a local shell call stands."""

    COMPLETED = "completed"
    IN_PROGRESS = "in_progress"
    INCOMPLETE = "incomplete"


class ExecLocalShellAction(Record, frozen=True, kw_only=True, tag="exec"):
    """Run a command."""

    command: Sequence[str]
    env: Mapping[str, str] | None = None
    timeout_ms: Uint64 | None = None
    user: str | None = None
    working_directory: str | None = None


LocalShellAction: TypeAlias = ExecLocalShellAction
"""What a local shell call does."""


class LocalShellCallResponseItem(Record, frozen=True, kw_only=True, tag="local_shell_call"):
    """A call of the built-in shell."""

    call_id: str | None = None
    status: LocalShellStatus
    action: LocalShellAction
    id: str | None = None


class FunctionCallResponseItem(Record, frozen=True, kw_only=True, tag="function_call"):
    """A call of a function tool; ``arguments`` is JSON text."""

    name: str
    arguments: str
    call_id: str
    id: str | None = None


class InputTextFunctionCallOutputContentItem(Record, frozen=True, kw_only=True, tag="input_text"):
    """Text a tool answered."""

    text: str


class InputImageFunctionCallOutputContentItem(Record, frozen=True, kw_only=True, tag="input_image"):
    """An image a tool answered."""

    image_url: str


FunctionCallOutputContentItem: TypeAlias = (
    InputTextFunctionCallOutputContentItem | InputImageFunctionCallOutputContentItem
)
"""A part of a tool's answer."""


FunctionCallOutputBody: TypeAlias = Annotated[
    str | Sequence[FunctionCallOutputContentItem], Meta(title="FunctionCallOutputBody")
]
"""A tool's answer: text, or parts."""


class FunctionCallOutputPayload(Record, frozen=True, kw_only=True):
    """A tool's answer as the schema declares it; the API itself carries the bare body."""

    body: FunctionCallOutputBody
    success: bool | None = None


class FunctionCallOutputResponseItem(Record, frozen=True, kw_only=True, tag="function_call_output"):
    """The answer to a function call."""

    call_id: str
    output: FunctionCallOutputPayload


class CustomToolCallResponseItem(Record, frozen=True, kw_only=True, tag="custom_tool_call"):
    """A call of a free-form tool."""

    status: str | None = None
    call_id: str
    name: str
    input: str
    id: str | None = None


class CustomToolCallOutputResponseItem(Record, frozen=True, kw_only=True, tag="custom_tool_call_output"):
    """The answer to a free-form call."""

    call_id: str
    output: str


class SearchWebSearchAction(Record, frozen=True, kw_only=True, tag="search"):
    """A search with one or more queries."""

    query: str | None = None
    queries: Sequence[str] | None = None


class OpenPageWebSearchAction(Record, frozen=True, kw_only=True, tag="open_page"):
    """A page was opened."""

    url: str | None = None


class FindInPageWebSearchAction(Record, frozen=True, kw_only=True, tag="find_in_page"):
    """A page was searched."""

    url: str | None = None
    pattern: str | None = None


class OtherWebSearchAction(Record, frozen=True, kw_only=True, tag="other"):
    """Something else, or not known yet."""


WebSearchAction: TypeAlias = (
    SearchWebSearchAction | OpenPageWebSearchAction | FindInPageWebSearchAction | OtherWebSearchAction
)
"""What a web search did."""


class WebSearchCallResponseItem(Record, frozen=True, kw_only=True, tag="web_search_call"):
    """A web search the backend made."""

    status: str | None = None
    action: WebSearchAction | None = None
    id: str | None = None


class GhostCommit(Record, frozen=True, kw_only=True):
    """A snapshot of the work tree."""

    id: str
    parent: str | None = None
    preexisting_untracked_files: Sequence[str]
    preexisting_untracked_dirs: Sequence[str]


class GhostSnapshotResponseItem(Record, frozen=True, kw_only=True, tag="ghost_snapshot"):
    """A snapshot taken between model calls."""

    ghost_commit: GhostCommit


class CompactionResponseItem(Record, frozen=True, kw_only=True, tag="compaction"):
    """A compacted stretch of history, readable only to the backend."""

    encrypted_content: str


class OtherResponseItem(Record, frozen=True, kw_only=True, tag="other"):
    """An item of a kind this release does not know."""


ResponseItem: TypeAlias = (
    MessageResponseItem
    | ReasoningResponseItem
    | LocalShellCallResponseItem
    | FunctionCallResponseItem
    | FunctionCallOutputResponseItem
    | CustomToolCallResponseItem
    | CustomToolCallOutputResponseItem
    | WebSearchCallResponseItem
    | GhostSnapshotResponseItem
    | CompactionResponseItem
    | OtherResponseItem
)
"""The item forms the schema declares."""


RawResponseItem: TypeAlias = Annotated[Raw, Shape(ResponseItem)]
"""An item kept as the bytes it came in; what it may hold is :data:`ResponseItem`."""


class RawResponseItemCompletedNotification(Wire, frozen=True, kw_only=True):
    """A conversation item, for clients that asked for raw items."""

    thread_id: str
    turn_id: str
    item: RawResponseItem


RAW_RESPONSE_ITEM_COMPLETED = Notification("rawResponseItem/completed", RawResponseItemCompletedNotification)
