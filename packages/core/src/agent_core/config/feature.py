"""Features: switches with a life cycle."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

_log = logging.getLogger(__name__)


class Stage(StrEnum):
    """How far a feature is."""

    STABLE = "stable"
    EXPERIMENTAL = "experimental"
    UNDER_DEVELOPMENT = "underDevelopment"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class Feature:
    """One switch. A removed one is accepted and changes nothing."""

    key: str
    stage: Stage
    default: bool = False


_S, _E, _U, _D, _R = Stage.STABLE, Stage.EXPERIMENTAL, Stage.UNDER_DEVELOPMENT, Stage.DEPRECATED, Stage.REMOVED

FEATURES: Sequence[Feature] = (
    Feature("undo", _S),
    Feature("shell_tool", _S, True),
    Feature("unified_exec", _S, True),
    Feature("shell_snapshot", _S, True),
    Feature("js_repl", _U),
    Feature("js_repl_tools_only", _U),
    Feature("web_search_request", _D),
    Feature("web_search_cached", _D),
    Feature("search_tool", _R),
    Feature("codex_git_commit", _U),
    Feature("runtime_metrics", _U),
    Feature("sqlite", _U),
    Feature("memory_tool", _U),
    Feature("child_agents_md", _U),
    Feature("apply_patch_freeform", _U),
    Feature("use_linux_sandbox_bwrap", _E),
    Feature("request_rule", _R),
    Feature("experimental_windows_sandbox", _R),
    Feature("elevated_windows_sandbox", _R),
    Feature("remote_models", _R),
    Feature("powershell_utf8", _U),
    Feature("enable_request_compression", _S, True),
    Feature("multi_agent", _E),
    Feature("apps", _E),
    Feature("apps_mcp_gateway", _U),
    Feature("skill_mcp_dependency_install", _S, True),
    Feature("skill_env_var_dependency_prompt", _U),
    Feature("steer", _S, True),
    Feature("collaboration_modes", _S, True),
    Feature("personality", _S, True),
    Feature("prevent_idle_sleep", _U),
    Feature("responses_websockets", _U),
    Feature("responses_websockets_v2", _U),
)

ALIASES: Mapping[str, str] = {
    "connectors": "apps",
    "enable_experimental_windows_sandbox": "experimental_windows_sandbox",
    "experimental_use_unified_exec_tool": "unified_exec",
    "experimental_use_freeform_apply_patch": "apply_patch_freeform",
    "include_apply_patch_tool": "apply_patch_freeform",
    "web_search": "web_search_request",
    "collab": "multi_agent",
}
"""Older keys and what they are called now."""

_BY_KEY = {feature.key: feature for feature in FEATURES}


@dataclass(frozen=True, slots=True)
class Features:
    """Which features are on, and which older keys were used to say so."""

    on: frozenset[str]
    aliases_used: Sequence[str] = field(default=())

    def enabled(self, key: str) -> bool:
        """Tell whether the feature is on.

        Raises:
            KeyError: there is no such feature.
        """
        return _BY_KEY[key].key in self.on


def is_known(key: str) -> bool:
    """Tell whether ``key`` names a feature, by its present or an older name."""
    return key in _BY_KEY or key in ALIASES


def resolve_features(*settings: Mapping[str, bool | None]) -> Features:
    """Return the features after the defaults and then each of ``settings`` were applied, in order.

    Values of ``None`` set nothing; keys that are not known are noted in the log.
    """
    on = {feature.key for feature in FEATURES if feature.default}
    used: dict[str, None] = {}
    for keys in settings:
        for key, value in keys.items():
            name = ALIASES.get(key, key)
            if value is None:
                continue
            if name not in _BY_KEY:
                _log.warning("there is no feature %r", key)
                continue
            if key in ALIASES:
                used[key] = None
            (on.add if value else on.discard)(name)
    return Features(frozenset(on), tuple(used))
