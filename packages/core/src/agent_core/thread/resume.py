"""What a record tells about the thread that goes on from it."""

from collections.abc import Sequence

from agent_protocol.rollout.event import TokenCountEvent
from agent_protocol.rollout.line import RolloutLine, TurnContext
from agent_protocol.rollout.usage import TokenUsageInfo


def recorded_model(lines: Sequence[RolloutLine]) -> str | None:
    """Return the model of the last recorded turn."""
    return next((line.item.model for line in reversed(lines) if isinstance(line.item, TurnContext)), None)


def recorded_usage(lines: Sequence[RolloutLine]) -> TokenUsageInfo | None:
    """Return the newest token account that is not empty."""
    for line in reversed(lines):
        if isinstance(line.item, TokenCountEvent) and line.item.info is not None:
            return line.item.info
    return None
