"""One line of a rollout file and the payloads that are neither response items nor events."""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event import EventMsg
from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    CollaborationMode,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
)
from agent_protocol.rollout.source import SessionSource
from agent_protocol.wire import JsonValue, Record


class BaseInstructions(Record, frozen=True, kw_only=True):
    """The instructions a thread was made with."""

    text: str


class DynamicToolSpec(Record, frozen=True, kw_only=True):
    """A tool that the client runs; ``input_schema`` is a JSON schema."""

    name: str
    description: str
    input_schema: JsonValue = msgspec.field(name="inputSchema")


class GitInfo(Record, frozen=True, kw_only=True):
    """State of the repository when the file was made. All absent: a repository without commits and remotes."""

    commit_hash: str | UnsetType = UNSET
    branch: str | UnsetType = UNSET
    repository_url: str | UnsetType = UNSET


class SessionMeta(Record, frozen=True, kw_only=True):
    """The first line: which thread this is. ``timestamp`` is the creation time, UTC with milliseconds."""

    id: str
    forked_from_id: str | UnsetType = UNSET
    timestamp: str
    cwd: str
    originator: str
    cli_version: str
    source: SessionSource = "vscode"
    model_provider: str | None = None
    base_instructions: BaseInstructions | None = None
    dynamic_tools: tuple[DynamicToolSpec, ...] | UnsetType = UNSET
    git: GitInfo | UnsetType = UNSET


class TurnContextNetwork(Record, frozen=True, kw_only=True):
    """Domains the managed network lets through and blocks."""

    allowed_domains: tuple[str, ...] = ()
    denied_domains: tuple[str, ...] = ()


class TruncationPolicy(Record, frozen=True, kw_only=True):
    """How much of a tool's output the model reads, in bytes or tokens."""

    mode: Literal["bytes", "tokens"]
    limit: int


class TurnContext(Record, frozen=True, kw_only=True):
    """The settings one model call was made with; a turn may have several of these lines."""

    turn_id: str | UnsetType = UNSET
    cwd: str
    approval_policy: ApprovalPolicy
    sandbox_policy: SandboxPolicy
    network: TurnContextNetwork | UnsetType = UNSET
    model: str
    personality: Personality | UnsetType = UNSET
    collaboration_mode: CollaborationMode | UnsetType = UNSET
    effort: ReasoningEffort | UnsetType = UNSET
    summary: ReasoningSummary
    user_instructions: str | UnsetType = UNSET
    developer_instructions: str | UnsetType = UNSET
    final_output_json_schema: JsonValue = UNSET
    truncation_policy: TruncationPolicy | UnsetType = UNSET


class Compacted(Record, frozen=True, kw_only=True):
    """The history up to here was replaced: by ``replacement_history``, or by a summary in ``message``."""

    message: str
    replacement_history: tuple[ResponseItem, ...] | UnsetType = UNSET


class UnknownLine(Record, frozen=True, kw_only=True):
    """A line of an unknown type, or a known one whose payload does not fit; ``payload`` is its JSON text."""

    kind: str
    payload: bytes
    reason: str


RolloutItem: TypeAlias = SessionMeta | TurnContext | Compacted | ResponseItem | EventMsg | UnknownLine


class RolloutLine(Record, frozen=True, kw_only=True):
    """A line: when it was written and what it says.

    ``raw`` holds the bytes of a line that was read, without its line break, and is what encoding gives back. A
    changed line is a new line: make it with ``new_line``.
    """

    timestamp: str
    item: RolloutItem
    raw: bytes | None = None
