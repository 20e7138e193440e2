"""The three ways to be logged in, each with just what it needs."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias

from agent_core.auth.token import Claims


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiKeyAuth:
    """An API key. ``origin`` says in words where it came from."""

    api_key: str = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatgptAuth:
    """A ChatGPT login whose tokens we keep."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    account_id: str | None
    claims: Claims
    """Of the id token."""
    last_refresh: datetime | None
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalChatgptAuth:
    """A ChatGPT login whose tokens belong to the client, which also renews them. Held in memory only."""

    access_token: str = field(repr=False)
    account_id: str
    plan: str | None
    claims: Claims
    """Of the access token."""


Auth: TypeAlias = ApiKeyAuth | ChatgptAuth | ExternalChatgptAuth
