"""Reading and writing the layered configuration, and the requirements that bound it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

import msgspec
from msgspec import UNSET, Meta, UnsetType

from agent_protocol.experimental import Experimental
from agent_protocol.registry import Method
from agent_protocol.v2.common import (
    AbsolutePath,
    AskForApproval,
    Int64,
    OpenRecord,
    Params,
    ReasoningEffort,
    ReasoningSummary,
    SandboxMode,
    Shape,
    Uint16,
    Verbosity,
    WebSearchMode,
)
from agent_protocol.wire import JsonValue, Record, Wire


class ConfigReadParams(Params, frozen=True, kw_only=True):
    """From which directory to look, and whether to return the layers as well."""

    include_layers: bool = False
    cwd: str | None = None


class SandboxWorkspaceWrite(Record, frozen=True, kw_only=True):
    """The ``sandbox_workspace_write`` table."""

    writable_roots: Sequence[str] = []
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class ForcedLoginMethod(StrEnum):
    """The only login method that is allowed."""

    CHATGPT = "chatgpt"
    API = "api"


class ToolsV2(Record, frozen=True, kw_only=True):
    """The ``tools`` table."""

    web_search: bool | None = None
    view_image: bool | None = None


class ProfileV2(OpenRecord, frozen=True, kw_only=True):
    """One table of ``profiles``."""

    model: str | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    web_search: WebSearchMode | None = None
    chatgpt_base_url: str | None = None


class AnalyticsConfig(OpenRecord, frozen=True, kw_only=True):
    """The ``analytics`` table."""

    enabled: bool | None = None


class AppDisabledReason(StrEnum):
    """Why an app is switched off."""

    UNKNOWN = "unknown"
    USER = "user"


class AppConfig(Record, frozen=True, kw_only=True):
    """One table of ``apps``."""

    disabled_reason: AppDisabledReason | None = None
    enabled: bool = True


AppsConfig: TypeAlias = Annotated[Mapping[str, AppConfig], Meta(title="AppsConfig")]
"""The ``apps`` table, by app id."""


class Config(OpenRecord, frozen=True, kw_only=True):
    """The known members of an effective configuration, null where nothing sets them."""

    model: str | None = None
    review_model: str | None = None
    model_context_window: Int64 | None = None
    model_auto_compact_token_limit: Int64 | None = None
    model_provider: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox_mode: SandboxMode | None = None
    sandbox_workspace_write: SandboxWorkspaceWrite | None = None
    forced_chatgpt_workspace_id: str | None = None
    forced_login_method: ForcedLoginMethod | None = None
    web_search: WebSearchMode | None = None
    tools: ToolsV2 | None = None
    profile: str | None = None
    profiles: Mapping[str, ProfileV2] = {}
    instructions: str | None = None
    developer_instructions: str | None = None
    compact_prompt: str | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    analytics: AnalyticsConfig | None = None
    apps: Annotated[AppsConfig | None, Experimental("config/read.apps")] = None


def with_known_members(values: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    """*values* with every member of :class:`Config` present, null where nothing sets it, and unknown ones behind.

    Raises ``msgspec.ValidationError`` where a known member has the wrong type.
    """
    return _beneath(msgspec.to_builtins(msgspec.convert(values, Config)), values)


def _beneath(known: Mapping[str, JsonValue], given: Mapping[str, JsonValue]) -> Mapping[str, JsonValue]:
    filled = {name: _filled(value, given.get(name)) for name, value in known.items()}
    return {**filled, **{name: value for name, value in given.items() if name not in known}}


def _filled(known: JsonValue, given: JsonValue) -> JsonValue:
    return _beneath(known, given) if isinstance(known, Mapping) and isinstance(given, Mapping) else known


class MdmConfigLayerSource(Wire, frozen=True, kw_only=True, tag="mdm"):
    """A managed preference of the device."""

    domain: str
    key: str


class SystemConfigLayerSource(Wire, frozen=True, kw_only=True, tag="system"):
    """The file for all users of the machine."""

    file: AbsolutePath


class UserConfigLayerSource(Wire, frozen=True, kw_only=True, tag="user"):
    """The user's own file."""

    file: AbsolutePath


class ProjectConfigLayerSource(Wire, frozen=True, kw_only=True, tag="project"):
    """The configuration folder of a project."""

    dot_codex_folder: AbsolutePath


class SessionFlagsConfigLayerSource(Wire, frozen=True, kw_only=True, tag="sessionFlags"):
    """The command line, or the overrides of one thread."""


class LegacyManagedConfigTomlFromFileConfigLayerSource(
    Wire, frozen=True, kw_only=True, tag="legacyManagedConfigTomlFromFile"
):
    """A managed file of the old kind."""

    file: AbsolutePath


