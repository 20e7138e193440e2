"""Where each declaration stands in the exported trees: the layout that existing clients read."""

from pathlib import PurePosixPath
from typing import Final

from agent_protocol.schema.declaration import Named

BUNDLE: Final = "codex_app_server_protocol.schemas.json"
BUNDLE_TITLE: Final = "CodexAppServerProtocol"

_UNVERSIONED_MODULES: Final = frozenset({"approval", "tool", "search"})
_TYPESCRIPT_ROOT: Final = frozenset(
    {
        "AbsolutePathBuf",
        "AuthMode",
        "ClientInfo",
        "CollaborationMode",
        "CollaborationModeMask",
        "ForcedLoginMethod",
        "FunctionCallOutputBody",
        "InitializeCapabilities",
        "InitializeParams",
        "InitializeResponse",
        "InputModality",
        "ModeKind",
        "Personality",
        "PlanType",
        "ReasoningEffort",
        "ReasoningSummary",
        "RequestId",
        "Resource",
        "ResourceTemplate",
        "Settings",
        "SubAgentSource",
        "ThreadId",
        "Tool",
        "Verbosity",
        "WebSearchMode",
    }
)


def json_file(name: Named) -> PurePosixPath:
    """The file of an exported type."""
    folder = "v1" if name.module == "initialize" else "" if _is_unversioned(name) else "v2"
    return PurePosixPath(folder, f"{name.name}.json")


def bundle_path(name: Named) -> PurePosixPath:
    """The place of a declaration below ``definitions`` of the bundle."""
    is_root = _is_unversioned(name) or _is_model_item(name) or name.module in ("initialize", "ids")
    return PurePosixPath(name.name) if is_root else PurePosixPath("v2", name.name)


def typescript_file(name: Named) -> PurePosixPath:
    """The file of a declaration, without its ending."""
    is_root = name.name in _TYPESCRIPT_ROOT or name.module == "search" or _is_model_item(name)
    return PurePosixPath(name.name) if is_root else PurePosixPath("v2", name.name)


def message_title(method: str, suffix: str) -> str:
    """The title of a message in a union: only the first letter of the wire name is raised."""
    return f"{method[:1].upper()}{method[1:]}{suffix}"


def _is_unversioned(name: Named) -> bool:
    return name.module in _UNVERSIONED_MODULES or name.name.startswith("ChatgptAuthTokensRefresh")


def _is_model_item(name: Named) -> bool:
    return name.module == "response_item" and name.name != "RawResponseItemCompletedNotification"
