"""Items shown to the user, in the core's own form (tags are PascalCase), and the core form of user input."""

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.response_item import MessagePhase, OtherAction, WebSearchAction
from agent_protocol.wire import Record


class ByteRange(Record, frozen=True, kw_only=True):
    """Half-open range of UTF-8 bytes."""

    start: int
    end: int


class TextElement(Record, frozen=True, kw_only=True):
    """A part of a text that the client shows specially, with the text shown in its place."""

    byte_range: ByteRange
    placeholder: str | None = None


class TextInput(Record, frozen=True, kw_only=True, tag_field="type", tag="text"):
    """Text typed by the user."""

    text: str
    text_elements: tuple[TextElement, ...] = ()


class ImageInput(Record, frozen=True, kw_only=True, tag_field="type", tag="image"):
    """An image by URL (also a data URL)."""

    image_url: str


class LocalImageInput(Record, frozen=True, kw_only=True, tag_field="type", tag="local_image"):
    """An image file of the host."""

    path: str


class SkillInput(Record, frozen=True, kw_only=True, tag_field="type", tag="skill"):
    """A skill the user chose."""

    name: str
    path: str


class MentionInput(Record, frozen=True, kw_only=True, tag_field="type", tag="mention"):
    """Something the user mentioned, such as ``app://connector-id``."""

    name: str
    path: str


UserInput: TypeAlias = TextInput | ImageInput | LocalImageInput | SkillInput | MentionInput


class UserMessageTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="UserMessage"):
    """What the user sent."""

    id: str
    content: tuple[UserInput, ...] = ()


class AgentMessageText(Record, frozen=True, kw_only=True, tag_field="type", tag="Text"):
    """One text part of an agent message."""

    text: str


class AgentMessageTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="AgentMessage"):
    """A message of the assistant; ``content`` is empty while it is only announced."""

    id: str
    content: tuple[AgentMessageText, ...] = ()
    phase: MessagePhase | UnsetType = UNSET


class PlanTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="Plan"):
    """The plan proposed in plan mode."""

    id: str
    text: str = ""


class ReasoningTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="Reasoning"):
    """Reasoning: summary texts and, where the provider shows it, the raw text."""

    id: str
    summary_text: tuple[str, ...] = ()
    raw_content: tuple[str, ...] = ()


class WebSearchTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="WebSearch"):
    """A search made by the model's provider; the query is empty while it is only announced."""

    id: str
    query: str = ""
    action: WebSearchAction = OtherAction()


class ContextCompactionTurnItem(Record, frozen=True, kw_only=True, tag_field="type", tag="ContextCompaction"):
    """The history was replaced by a summary."""

    id: str


TurnItem: TypeAlias = (
    UserMessageTurnItem
    | AgentMessageTurnItem
    | PlanTurnItem
    | ReasoningTurnItem
    | WebSearchTurnItem
    | ContextCompactionTurnItem
)
