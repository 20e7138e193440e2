"""Time, identity and chance that tests decide."""

from datetime import UTC, datetime, timedelta

import anyio.lowlevel

_START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class ManualClock:
    """A clock that moves only when somebody sleeps, and then at once. ``sleeps`` holds what was asked for."""

    def __init__(self, start: datetime = _START) -> None:
        self.sleeps: list[float] = []
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._elapsed)

    def monotonic(self) -> float:
        return self._elapsed

    def advance(self, seconds: float) -> None:
        """Let ``seconds`` pass."""
        self._elapsed += seconds

    async def sleep(self, seconds: float) -> None:
        self.sleeps.append(seconds)
        self.advance(seconds)
        await anyio.lowlevel.checkpoint()


class CountingIds:
    """Ids that count up, in the shape of UUIDs: version 7 and version 4 each on their own."""

    def __init__(self) -> None:
        self._counts = {7: 0, 4: 0}

    def uuid7(self) -> str:
        return self._next(7)

    def uuid4(self) -> str:
        return self._next(4)

    def _next(self, version: int) -> str:
        self._counts[version] += 1
        return f"00000000-0000-{version}000-8000-{self._counts[version]:012x}"


class NoRandomness:
    """The middle of every range, and its lowest whole number."""

    def uniform(self, low: float, high: float) -> float:
        return (low + high) / 2

    def randrange(self, start: int, stop: int) -> int:
        return start
