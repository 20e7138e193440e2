"""The place a page of a listing ended at, as the text clients hand back."""

from datetime import UTC, datetime

from agent_state.errors import CursorInvalid
from agent_state.rollout.path import canonical_id, parse_stamp

Anchor = tuple[datetime, str]
"""The sort time of the last thread shown, read as UTC without a zone, and its id."""


def encode_cursor(anchor: Anchor) -> str:
    """Return the cursor text of ``anchor``."""
    time, thread_id = anchor
    return f"{time.isoformat(timespec='seconds')}Z|{thread_id}"


def decode_cursor(cursor: str) -> Anchor:
    """Read a cursor: an RFC 3339 time, or a time as in file names, then ``|`` and a UUID. Fractions are dropped.

    Raises:
        CursorInvalid: it is not of that form.
    """
    time_text, bar, id_text = cursor.partition("|")
    thread_id = canonical_id(id_text)
    time = parse_stamp(time_text) or _rfc3339(time_text)
    if not bar or thread_id is None or time is None:
        raise CursorInvalid(cursor)
    return time, thread_id


def parse_time(text: str) -> datetime | None:
    """Read an RFC 3339 time as UTC, or ``None`` if it is none."""
    try:
        time = datetime.fromisoformat(text)
        return time.astimezone(UTC) if time.tzinfo and "T" in text.upper() else None
    except (ValueError, OverflowError):
        return None


def _rfc3339(text: str) -> datetime | None:
    time = parse_time(text)
    return time.replace(tzinfo=None, microsecond=0) if time else None
