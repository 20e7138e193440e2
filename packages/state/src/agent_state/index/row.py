"""A row of the index: what one rollout file told when it was read last."""

from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias, get_args

import msgspec
from agent_protocol.rollout.line import GitInfo
from agent_protocol.rollout.source import SessionSource, SourceKind, SubagentSource
from msgspec import UNSET

from agent_state.filter import kind_of, narrowest, spellings
from agent_state.rollout.path import ARCHIVED, SESSIONS, parse_path
from agent_state.store import SortKey, SourceFilter, StoredThread, ThreadQuery

_PLAIN: dict[str, SourceKind] = {kind: kind for kind in get_args(SourceKind)}

Place: TypeAlias = tuple[int, str]
"""Where a thread stands in a listing: the seconds it is sorted by, and its id."""


class FileFacts(msgspec.Struct, frozen=True):
    """What tells cheaply that a file has changed."""

    mtime_ns: int
    size_bytes: int


class ThreadRow(msgspec.Struct, frozen=True, kw_only=True, array_like=True):
    """What is known of one rollout file. Times are in seconds since the epoch where the name does not say otherwise."""

    path: str
    """Below the home, parts joined by ``/``: the home may move and its index with it."""
    id: str
    stamp: int
    """The local time in the file's name, read as UTC: what listings by creation are sorted by."""
    mtime_ns: int = -1
    size_bytes: int = -1
    read_bytes: int = 0
    """Up to where the file was read; the end of a line."""
    created_at: int | None = None
    """From the session meta; ``None`` when that is not a time."""
    source: str | None = None
    """As JSON, a plain one without quotes; ``None`` while no session meta was found."""
    model_provider: str | None = None
    cwd: str = ""
    """Where the thread was begun."""
    cli_version: str = ""
    git_sha: str | None = None
    git_branch: str | None = None
    git_origin_url: str | None = None
    first_user_message: str | None = None
    tokens_used: int = 0
    last_cwd: str | None = None
    """Where the last turn ran, under which approval policy and, as JSON, which sandbox policy."""
    approval_mode: str | None = None
    sandbox_policy: str | None = None
    archived_at: int | None = None

    @property
    def facts(self) -> FileFacts:
        """What the file looked like when it was read."""
        return FileFacts(self.mtime_ns, self.size_bytes)

    @property
    def updated_at(self) -> int:
        """Last change of the file."""
        return self.mtime_ns // 1_000_000_000

    @property
    def archived(self) -> bool:
        """Whether the file lies among the archived ones."""
        return is_archived(self.path)

    @property
    def listed(self) -> bool:
        """Whether listings show it: it has a session meta and a user message."""
        return self.source is not None and self.first_user_message is not None

    @property
    def kind(self) -> SourceFilter | None:
        """The kind of its source, ``None`` while no session meta was found."""
        return None if self.source is None else kind_of(decode_source(self.source))

    def place(self, key: SortKey) -> Place:
        """Return where it stands in a listing by ``key``."""
        return (self.updated_at if key == "updated_at" else self.stamp), self.id

    def stored(self, home: Path) -> StoredThread:
        """Return the thread as a store shows it. The row must have a source."""
        git = (self.git_sha, self.git_branch, self.git_origin_url)
        return StoredThread(
            thread_id=self.id,
            path=Path(f"{home}/{self.path}"),
            preview=self.first_user_message or "",
            model_provider=self.model_provider,
            created_at=None if self.created_at is None else datetime.fromtimestamp(self.created_at, UTC),
            updated_at=datetime.fromtimestamp(self.updated_at, UTC),
            cwd=self.cwd,
            cli_version=self.cli_version,
            source=decode_source(self.source or "unknown"),
            git=None if git == (None, None, None) else _git(*git),
            archived=self.archived,
        )


def blank_row(path: str) -> ThreadRow | None:
    """Return the row of a file that was not read yet, or ``None`` if it is not named as rollouts are."""
    named = parse_path(Path(path))
    if named is None:
        return None
    return ThreadRow(path=path, id=named.thread_id, stamp=int(named.stamp.replace(tzinfo=UTC).timestamp()))


def below_home(home: Path, path: Path) -> str | None:
    """Return ``path`` as rows have it, or ``None`` if it lies outside the folders of rollouts."""
    if not path.is_relative_to(home):
        try:
            home, path = home.resolve(), path.resolve()
        except (OSError, RuntimeError):
            return None
        if not path.is_relative_to(home):
            return None
    parts = path.relative_to(home).parts
    return "/".join(parts) if parts and parts[0] in (SESSIONS, ARCHIVED) else None


def is_archived(path: str) -> bool:
    """Tell whether a row's path is one of the archived files."""
    return path.startswith(ARCHIVED + "/")


def encode_source(source: SessionSource) -> str:
    """Return a source as rows have it."""
    return source if isinstance(source, str) else msgspec.json.encode(source).decode()


def decode_source(text: str) -> SessionSource:
    """Read a row's source; what is none is ``unknown``."""
    if text in _PLAIN:
        return _PLAIN[text]
    try:
        return msgspec.json.decode(text, type=SubagentSource)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "unknown"


def is_asked_for(row: ThreadRow, query: ThreadQuery) -> bool:
    """Tell whether the row passes all of the query's filters."""
    if not row.listed or row.archived != query.archived:
        return False
    if query.source_kinds is not None and row.kind not in narrowest(query.source_kinds):
        return False
    if query.model_providers and (row.model_provider or query.default_provider) not in query.model_providers:
        return False
    return query.cwd is None or row.cwd in spellings(query.cwd)


def _git(sha: str | None, branch: str | None, origin_url: str | None) -> GitInfo:
    return GitInfo(
        commit_hash=UNSET if sha is None else sha,
        branch=UNSET if branch is None else branch,
        repository_url=UNSET if origin_url is None else origin_url,
    )
