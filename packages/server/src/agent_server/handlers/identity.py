"""Ids as clients write them."""

from agent_protocol.errors import InvalidRequest
from agent_protocol.ids import canonical_uuid


def thread_id(text: str) -> str:
    """Return the canonical form of a thread id in any spelling of a UUID. Raises ``InvalidRequest``."""
    try:
        return canonical_uuid(text)
    except ValueError as error:
        raise InvalidRequest(f"invalid thread id: {error}") from error
