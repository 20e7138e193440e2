"""What carries frames between a client and a server."""

from collections.abc import Sequence
from typing import Protocol

from agent_protocol.framing import OversizedFrame


class Transport(Protocol):
    """One end of a connection. A frame is one JSON message without a line end.

    One task sends and one task receives; ``aclose`` may be called by any task and ends both.
    """

    async def send(self, frames: Sequence[bytes]) -> None:
        """Hand over all frames, in order, waiting for the other side as long as it must.

        Raises ``ConnectionLost`` when the other side is gone.
        """
        ...

    async def receive(self) -> Sequence[bytes | OversizedFrame]:
        """Wait for at least one frame and return what is there.

        Raises ``ConnectionLost`` when no more will come; its reason says why.
        """
        ...

    async def aclose(self) -> None:
        """End the connection and free what it holds; harmless when called again."""
        ...
