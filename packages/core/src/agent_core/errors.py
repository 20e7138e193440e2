"""Errors of the core, sorted by who must act."""

from collections.abc import Sequence


class AgentError(Exception):
    """Base of every error the core raises on its own account."""


class UsageError(AgentError):
    """The caller asked for something that does not fit the present state; the caller must act."""


class ThreadNotLoaded(UsageError):
    """No thread of this id is loaded in this process."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"thread not found: {thread_id}")


class ThreadUnknown(UsageError):
    """No thread of this id is loaded in this process or stored under the home."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"thread not loaded: {thread_id}")


class ThreadIdInvalid(UsageError):
    """The text is not a thread id."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"invalid thread id: {thread_id!r} is not a UUID")


class RolloutNotFound(UsageError):
    """No rollout of this thread is stored under the home."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"no rollout found for thread id {thread_id}")


class NameUnknown(UsageError):
    """No thread was given this name; ``near`` are names that resemble it."""

    def __init__(self, name: str, near: Sequence[str]) -> None:
        self.name = name
        self.near = near
        hint = f"; did you mean {', '.join(near)}?" if near else ""
        super().__init__(f"no thread is called {name!r}, and it is no thread id{hint}")


class NotMaterialised(UsageError):
    """The thread has no stored turns yet: its first user message is still to come."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(
            f"thread {thread_id} is not materialized yet; its turns can be read after the first user message"
        )


class EphemeralThread(UsageError):
    """The operation needs a rollout and the thread keeps none."""

    def __init__(self, thread_id: str, operation: str) -> None:
        self.thread_id = thread_id
        self.operation = operation
        super().__init__(f"thread {thread_id} is ephemeral and keeps no rollout, so {operation} is not possible")


class RecordPending(AgentError):
    """The thread will be recorded at ``path``, but nothing was recorded yet."""

    def __init__(self, thread_id: str, path: str) -> None:
        self.thread_id = thread_id
        self.path = path
        super().__init__(f"thread {thread_id} has no record at {path} yet; that comes with its first user message")


class ArchiveNotFound(UsageError):
    """No archived rollout of this thread is stored under the home."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"no archived rollout found for thread id {thread_id}")


class TurnActive(UsageError):
    """A turn runs, and the operation has to wait until it has ended."""

    def __init__(self, thread_id: str, turn_id: str, operation: str) -> None:
        self.thread_id = thread_id
        self.turn_id = turn_id
        self.operation = operation
        super().__init__(f"turn {turn_id} of thread {thread_id} is running; {operation} has to wait for its end")


class RollbackPending(UsageError):
    """An earlier rollback of the thread is not done yet."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"a rollback of thread {thread_id} is already in progress")


class TurnNotActive(UsageError):
    """The thread has no running turn."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"no active turn on thread {thread_id}")


class TurnMismatch(UsageError):
    """The named turn is not the one that runs."""

    def __init__(self, expected: str, active: str) -> None:
        self.expected = expected
        self.active = active
        super().__init__(f"turn {expected} is not active; the active turn is {active}")


class InputInvalid(UsageError):
    """The user input of a turn cannot be used."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class ThreadClosed(UsageError):
    """The thread has ended and takes no more work."""

    def __init__(self, thread_id: str) -> None:
        self.thread_id = thread_id
        super().__init__(f"thread {thread_id} is closed")


class AgentClosed(UsageError):
    """The agent is being closed and takes no more work."""

    def __init__(self) -> None:
        super().__init__("the agent is closed")


class ToolFailure(AgentError):
    """A tool could not do what the model asked; ``text`` becomes the tool's output and the model acts."""

    def __init__(self, text: str) -> None:
        self.text = text
        super().__init__(text)


class ToolPayloadMismatch(AgentError):
    """A tool was called in the wrong form (function or custom); the turn cannot go on."""

    def __init__(self, tool: str, form: str) -> None:
        self.tool = tool
        self.form = form
        super().__init__(f"tool {tool} was called as a {form} tool, a form it does not have")
