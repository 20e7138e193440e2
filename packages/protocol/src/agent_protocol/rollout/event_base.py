"""The base of all event structs."""

import re

from agent_protocol.wire import Record

_WORD = re.compile(r"(?<!^)(?=[A-Z])")


def event_type(class_name: str) -> str:
    """Return the wire type of an event class: ``TaskStartedEvent`` is ``task_started``."""
    return _WORD.sub("_", class_name.removesuffix("Event")).lower()


class Event(Record, frozen=True, kw_only=True, tag_field="type", tag=event_type):
    """One thing that happened in a thread; the wire type is derived from the class name."""


class Duration(Record, frozen=True, kw_only=True):
    """A length of time."""

    secs: int = 0
    nanos: int = 0

    @classmethod
    def from_seconds(cls, seconds: float) -> "Duration":
        """Return the duration nearest to ``seconds``; negative lengths become zero."""
        nanos = max(0, round(seconds * 1_000_000_000))
        return cls(secs=nanos // 1_000_000_000, nanos=nanos % 1_000_000_000)

    @property
    def millis(self) -> int:
        """Whole milliseconds, rounded down."""
        return self.secs * 1000 + self.nanos // 1_000_000
