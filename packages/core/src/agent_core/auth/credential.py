"""The ways to be logged in, each with just what it needs."""

from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class ApiKeyAuth:
    """A key of the API. ``origin`` is the file it is stored in, or the name of the environment variable."""

    token: str = field(repr=False)
    origin: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChatgptAuth:
    """A ChatGPT login that is stored here; its tokens are used as they are and not renewed."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False, default="")
    account_id: str | None
    email: str | None
    plan_type: str | None
    """As the token spells it, also a plan this release does not know."""
    origin: str

    @property
    def token(self) -> str:
        """What signs a request."""
        return self.access_token


@dataclass(frozen=True, slots=True, kw_only=True)
class ExternalChatgptAuth:
    """A ChatGPT login of the client's, which also renews it. Held in memory only."""

    access_token: str = field(repr=False)
    account_id: str
    email: str | None
    plan_type: str | None
    origin: str = "the client"

    @property
    def token(self) -> str:
        """What signs a request."""
        return self.access_token


Auth: TypeAlias = ApiKeyAuth | ChatgptAuth | ExternalChatgptAuth
