"""Interprets the merged layers: profiles, defaults, and files that settings name."""

from pathlib import Path

from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    DangerFullAccessPolicy,
    Personality,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)
from msgspec import UNSET, convert, structs

from agent_core.config.check import Mismatch, check
from agent_core.config.config import Config
from agent_core.config.explicit import ExplicitSettings
from agent_core.config.feature import Features, resolve_features
from agent_core.config.layer import KeyPath, LayerStack
from agent_core.config.schema import (
    ConfigTable,
    Overlay,
    ProfileTable,
    SandboxMode,
    ShellEnvironmentTable,
    TrustLevel,
    WebSearchMode,
    WorkspaceWriteTable,
)
from agent_core.config.stack import ConfigRequest, load_stack, trust_of
from agent_core.exec.env import EnvironmentPolicy

DEFAULT_PROVIDER = "openai"
DEFAULT_CHATGPT_URL = "https://chatgpt.com/backend-api/"


def load_config(request: ConfigRequest) -> Config:
    """Read and interpret the configuration. Blocks while reading.

    Raises:
        ConfigError: a file is broken, a value does not fit, or something that is named does not exist.
    """
    return interpret(request, load_stack(request))


def checked_table(stack: LayerStack) -> ConfigTable:
    """Return the merged settings with their types.

    Raises:
        ConfigError: a value does not fit; the error names key, place, and what would fit.
    """
    try:
        return check(stack.merged, ConfigTable)
    except Mismatch as error:
        raise stack.fault(error.path, error.reason) from error


def interpret(request: ConfigRequest, stack: LayerStack) -> Config:
    """Return what the layers mean for ``request``; raises as ``load_config`` does."""
    table = checked_table(stack)
    explicit = request.explicit
    profile_name = explicit.profile or table.profile
    profile = _profile(stack, table, profile_name)
    features = _features(table, profile)
    trust = _trust(request, stack, table)
    chosen = _chosen(explicit, profile, table)
    mode = chosen.sandbox_mode or _default_mode(trust)
    return Config(
        home=request.home,
        cwd=request.cwd,
        trust=trust,
        profile=profile_name,
        stack=stack,
        features=features,
        model=chosen.model,
        review_model=table.review_model,
        model_provider=chosen.model_provider or DEFAULT_PROVIDER,
        model_providers=table.model_providers,
        model_context_window=table.model_context_window,
        model_auto_compact_token_limit=table.model_auto_compact_token_limit,
        model_reasoning_effort=chosen.model_reasoning_effort,
        model_reasoning_summary=chosen.model_reasoning_summary or "auto",
        model_verbosity=chosen.model_verbosity,
        model_supports_reasoning_summaries=table.model_supports_reasoning_summaries,
        tool_output_token_limit=table.tool_output_token_limit,
        personality=_personality(chosen, features),
        web_search=chosen.web_search or _default_search(features),
        base_instructions=explicit.base_instructions
        or _named_text(stack, profile_name, profile, chosen, "model_instructions_file"),
        developer_instructions=explicit.developer_instructions or table.developer_instructions,
        compact_prompt=_filled(table.compact_prompt)
        or _named_text(stack, profile_name, profile, chosen, "experimental_compact_prompt_file"),
        project_doc_max_bytes=max(0, table.project_doc_max_bytes),
        project_doc_fallback_filenames=table.project_doc_fallback_filenames,
        project_root_markers=table.project_root_markers,
        approval_policy=chosen.approval_policy or _default_approval(trust),
        sandbox_mode=mode,
        sandbox_policy=_sandbox_policy(mode, table.sandbox_workspace_write, explicit),
        shell_environment=_environment(table.shell_environment_policy),
        history=table.history,
        hide_agent_reasoning=table.hide_agent_reasoning,
        show_raw_agent_reasoning=table.show_raw_agent_reasoning,
        chatgpt_base_url=chosen.chatgpt_base_url or DEFAULT_CHATGPT_URL,
        credential_store=table.cli_auth_credentials_store,
        forced_login_method=table.forced_login_method,
        forced_chatgpt_workspace_id=_filled(table.forced_chatgpt_workspace_id),
        notify=table.notify,
        log_dir=Path(table.log_dir) if table.log_dir else request.home / "log",
    )


