"""What the core needs from a thread store; the files under the home are one, a shared database can be another."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

from agent_protocol.rollout.line import GitInfo, RolloutItem, RolloutLine, SessionMeta, TurnContext
from agent_protocol.rollout.source import SessionSource
from agent_protocol.rollout.usage import TokenUsageInfo
from agent_protocol.v2.turn import Turn

SortKey: TypeAlias = Literal["created_at", "updated_at"]
SourceFilter: TypeAlias = Literal[
    "cli",
    "vscode",
    "exec",
    "appServer",
    "subAgent",
    "subAgentReview",
    "subAgentCompact",
    "subAgentThreadSpawn",
    "subAgentOther",
    "unknown",
]
"""A kind of source as ``thread/list`` spells it; ``subAgent`` stands for every sub-agent."""

INTERACTIVE: tuple[SourceFilter, ...] = ("cli", "vscode")
"""What a listing shows unless it is asked for other kinds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewThread:
    """A thread to be created."""

    meta: SessionMeta
    created_at: datetime
    """When it was created, with a time zone; its local time becomes part of the file name."""
    finish_meta: Callable[[SessionMeta], Awaitable[SessionMeta]] | None = None
    """Completes the meta at the moment the file is made (git facts); must be bounded in time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredThread:
    """What is known of a thread from the head of its record."""

    thread_id: str
    path: Path
    preview: str
    """The first thing the user asked, or empty."""
    model_provider: str | None
    created_at: datetime | None
    """From the session meta, in whole seconds; ``None`` when that is not a time."""
    updated_at: datetime
    """Last change of the record, in whole seconds, UTC."""
    cwd: str
    cli_version: str
    source: SessionSource
    git: GitInfo | None
    archived: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredHistory:
    """What a thread goes on from."""

    meta: SessionMeta
    items: Sequence[RolloutItem]
    """The part of the record that leads to the same model-facing history as the whole of it."""
    context: TurnContext | None
    """The settings of the last model call."""
    usage: TokenUsageInfo | None
    """The newest token account that has figures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadQuery:
    """Which threads a listing shows, and which page of them."""

    page_size: int = 25
    cursor: str | None = None
    """The ``next_cursor`` of the page before."""
    sort_key: SortKey = "created_at"
    source_kinds: Sequence[SourceFilter] | None = INTERACTIVE
    """``None`` shows every source."""
    model_providers: Sequence[str] | None = None
    """``None`` or empty shows every provider."""
    default_provider: str = "openai"
    """The provider a record without one counts as."""
    cwd: str | None = None
    """Only threads recorded in exactly this directory."""
    archived: bool = False
    """Show the archived threads instead of the others."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing, newest first."""

    threads: Sequence[StoredThread]
    next_cursor: str | None
    """``None`` on the last page."""
    scanned: int = 0
    """How many records were looked at."""
    capped: bool = False
    """The scan ended at its limit, not at the end of the store."""


class ThreadWriter(Protocol):
    """The one writer of one thread. Lines are kept in order; nothing is lost while a write fails."""

    @property
    def thread_id(self) -> str:
        """Return the id of the thread."""
        ...

    @property
    def path(self) -> Path:
        """Return where the record is, or will be once it is materialised."""
        ...

    @property
    def is_materialised(self) -> bool:
        """Return whether the record exists."""
        ...

    def append(self, items: Sequence[RolloutItem]) -> None:
        """Stamp ``items`` with the present time and buffer them; never blocks.

        Raises:
            WriterClosed: the writer was closed.
        """
        ...

    async def materialise(self) -> None:
        """Create the record and write what is buffered; returns at once when it exists.

        Raises:
            RolloutWriteError: it could not be created; the buffer is kept and this may be tried again.
        """
        ...

    async def flush(self, durable: bool = False) -> None:
        """Return when all lines appended so far are in the record, or still buffered for want of one.

        ``durable`` also waits until the storage device has them.

        Raises:
            RolloutWriteError: they could not be written; they stay buffered and the record is unharmed.
        """
        ...

    async def run(self) -> None:
        """Write lines soon after they were appended, until the writer is closed or the caller is cancelled.

        Belongs into the task group of the thread. Failures are logged here and raised by the next ``flush``.
        """
        ...

    async def aclose(self) -> None:
        """Flush, let go of the thread and end ``run``. May be called more than once.

        Raises:
            RolloutWriteError: the last lines could not be written; the thread is let go all the same.
        """
        ...


