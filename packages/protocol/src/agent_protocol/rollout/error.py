"""Errors of reading rollout data."""

import re

_BYTE = re.compile(r"\(byte (\d+)\)")


class RecordError(ValueError):
    """Stored or received JSON is not what it must be.

    ``reason`` says what is wrong; ``offset`` is the byte where reading stopped, counted from the start of the data.
    """

    def __init__(self, reason: str, offset: int) -> None:
        super().__init__(f"{reason} (at byte {offset})")
        self.reason = reason
        self.offset = offset


class RolloutLineError(RecordError):
    """A line is not JSON, or lacks the envelope of timestamp, type and payload."""


def stopped_at(message: str, length: int) -> int:
    """Return the byte a decoder's message names, else ``length``: the data ended too early."""
    found = _BYTE.search(message)
    return int(found[1]) if found else length
