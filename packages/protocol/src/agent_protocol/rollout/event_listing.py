"""Events that answer a question of the front end or tell that a list changed."""

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event_base import Event
from agent_protocol.wire import JsonValue, Record


class SkillsUpdateAvailableEvent(Event, frozen=True, kw_only=True):
    """The skills on disk changed."""


class ListedError(Record, frozen=True, kw_only=True):
    """A file that could not be used."""

    path: str
    message: str


class SkillsEntry(Record, frozen=True, kw_only=True):
    """The skills that apply in one directory."""

    cwd: str
    skills: tuple[JsonValue, ...] = ()
    errors: tuple[ListedError, ...] = ()


class ListSkillsResponseEvent(Event, frozen=True, kw_only=True):
    """The skills, directory by directory."""

    skills: tuple[SkillsEntry, ...] = ()


class CustomPrompt(Record, frozen=True, kw_only=True):
    """A prompt the user stored."""

    name: str
    path: str
    content: str
    description: str | None = None
    argument_hint: str | None = None


class ListCustomPromptsResponseEvent(Event, frozen=True, kw_only=True):
    """The stored prompts."""

    custom_prompts: tuple[CustomPrompt, ...] = ()


class RemoteSkill(Record, frozen=True, kw_only=True):
    """A skill that can be fetched."""

    id: str
    name: str
    description: str


class ListRemoteSkillsResponseEvent(Event, frozen=True, kw_only=True):
    """The skills that can be fetched."""

    skills: tuple[RemoteSkill, ...] = ()


class RemoteSkillDownloadedEvent(Event, frozen=True, kw_only=True):
    """A skill was fetched."""

    id: str
    name: str
    path: str


class HistoryEntry(Record, frozen=True, kw_only=True):
    """One prompt of the prompt history; ``ts`` is in Unix seconds."""

    conversation_id: str
    ts: int
    text: str


class GetHistoryEntryResponseEvent(Event, frozen=True, kw_only=True):
    """One entry of the prompt history, when it is still there."""

    offset: int
    log_id: int
    entry: HistoryEntry | UnsetType = UNSET