class ThreadStore(Protocol):
    """All stored threads. Ids are UUID text in any accepted spelling."""

    async def run(self) -> None:
        """Look after what the store keeps beside the records, until :meth:`aclose`.

        Belongs into the task group of whoever opened the store. Without it the store works, if slower.
        """
        ...

    async def aclose(self) -> None:
        """Bring what is kept beside the records to its end and end :meth:`run`. May be called more than once."""
        ...

    def create(self, new: NewThread) -> ThreadWriter:
        """Return the writer of a new thread; its path is known at once and nothing is stored until it is asked to."""
        ...

    async def open(self, path: Path) -> ThreadWriter:
        """Return a writer that appends to the record at ``path``, after mending a torn last line.

        Raises:
            RolloutMissing: there is no such record.
            RolloutInvalid: it is no record of a thread.
            ThreadLocked: somebody else writes it.
            RolloutWriteError: it cannot be opened for writing.
        """
        ...

    async def fork(self, new: NewThread, source: Path) -> ThreadWriter:
        """Return the writer of a new thread whose record is there at once and begins as a copy of ``source``.

        It holds the new meta, then every readable line of the source, its own meta included, stamped anew. The
        source may be written meanwhile.

        Raises:
            RolloutMissing, RolloutReadError: the source cannot be read.
            RolloutWriteError: the copy cannot be written; nothing is left of it.
        """
        ...

    async def meta(self, path: Path) -> SessionMeta:
        """Return whose record it is: its first session meta; raises as ``load`` does."""
        ...

    async def load(self, path: Path) -> list[RolloutLine]:
        """Return all lines that can be read, in order.

        Raises:
            RolloutMissing: there is no such record.
            RolloutInvalid: it is empty, or has no session meta.
            RolloutReadError: it cannot be read.
        """
        ...

    async def history(self, path: Path) -> StoredHistory:
        """Return what the thread recorded at ``path`` goes on from; raises as ``load`` does."""
        ...

    async def turns(self, path: Path, running_turn_id: str | None = None) -> Sequence[Turn]:
        """Return the turns of the thread, oldest first; ``running_turn_id`` is the one that is in progress.

        Raises as ``load`` does.
        """
        ...

    async def find(self, thread_id: str, archived: bool = False) -> Path | None:
        """Return where the thread is recorded, or ``None``."""
        ...

    async def archive(self, path: Path) -> Path:
        """Put the record at ``path`` away and return where it is now; it keeps its name and what it says.

        Raises:
            RolloutMissing: there is no such record.
            RolloutInvalid: it is no record of this store.
            ThreadLocked: somebody writes it.
            RolloutWriteError: it cannot be moved.
        """
        ...

    async def unarchive(self, path: Path) -> Path:
        """Bring an archived record back to its day, as changed just now; raises as ``archive`` does."""
        ...

    async def list(self, query: ThreadQuery) -> Page:
        """Return one page of threads that have a user message.

        Raises:
            CursorInvalid: the query's cursor is not one.
        """
        ...

    async def summary(self, path: Path) -> StoredThread:
        """Return what the head of one record tells; raises as ``load`` does."""
        ...

    async def rename(self, thread_id: str, name: str) -> None:
        """Give the thread a name; the newest name counts.

        Raises:
            RolloutWriteError: the name could not be stored.
        """
        ...

    async def names(self, thread_ids: Sequence[str]) -> Mapping[str, str]:
        """Return the names of those threads that have one, by id in canonical form."""
        ...

    async def find_named(self, name: str) -> str | None:
        """Return the id of the thread that was given exactly this name last, or ``None``."""
        ...

    async def known_names(self, limit: int = 1_000) -> Sequence[str]:
        """Return the names that were given last, newest first and each once."""
        ...
