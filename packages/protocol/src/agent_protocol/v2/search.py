"""Fuzzy file search: one question, or a session that follows typing."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Since
from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import Params, Uint32
from agent_protocol.wire import Record, Wire


class FuzzyFileSearchParams(Params, frozen=True, kw_only=True):
    """One search. A later one with the same token ends it."""

    query: str
    roots: Sequence[str]
    cancellation_token: str | None = None


class FuzzyFileSearchMatchType(StrEnum):
    """What was found."""

    FILE = "file"
    DIRECTORY = "directory"


class FuzzyFileSearchResult(Record, frozen=True, kw_only=True):
    """One match; ``path`` is relative to ``root``, ``indices`` are the matching characters."""

    root: str
    path: str
    file_name: str
    score: Uint32
    indices: Sequence[Uint32] | None = None
    match_type: Annotated[FuzzyFileSearchMatchType | UnsetType, Since("newer")] = UNSET


class FuzzyFileSearchResponse(Wire, frozen=True, kw_only=True):
    """The best matches first."""

    files: Sequence[FuzzyFileSearchResult]


class FuzzyFileSearchSessionStartParams(Params, frozen=True, kw_only=True):
    """A session to open, under an id the client chooses."""

    session_id: str
    roots: Sequence[str]


class FuzzyFileSearchSessionStartResponse(Wire, frozen=True, kw_only=True):
    """The session is open."""


class FuzzyFileSearchSessionUpdateParams(Params, frozen=True, kw_only=True):
    """The text the user has typed so far."""

    session_id: str
    query: str


class FuzzyFileSearchSessionUpdateResponse(Wire, frozen=True, kw_only=True):
    """The query is taken up."""


class FuzzyFileSearchSessionStopParams(Params, frozen=True, kw_only=True):
    """The session to close."""

    session_id: str


class FuzzyFileSearchSessionStopResponse(Wire, frozen=True, kw_only=True):
    """The session is closed."""


class FuzzyFileSearchSessionUpdatedNotification(Wire, frozen=True, kw_only=True):
    """The matches changed."""

    session_id: str
    query: str
    files: Sequence[FuzzyFileSearchResult]


class FuzzyFileSearchSessionCompletedNotification(Wire, frozen=True, kw_only=True):
    """Everything was looked at."""

    session_id: str


FUZZY_FILE_SEARCH = Method("fuzzyFileSearch", FuzzyFileSearchParams, FuzzyFileSearchResponse, ordered=False)
FUZZY_FILE_SEARCH_SESSION_START = Method(
    "fuzzyFileSearch/sessionStart",
    FuzzyFileSearchSessionStartParams,
    FuzzyFileSearchSessionStartResponse,
    experimental=True,
)
FUZZY_FILE_SEARCH_SESSION_UPDATE = Method(
    "fuzzyFileSearch/sessionUpdate",
    FuzzyFileSearchSessionUpdateParams,
    FuzzyFileSearchSessionUpdateResponse,
    experimental=True,
)
FUZZY_FILE_SEARCH_SESSION_STOP = Method(
    "fuzzyFileSearch/sessionStop",
    FuzzyFileSearchSessionStopParams,
    FuzzyFileSearchSessionStopResponse,
    experimental=True,
)
FUZZY_FILE_SEARCH_SESSION_UPDATED = Notification(
    "fuzzyFileSearch/sessionUpdated", FuzzyFileSearchSessionUpdatedNotification
)
FUZZY_FILE_SEARCH_SESSION_COMPLETED = Notification(
    "fuzzyFileSearch/sessionCompleted", FuzzyFileSearchSessionCompletedNotification
)
