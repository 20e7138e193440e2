"""What the turn asks of a model, whoever answers: a server, a recording, or a script."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from agent_core.model.event import ModelEvent
from agent_core.model.request import ModelRequest


class ModelClient(Protocol):
    """Sends requests to one provider. Owns connections: close it with :meth:`aclose`."""

    def open(self, request: ModelRequest) -> AbstractAsyncContextManager[AsyncIterator[ModelEvent]]:
        """Send ``request``; inside the block its answer can be iterated, once.

        Entering waits for the response to begin; leaving early drops the rest of it. Iteration ends after
        :class:`~agent_core.model.event.Completed`.

        Raises:
            ModelError: on entering when the request is refused or nobody can be reached, while iterating when the
                answer breaks off or reports a failure.
        """
        ...

    async def prepare(self) -> None:
        """Load what the first request needs. Optional: it moves that cost, not its failures, to an earlier moment."""
        ...

    async def aclose(self) -> None:
        """Close the connections. Answers still being read break off."""
        ...
