"""Time, identity and chance as parameters, so that a test or a simulation can supply its own."""

import os
import random
import time
import uuid
from datetime import UTC, datetime
from typing import Protocol

import anyio


class Clock(Protocol):
    """Wall time, monotonic time and sleeping."""

    def now(self) -> datetime:
        """Return the wall time, aware, in UTC."""
        ...

    def monotonic(self) -> float:
        """Return seconds from an arbitrary origin that never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Suspend the calling task for ``seconds``."""
        ...


class SystemClock:
    """The clock of the host."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await anyio.sleep(seconds)


class IdSource(Protocol):
    """Fresh identifiers, as lower-case UUID text."""

    def uuid7(self) -> str:
        """Return a time-ordered id: threads and turns."""
        ...

    def uuid4(self) -> str:
        """Return a random id: items the harness makes itself."""
        ...


class SystemIds:
    """Identifiers from the operating system's randomness and the wall clock."""

    def uuid7(self) -> str:
        millis = time.time_ns() // 1_000_000
        value = (millis & (1 << 48) - 1) << 80 | int.from_bytes(os.urandom(10), "big")
        value = value & ~(0xF << 76) | 0x7 << 76
        value = value & ~(0x3 << 62) | 0x2 << 62
        return str(uuid.UUID(int=value))

    def uuid4(self) -> str:
        return str(uuid.uuid4())


class Randomness(Protocol):
    """Numbers that need not be secret: jitter, process ids, chunk ids."""

    def uniform(self, low: float, high: float) -> float:
        """Return a float in ``[low, high]``."""
        ...

    def randrange(self, start: int, stop: int) -> int:
        """Return an int in ``[start, stop)``."""
        ...


def system_randomness() -> Randomness:
    """Return the process-wide source of non-secret randomness."""
    return random.Random()