class LegacyManagedConfigTomlFromMdmConfigLayerSource(
    Wire, frozen=True, kw_only=True, tag="legacyManagedConfigTomlFromMdm"
):
    """A managed preference of the old kind."""


ConfigLayerSource: TypeAlias = (
    MdmConfigLayerSource
    | SystemConfigLayerSource
    | UserConfigLayerSource
    | ProjectConfigLayerSource
    | SessionFlagsConfigLayerSource
    | LegacyManagedConfigTomlFromFileConfigLayerSource
    | LegacyManagedConfigTomlFromMdmConfigLayerSource
)
"""Where a configuration layer comes from."""


class ConfigLayerMetadata(Wire, frozen=True, kw_only=True):
    """A layer and the digest of its content."""

    name: ConfigLayerSource
    version: str


class ConfigLayer(Wire, frozen=True, kw_only=True):
    """A layer with its content. ``disabled_reason`` is left out for a layer in force."""

    name: ConfigLayerSource
    version: str
    config: JsonValue
    disabled_reason: str | UnsetType | None = UNSET


class ConfigReadResponse(Wire, frozen=True, kw_only=True):
    """The effective configuration, who set each leaf, and the layers where they were asked for."""

    config: Annotated[Mapping[str, JsonValue], Shape(Config)]
    origins: Mapping[str, ConfigLayerMetadata]
    layers: Sequence[ConfigLayer] | UnsetType | None = UNSET


class MergeStrategy(StrEnum):
    """Whether a written table replaces the old one or is merged into it."""

    REPLACE = "replace"
    UPSERT = "upsert"


class ConfigValueWriteParams(Params, frozen=True, kw_only=True):
    """One value to write to the user's file; a null value deletes."""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy
    file_path: str | None = None
    expected_version: str | None = None


class WriteStatus(StrEnum):
    """Whether the written value is the one in effect."""

    OK = "ok"
    OK_OVERRIDDEN = "okOverridden"


class OverriddenMetadata(Wire, frozen=True, kw_only=True):
    """The layer that hides a written value."""

    message: str
    overriding_layer: ConfigLayerMetadata
    effective_value: JsonValue


class ConfigWriteResponse(Wire, frozen=True, kw_only=True):
    """The file written and its new version."""

    status: WriteStatus
    version: str
    file_path: AbsolutePath
    overridden_metadata: OverriddenMetadata | None = None


class ConfigEdit(Params, frozen=True, kw_only=True):
    """One edit of a batch; a null value deletes."""

    key_path: str
    value: JsonValue
    merge_strategy: MergeStrategy


class ConfigBatchWriteParams(Params, frozen=True, kw_only=True):
    """Edits to the user's file that apply all or not at all."""

    edits: Sequence[ConfigEdit]
    file_path: str | None = None
    expected_version: str | None = None


class ResidencyRequirement(StrEnum):
    """Where data must stay."""

    US = "us"


class NetworkRequirements(Wire, frozen=True, kw_only=True):
    """Bounds on the network of confined commands."""

    enabled: bool | None = None
    http_port: Uint16 | None = None
    socks_port: Uint16 | None = None
    allow_upstream_proxy: bool | None = None
    dangerously_allow_non_loopback_proxy: bool | None = None
    dangerously_allow_non_loopback_admin: bool | None = None
    allowed_domains: Sequence[str] | None = None
    denied_domains: Sequence[str] | None = None
    allow_unix_sockets: Sequence[str] | None = None
    allow_local_binding: bool | None = None


class ConfigRequirements(Wire, frozen=True, kw_only=True):
    """The bounds an administrator set; null where there is none."""

    allowed_approval_policies: Sequence[AskForApproval] | None = None
    allowed_sandbox_modes: Sequence[SandboxMode] | None = None
    allowed_web_search_modes: Sequence[WebSearchMode] | None = None
    enforce_residency: ResidencyRequirement | None = None
    network: Annotated[NetworkRequirements | None, Experimental("configRequirements/read.network")] = None


class ConfigRequirementsReadResponse(Wire, frozen=True, kw_only=True):
    """The bounds in force, or null."""

    requirements: ConfigRequirements | None = None


CONFIG_READ = Method("config/read", ConfigReadParams, ConfigReadResponse)
CONFIG_VALUE_WRITE = Method("config/value/write", ConfigValueWriteParams, ConfigWriteResponse)
CONFIG_BATCH_WRITE = Method("config/batchWrite", ConfigBatchWriteParams, ConfigWriteResponse)
CONFIG_REQUIREMENTS_READ: Method[None, ConfigRequirementsReadResponse] = Method(
    "configRequirements/read", None, ConfigRequirementsReadResponse
)
