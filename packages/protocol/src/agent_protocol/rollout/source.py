"""Who started a session."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.wire import Record

SourceKind: TypeAlias = Literal["cli", "vscode", "exec", "mcp", "unknown"]
SubagentKind: TypeAlias = Literal["review", "compact", "memory_consolidation"]


class ThreadSpawn(Record, frozen=True, kw_only=True):
    """A child started by a tool call of another thread; ``depth`` counts from 1."""

    parent_thread_id: str
    depth: int


class SubagentDetail(Record, frozen=True, kw_only=True):
    """A subagent source that carries data: exactly one member is set."""

    thread_spawn: ThreadSpawn | UnsetType = UNSET
    other: str | UnsetType = UNSET


class SubagentSource(Record, frozen=True, kw_only=True):
    """A session the harness started for its own work."""

    subagent: SubagentKind | SubagentDetail


SessionSource: TypeAlias = SourceKind | SubagentSource
"""Unknown spellings are read as ``unknown``; a missing source is ``vscode``."""
