"""Where a thread comes from."""

from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, UnsetType

from agent_protocol.v2.common import Int32, require_one_member
from agent_protocol.wire import Record, Wire


class SessionSourceKind(StrEnum):
    """The program that started a thread; a name this release does not know is read as ``unknown``."""

    CLI = "cli"
    VSCODE = "vscode"
    EXEC = "exec"
    APP_SERVER = "appServer"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "SessionSourceKind":
        return cls.UNKNOWN


class SubAgentSourceKind(StrEnum):
    """The built-in reasons for a sub-agent."""

    REVIEW = "review"
    COMPACT = "compact"
    MEMORY_CONSOLIDATION = "memory_consolidation"


ThreadId: TypeAlias = Annotated[str, Meta(title="ThreadId")]
"""A thread id: a UUID as text."""


class ThreadSpawn(Record, frozen=True, kw_only=True):
    """Which thread started a sub-agent, and how deep below the first thread it stands."""

    parent_thread_id: ThreadId
    depth: Int32


class SubAgentOrigin(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sub-agent comes from. Exactly one member is set; any other count raises ``ValueError``."""

    thread_spawn: ThreadSpawn | UnsetType = UNSET
    other: str | UnsetType = UNSET

    def __post_init__(self) -> None:
        require_one_member(self)


SubAgentSource: TypeAlias = SubAgentSourceKind | SubAgentOrigin
"""What a sub-agent was started for."""


class SubAgentSessionSource(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A thread that another thread started, and for what."""

    sub_agent: SubAgentSource


SessionSource: TypeAlias = SessionSourceKind | SubAgentSessionSource
"""What started a thread."""
