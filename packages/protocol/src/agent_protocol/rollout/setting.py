"""Settings of a turn as rollout files spell them: snake_case members, kebab-case policy tags."""

from typing import Literal, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.wire import Record

ApprovalPolicy: TypeAlias = Literal["untrusted", "on-failure", "on-request", "never"]
ReasoningEffort: TypeAlias = Literal["none", "minimal", "low", "medium", "high", "xhigh"]
ReasoningSummary: TypeAlias = Literal["auto", "concise", "detailed", "none"]
Personality: TypeAlias = Literal["none", "friendly", "pragmatic"]
ModeKind: TypeAlias = Literal["plan", "default"]
"""Collaboration mode. The retired ``code``, ``pair_programming``, ``execute``, ``custom`` are read as ``default``."""


class FullReadAccess(Record, frozen=True, kw_only=True, tag_field="type", tag="full-access"):
    """Everything may be read."""


class RestrictedReadAccess(Record, frozen=True, kw_only=True, tag_field="type", tag="restricted"):
    """Only the listed roots, the working directory and optionally the platform's own roots may be read."""

    include_platform_defaults: bool = True
    readable_roots: tuple[str, ...] = ()


ReadAccess: TypeAlias = FullReadAccess | RestrictedReadAccess


class DangerFullAccessPolicy(Record, frozen=True, kw_only=True, tag_field="type", tag="danger-full-access"):
    """No confinement at all."""


class ReadOnlyPolicy(Record, frozen=True, kw_only=True, tag_field="type", tag="read-only"):
    """No writing. ``access`` is left out of the file when everything may be read."""

    access: ReadAccess | UnsetType = UNSET


class WorkspaceWritePolicy(Record, frozen=True, kw_only=True, tag_field="type", tag="workspace-write"):
    """Writing inside the workspace. Empty roots and full read access are left out of the file."""

    writable_roots: tuple[str, ...] | UnsetType = UNSET
    read_only_access: ReadAccess | UnsetType = UNSET
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class ExternalSandboxPolicy(Record, frozen=True, kw_only=True, tag_field="type", tag="external-sandbox"):
    """Somebody else confines the process."""

    network_access: Literal["restricted", "enabled"] = "restricted"


SandboxPolicy: TypeAlias = DangerFullAccessPolicy | ReadOnlyPolicy | WorkspaceWritePolicy | ExternalSandboxPolicy


class CollaborationSettings(Record, frozen=True, kw_only=True):
    """What a collaboration mode fixes for the model."""

    model: str
    reasoning_effort: ReasoningEffort | None = None
    developer_instructions: str | None = None


class CollaborationMode(Record, frozen=True, kw_only=True):
    """A mode and its settings."""

    mode: ModeKind
    settings: CollaborationSettings
