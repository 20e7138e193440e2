"""Which class serves which methods, and which methods are still to come."""

from collections.abc import Mapping, Sequence
from typing import Final

RESOURCES: Final[Mapping[str, Sequence[str]]] = {
    "agent_server.handlers.initialize:InitializeHandlers": ("initialize",),
    "agent_server.handlers.thread:ThreadHandlers": (
        "thread/start",
        "thread/resume",
        "thread/fork",
        "thread/read",
        "thread/list",
        "thread/loaded/list",
    ),
    "agent_server.handlers.thread_change:ThreadChangeHandlers": (
        "thread/archive",
        "thread/unarchive",
        "thread/rollback",
        "thread/name/set",
    ),
    "agent_server.handlers.turn:TurnHandlers": ("turn/start", "turn/interrupt"),
    "agent_server.handlers.model:ModelHandlers": ("model/list",),
    "agent_server.handlers.config:ConfigHandlers": ("config/read",),
    "agent_server.handlers.account:AccountHandlers": ("account/read",),
    "agent_server.handlers.skill:SkillHandlers": ("skills/list",),
}

DEFERRED: Final[Sequence[str]] = (
    "thread/compact/start",
    "thread/backgroundTerminals/clean",
    "skills/remote/list",
    "skills/remote/export",
    "skills/config/write",
    "app/list",
    "turn/steer",
    "review/start",
    "experimentalFeature/list",
    "collaborationMode/list",
    "mcpServer/oauth/login",
    "config/mcpServer/reload",
    "mcpServerStatus/list",
    "account/login/start",
    "account/login/cancel",
    "account/logout",
    "account/rateLimits/read",
    "feedback/upload",
    "command/exec",
    "config/value/write",
    "config/batchWrite",
    "configRequirements/read",
    "fuzzyFileSearch",
    "fuzzyFileSearch/sessionStart",
    "fuzzyFileSearch/sessionUpdate",
    "fuzzyFileSearch/sessionStop",
)
"""Part of the protocol and not built yet: answered with an error that says so."""
