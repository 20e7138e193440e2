"""Where a thread comes from: the record's spelling to the wire's."""

from msgspec import UNSET

from agent_protocol.rollout import source as stored
from agent_protocol.v2 import source as v2

_KINDS = {
    "cli": v2.SessionSourceKind.CLI,
    "vscode": v2.SessionSourceKind.VSCODE,
    "exec": v2.SessionSourceKind.EXEC,
    "mcp": v2.SessionSourceKind.APP_SERVER,
}


def session_source(source: stored.SessionSource) -> v2.SessionSource:
    """Return a stored source as the wire spells it; a kind the wire does not know is ``unknown``."""
    if not isinstance(source, stored.SubagentSource):
        return _KINDS.get(source, v2.SessionSourceKind.UNKNOWN)
    detail = source.subagent
    if not isinstance(detail, stored.SubagentDetail):
        return v2.SubAgentSessionSource(sub_agent=v2.SubAgentSourceKind(detail))
    if detail.thread_spawn is not UNSET:
        spawn = v2.ThreadSpawn(parent_thread_id=detail.thread_spawn.parent_thread_id, depth=detail.thread_spawn.depth)
        return v2.SubAgentSessionSource(sub_agent=v2.SubAgentOrigin(thread_spawn=spawn))
    if detail.other is UNSET:
        return v2.SessionSourceKind.UNKNOWN
    return v2.SubAgentSessionSource(sub_agent=v2.SubAgentOrigin(other=detail.other))
