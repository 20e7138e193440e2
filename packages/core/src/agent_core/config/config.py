"""The configuration as the rest of the program uses it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
)
from agent_protocol.wire import JsonValue

from agent_core.config.errors import ConfigError
from agent_core.config.feature import Features
from agent_core.config.layer import LayerStack
from agent_core.config.schema import (
    CredentialStore,
    HistoryTable,
    LoginMethod,
    SandboxMode,
    TrustLevel,
    Verbosity,
    WebSearchMode,
)
from agent_core.exec.env import EnvironmentPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings in force for one directory, defaults filled in. ``None`` means that nobody set it."""

    home: Path
    cwd: Path | None
    trust: TrustLevel | None
    """What was decided about the project of ``cwd``."""
    profile: str | None
    stack: LayerStack
    """Where everything comes from."""
    features: Features

    model: str | None
    review_model: str | None
    model_provider: str
    model_providers: Mapping[str, Mapping[str, JsonValue]]
    """The tables as written; what is in them is checked where providers are made."""
    model_context_window: int | None
    model_auto_compact_token_limit: int | None
    model_reasoning_effort: ReasoningEffort | None
    model_reasoning_summary: ReasoningSummary
    model_verbosity: Verbosity | None
    model_supports_reasoning_summaries: bool | None
    tool_output_token_limit: int | None
    personality: Personality | None
    """``None`` when the feature is off."""
    web_search: WebSearchMode

    base_instructions: str | None
    """In place of the instructions shipped with the program."""
    developer_instructions: str | None
    compact_prompt: str | None
    project_doc_max_bytes: int
    project_doc_fallback_filenames: Sequence[str]
    project_root_markers: Sequence[str]

    approval_policy: ApprovalPolicy
    sandbox_mode: SandboxMode
    sandbox_policy: SandboxPolicy
    """The mode with its details, as records spell it; the working directory is not resolved into it."""
    shell_environment: EnvironmentPolicy

    history: HistoryTable
    hide_agent_reasoning: bool
    show_raw_agent_reasoning: bool
    chatgpt_base_url: str
    credential_store: CredentialStore
    forced_login_method: LoginMethod | None
    forced_chatgpt_workspace_id: str | None
    notify: Sequence[str] | None
    log_dir: Path

    def fault(self, key: str, reason: str, remedy: str | None = None) -> ConfigError:
        """Return an error about the setting with this dotted key, with the file and place it comes from."""
        return self.stack.fault(tuple(key.split(".")), reason, remedy)
