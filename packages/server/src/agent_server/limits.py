"""The numbers a server keeps to."""

from agent_protocol.framing import DEFAULT_MAX_FRAME_BYTES
from msgspec import Struct

from agent_server.dispatch import DEFAULT_MAX_UNANSWERED
from agent_server.outbox import DEFAULT_BUDGET_BYTES


class Limits(Struct, frozen=True, kw_only=True):
    """Sizes and times of one server; each connection has its own share."""

    max_frame_bytes: int = DEFAULT_MAX_FRAME_BYTES
    """A longer message is dropped, and refused when its id can be seen."""
    max_unanswered: int = DEFAULT_MAX_UNANSWERED
    """Requests of a connection under way at once; more are refused with ``OVERLOADED``."""
    outbox_bytes: int = DEFAULT_BUDGET_BYTES
    """What may wait for a connection before it is closed."""
    answer_seconds: float = 0.5
    """How long requests already admitted may take when their client has no more to say."""
    end_seconds: float = 1.2
    """How long running turns may take to end in order."""
    drain_seconds: float = 0.2
    """How long what is queued may take to be written at the end."""
