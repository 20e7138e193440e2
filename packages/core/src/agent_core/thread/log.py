"""The event log of one thread: number, stamp, hand to the recorder, then to whoever watches."""

from collections import deque
from collections.abc import Callable
from typing import Protocol

from agent_protocol.rollout.event import EventMsg

from agent_core.face import LoggedEvent
from agent_core.seams import Clock

HELD_EVENTS = 1024
"""How many early events wait for the first sink; older ones are dropped first."""

Sink = Callable[[LoggedEvent], None]


class EventRecorder(Protocol):
    """Where durable lines go."""

    def event(self, event: LoggedEvent) -> None:
        """Buffer what must be kept of ``event``; never blocks."""
        ...

    async def flush(self) -> None:
        """Return when everything buffered so far is in the file."""
        ...


class EventLog:
    """Append-only and synchronous; sinks see events in order, each once, and must not raise or block."""

    def __init__(self, clock: Clock, recorder: EventRecorder) -> None:
        self._clock = clock
        self._recorder = recorder
        self._sinks: list[Sink] = []
        self._seq = 0
        self._waiting: deque[tuple[LoggedEvent, Callable[[], None] | None]] = deque()
        """Recorded and not yet shown, each with what to do just before."""
        self._holds = 0
        self._showing = False
        self._early: deque[LoggedEvent] | None = deque(maxlen=HELD_EVENTS)

    def attach(self, sink: Sink) -> Callable[[], None]:
        """Hand every later event to ``sink``; call the result to stop.

        The first sink also gets what was appended before it came.
        """
        self._sinks.append(sink)
        early, self._early = self._early, None
        for event in early or ():
            sink(event)

        def detach() -> None:
            if sink in self._sinks:
                self._sinks.remove(sink)

        return detach

    def append(self, turn_id: str, msg: EventMsg) -> None:
        """Number and stamp ``msg``, record it, show it to the sinks."""
        self._record(turn_id, msg, None)
        self._show()

    def tell(self, turn_id: str, msg: EventMsg) -> None:
        """As ``append``, but only for those who watch: the record does not get it."""
        self._waiting.append((self._stamped(turn_id, msg), None))
        self._show()

    async def append_durable(self, turn_id: str, msg: EventMsg, announce: Callable[[], None] | None = None) -> None:
        """As ``append``, but the sinks see the event only once it is in the file; ``announce`` is called just before.

        Events appended meanwhile wait behind it, so order is kept.

        Raises:
            RolloutWriteError: it is not in the file yet. The sinks have seen it all the same.
        """
        self._record(turn_id, msg, announce)
        self._holds += 1
        try:
            await self._recorder.flush()
        finally:
            self._holds -= 1
            self._show()

    def _record(self, turn_id: str, msg: EventMsg, announce: Callable[[], None] | None) -> None:
        event = self._stamped(turn_id, msg)
        self._recorder.event(event)
        self._waiting.append((event, announce))

    def _stamped(self, turn_id: str, msg: EventMsg) -> LoggedEvent:
        self._seq += 1
        return LoggedEvent(self._seq, int(self._clock.now().timestamp() * 1000), turn_id, msg)

    def _show(self) -> None:
        """Show what waits, unless a hold is on. A sink may append: what it adds waits its turn."""
        if self._showing:
            return
        self._showing = True
        try:
            while self._waiting and not self._holds:
                event, announce = self._waiting.popleft()
                try:
                    if announce is not None:
                        announce()
                finally:
                    if self._early is not None:
                        self._early.append(event)
                    for sink in tuple(self._sinks):
                        sink(event)
        finally:
            self._showing = False
