"""What listings filter by: kinds of sources, spellings of a directory."""

from collections.abc import Iterable
from pathlib import PurePath

from agent_protocol.rollout.source import SessionSource, SubagentDetail, SubagentSource
from msgspec import UNSET

from agent_state.store import SourceFilter

_PLAIN: dict[str, SourceFilter] = {
    "cli": "cli",
    "vscode": "vscode",
    "exec": "exec",
    "mcp": "appServer",
    "review": "subAgentReview",
    "compact": "subAgentCompact",
}
_SUBAGENTS: tuple[SourceFilter, ...] = (
    "subAgent",
    "subAgentReview",
    "subAgentCompact",
    "subAgentThreadSpawn",
    "subAgentOther",
)


def kind_of(source: SessionSource) -> SourceFilter:
    """Return the narrowest kind of ``source``; ``subAgent`` for a sub-agent that has none of its own."""
    if not isinstance(source, SubagentSource):
        return _PLAIN.get(source, "unknown")
    if not isinstance(source.subagent, SubagentDetail):
        return _PLAIN.get(source.subagent, "subAgent")
    if source.subagent.thread_spawn is not UNSET:
        return "subAgentThreadSpawn"
    return "subAgent" if source.subagent.other is UNSET else "subAgentOther"


def narrowest(kinds: Iterable[SourceFilter]) -> frozenset[SourceFilter]:
    """Return the narrowest kinds that pass a filter on ``kinds``."""
    wanted = frozenset(kinds)
    return wanted | frozenset(_SUBAGENTS) if "subAgent" in wanted else wanted


def spellings(directory: str) -> frozenset[str]:
    """Return how a directory that is asked for may be recorded: as it is, and without superfluous slashes."""
    return frozenset((directory, str(PurePath(directory))))
