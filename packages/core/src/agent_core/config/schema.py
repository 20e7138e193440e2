"""The settings that are read, with their types. Keys that are not here are kept and ignored."""

from typing import Literal, TypeAlias

from agent_protocol.rollout.setting import ApprovalPolicy, Personality, ReasoningEffort, ReasoningSummary
from agent_protocol.wire import JsonValue, Record
from msgspec import field

SandboxMode: TypeAlias = Literal["read-only", "workspace-write", "danger-full-access"]
Verbosity: TypeAlias = Literal["low", "medium", "high"]
WebSearchMode: TypeAlias = Literal["disabled", "cached", "live"]
LoginMethod: TypeAlias = Literal["chatgpt", "api"]
CredentialStore: TypeAlias = Literal["file", "keyring", "auto", "ephemeral"]
TrustLevel: TypeAlias = Literal["trusted", "untrusted"]


class WorkspaceWriteTable(Record, frozen=True, kw_only=True):
    """``[sandbox_workspace_write]``: what the mode of that name adds and takes away."""

    writable_roots: tuple[str, ...] = ()
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


class ShellEnvironmentTable(Record, frozen=True, kw_only=True):
    """``[shell_environment_policy]``: which variables commands get."""

    inherit: Literal["all", "core", "none"] = "all"
    ignore_default_excludes: bool = True
    exclude: tuple[str, ...] = ()
    set: dict[str, str] = field(default_factory=dict)
    include_only: tuple[str, ...] = ()
    experimental_use_profile: bool = False


class HistoryTable(Record, frozen=True, kw_only=True):
    """``[history]``: whether prompts are remembered, and how many bytes of them."""

    persistence: Literal["save-all", "none"] = "save-all"
    max_bytes: int | None = None


class ToolsTable(Record, frozen=True, kw_only=True):
    """``[tools]``: older switches."""

    web_search: bool | None = None
    web_search_request: bool | None = None
    view_image: bool | None = None


class AnalyticsTable(Record, frozen=True, kw_only=True):
    """``[analytics]``."""

    enabled: bool | None = None


class ProjectTable(Record, frozen=True, kw_only=True):
    """``[projects."/path"]``: what was decided about a project."""

    trust_level: TrustLevel | None = None


class AppTable(Record, frozen=True, kw_only=True):
    """``[apps.<id>]``."""

    enabled: bool = True
    disabled_reason: Literal["unknown", "user"] | None = None


class Overlay(Record, frozen=True, kw_only=True):
    """What can be set at the top and, over that, in a profile."""

    model: str | None = None
    model_provider: str | None = None
    approval_policy: ApprovalPolicy | None = None
    sandbox_mode: SandboxMode | None = None
    model_reasoning_effort: ReasoningEffort | None = None
    model_reasoning_summary: ReasoningSummary | None = None
    model_verbosity: Verbosity | None = None
    personality: Personality | None = None
    chatgpt_base_url: str | None = None
    model_instructions_file: str | None = None
    experimental_compact_prompt_file: str | None = None
    experimental_instructions_file: str | None = None
    oss_provider: str | None = None
    web_search: WebSearchMode | None = None
    experimental_use_unified_exec_tool: bool | None = None
    experimental_use_freeform_apply_patch: bool | None = None


class ProfileTable(Overlay, frozen=True, kw_only=True):
    """``[profiles.<name>]``."""

    features: dict[str, bool] = field(default_factory=dict)
    analytics: AnalyticsTable | None = None
    include_apply_patch_tool: bool | None = None
    tools_web_search: bool | None = None
    tools_view_image: bool | None = None


class ConfigTable(Overlay, frozen=True, kw_only=True):
    """The whole of a configuration."""

    features: dict[str, bool] = field(default_factory=dict)
    analytics: AnalyticsTable | None = None
    review_model: str | None = None
    model_providers: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    model_context_window: int | None = None
    model_auto_compact_token_limit: int | None = None
    model_supports_reasoning_summaries: bool | None = None
    instructions: str | None = None
    developer_instructions: str | None = None
    compact_prompt: str | None = None
    sandbox_workspace_write: WorkspaceWriteTable | None = None
    shell_environment_policy: ShellEnvironmentTable = ShellEnvironmentTable()
    projects: dict[str, ProjectTable] = field(default_factory=dict)
    profile: str | None = None
    profiles: dict[str, ProfileTable] = field(default_factory=dict)
    tools: ToolsTable | None = None
    tool_output_token_limit: int | None = None
    project_doc_max_bytes: int = 32_768
    project_doc_fallback_filenames: tuple[str, ...] = ()
    project_root_markers: tuple[str, ...] = (".git",)
    history: HistoryTable = HistoryTable()
    hide_agent_reasoning: bool = False
    show_raw_agent_reasoning: bool = False
    cli_auth_credentials_store: CredentialStore = "file"
    forced_login_method: LoginMethod | None = None
    forced_chatgpt_workspace_id: str | None = None
    notify: tuple[str, ...] | None = None
    log_dir: str | None = None
    apps: dict[str, AppTable] | None = None
