"""Pages of short lists."""

from collections.abc import Sequence
from typing import TypeVar

from agent_protocol.errors import InvalidRequest

T = TypeVar("T")


def page_limit(limit: int | None, total: int) -> int:
    """Return how many entries a page holds: all without a limit, and never none."""
    return total if limit is None else max(limit, 1)


def offset_page(entries: Sequence[T], cursor: str | None, limit: int | None) -> tuple[Sequence[T], str | None]:
    """Return the page at ``cursor``, a decimal offset, and the cursor of the next one; ``None`` on the last page.

    Nothing is listed of nothing, whatever the cursor. Raises ``InvalidRequest`` for one that is no offset or
    lies beyond the end.
    """
    if not entries:
        return (), None
    start = 0 if cursor is None else _offset(cursor)
    if start > len(entries):
        raise InvalidRequest(f"cursor {start} exceeds total {len(entries)}")
    end = min(start + page_limit(limit, len(entries)), len(entries))
    return entries[start:end], str(end) if end < len(entries) else None


def _offset(cursor: str) -> int:
    digits = cursor.removeprefix("+")
    if not (digits.isascii() and digits.isdigit()):
        raise InvalidRequest(f"invalid cursor: {cursor}")
    return int(digits)
