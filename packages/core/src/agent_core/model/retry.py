"""How long to wait before trying again, and what to tell about it."""

from agent_core.model.errors import ModelError
from agent_core.seams import Randomness

_FIRST_DELAY = 0.2
_MAX_DOUBLINGS = 16


def backoff(attempt: int, randomness: Randomness) -> float:
    """Return the seconds before retry number ``attempt``, counted from 1: doubling, with a tenth of jitter."""
    return _FIRST_DELAY * float(2 ** min(attempt - 1, _MAX_DOUBLINGS)) * randomness.uniform(0.9, 1.1)


def stream_backoff(attempt: int, error: ModelError, randomness: Randomness) -> float:
    """Return the seconds before stream retry ``attempt``: the server's wish where it stated one."""
    return backoff(attempt, randomness) if error.retry_after is None else error.retry_after


def reconnecting_text(attempt: int, limit: int) -> str:
    """Return the message of the ``stream_error`` event; clients know it by its start."""
    return f"Reconnecting... {attempt}/{limit}"