def _profile(stack: LayerStack, table: ConfigTable, name: str | None) -> ProfileTable:
    if name is None:
        return ProfileTable()
    if name not in table.profiles:
        known = ", ".join(sorted(table.profiles)) or "none"
        raise stack.fault(("profile",), f"there is no profile {name!r}", f"profiles that exist: {known}")
    return table.profiles[name]


def _chosen(explicit: ExplicitSettings, profile: ProfileTable, table: ConfigTable) -> Overlay:
    """Put the caller's settings over the profile's, and those over the plain ones."""
    chosen = {
        name: next((value for source in (explicit, profile, table) if (value := getattr(source, name, None))), None)
        for name in Overlay.__struct_fields__
    }
    return convert(chosen, Overlay)


def _features(table: ConfigTable, profile: ProfileTable) -> Features:
    search = None
    if table.tools is not None:
        search = table.tools.web_search if table.tools.web_search is not None else table.tools.web_search_request
    return resolve_features(
        {**_legacy_switches(table), "web_search_request": search},
        table.features,
        {
            **_legacy_switches(profile),
            "include_apply_patch_tool": profile.include_apply_patch_tool,
            "web_search_request": profile.tools_web_search,
        },
        profile.features,
    )


def _legacy_switches(overlay: Overlay) -> dict[str, bool | None]:
    return {
        "experimental_use_unified_exec_tool": overlay.experimental_use_unified_exec_tool,
        "experimental_use_freeform_apply_patch": overlay.experimental_use_freeform_apply_patch,
    }


def _trust(request: ConfigRequest, stack: LayerStack, table: ConfigTable) -> TrustLevel | None:
    if request.cwd is None:
        return None
    return trust_of(request.cwd, stack.outside_projects().get("projects"), table.project_root_markers)


def _default_mode(trust: TrustLevel | None) -> SandboxMode:
    return "read-only" if trust is None else "workspace-write"


def _default_approval(trust: TrustLevel | None) -> ApprovalPolicy:
    return "untrusted" if trust == "untrusted" else "on-request"


def _default_search(features: Features) -> WebSearchMode:
    return "live" if features.enabled("web_search_request") and not features.enabled("web_search_cached") else "cached"


def _personality(chosen: Overlay, features: Features) -> Personality | None:
    return chosen.personality or "pragmatic" if features.enabled("personality") else None


def _sandbox_policy(mode: SandboxMode, table: WorkspaceWriteTable | None, explicit: ExplicitSettings) -> SandboxPolicy:
    if mode == "danger-full-access":
        return DangerFullAccessPolicy()
    if mode == "read-only":
        return ReadOnlyPolicy()
    workspace = table or WorkspaceWriteTable()
    return WorkspaceWritePolicy(
        writable_roots=tuple(dict.fromkeys((*workspace.writable_roots, *explicit.writable_roots))) or UNSET,
        network_access=workspace.network_access,
        exclude_tmpdir_env_var=workspace.exclude_tmpdir_env_var,
        exclude_slash_tmp=workspace.exclude_slash_tmp,
    )


def _environment(table: ShellEnvironmentTable) -> EnvironmentPolicy:
    members = structs.asdict(table)
    del members["experimental_use_profile"]
    return EnvironmentPolicy(**members)


def _named_text(
    stack: LayerStack, profile_name: str | None, profile: ProfileTable, chosen: Overlay, key: str
) -> str | None:
    """Return the text of the file a setting names."""
    name = getattr(chosen, key)
    if name is None:
        return None
    from_profile = profile_name is not None and getattr(profile, key) is not None
    path: KeyPath = ("profiles", str(profile_name), key) if from_profile else (key,)
    try:
        text = Path(name).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise stack.fault(path, f"{name} cannot be read: {reason}") from error
    if not text:
        raise stack.fault(path, f"{name} is empty", "fill the file or take the setting out")
    return text


def _filled(text: str | None) -> str | None:
    return text if text and text.strip() else None
