"""Logging in and out, who is logged in, and how much of the account's limits is used."""

from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar, TypeAlias, cast

from agent_protocol.registry import Method, Notification, ServerRequest
from agent_protocol.v2.common import Int32, Int64, Params
from agent_protocol.wire import Wire


class ApiKeyLoginAccountParams(Params, frozen=True, kw_only=True, tag="apiKey"):
    """Log in with an API key."""

    api_key: str


class ChatgptLoginAccountParams(Params, frozen=True, kw_only=True, tag="chatgpt"):
    """Log in with ChatGPT in a browser."""


class ChatgptAuthTokensLoginAccountParams(Params, frozen=True, kw_only=True, tag="chatgptAuthTokens"):
    """Log in with tokens the client owns and refreshes.

    ``chatgpt_plan_type`` defaults to the plan the token names.
    """

    __experimental__: ClassVar[str] = "account/login/start.chatgptAuthTokens"

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


LoginAccountParams: TypeAlias = (
    ApiKeyLoginAccountParams | ChatgptLoginAccountParams | ChatgptAuthTokensLoginAccountParams
)
"""How to log in."""


class ApiKeyLoginAccountResponse(Wire, frozen=True, kw_only=True, tag="apiKey"):
    """The API key is stored."""


class ChatgptLoginAccountResponse(Wire, frozen=True, kw_only=True, tag="chatgpt"):
    """A browser login waits at ``auth_url``; ``login_id`` cancels it."""

    login_id: str
    auth_url: str


class ChatgptAuthTokensLoginAccountResponse(Wire, frozen=True, kw_only=True, tag="chatgptAuthTokens"):
    """The tokens are in use, for as long as this process lives."""


LoginAccountResponse: TypeAlias = (
    ApiKeyLoginAccountResponse | ChatgptLoginAccountResponse | ChatgptAuthTokensLoginAccountResponse
)
"""How far the login got; the variant matches the one asked for."""


class CancelLoginAccountParams(Params, frozen=True, kw_only=True):
    """Which pending browser login to give up."""

    login_id: str


class CancelLoginAccountStatus(StrEnum):
    """Whether there was such a login."""

    CANCELED = "canceled"
    NOT_FOUND = "notFound"


class CancelLoginAccountResponse(Wire, frozen=True, kw_only=True):
    """What became of the pending login."""

    status: CancelLoginAccountStatus


class LogoutAccountResponse(Wire, frozen=True, kw_only=True):
    """The stored credentials are gone."""


class RateLimitWindow(Wire, frozen=True, kw_only=True):
    """One window of a rate limit. ``used_percent`` is 0 to 100, ``resets_at`` in Unix seconds."""

    used_percent: Int32
    window_duration_mins: Int64 | None = None
    resets_at: Int64 | None = None


class CreditsSnapshot(Wire, frozen=True, kw_only=True):
    """Paid credits on top of the limits."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


class PlanType(StrEnum):
    """The ChatGPT plan; a plan this release does not know is read as ``unknown``."""

    FREE = "free"
    GO = "go"
    PLUS = "plus"
    PRO = "pro"
    TEAM = "team"
    BUSINESS = "business"
    ENTERPRISE = "enterprise"
    EDU = "edu"
    UNKNOWN = "unknown"

    @classmethod
    def _missing_(cls, value: object) -> "PlanType":
        return cls.UNKNOWN


class RateLimitSnapshot(Wire, frozen=True, kw_only=True):
    """One rate limit as the backend last reported it."""

    limit_id: str | None = None
    limit_name: str | None = None
    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    credits: CreditsSnapshot | None = None
    plan_type: PlanType | None = None


class GetAccountRateLimitsResponse(Wire, frozen=True, kw_only=True):
    """The main rate limit, and every limit by its id."""

    rate_limits: RateLimitSnapshot
    rate_limits_by_limit_id: Mapping[str, RateLimitSnapshot] | None = None


class GetAccountParams(Params, frozen=True, kw_only=True):
    """Whether to refresh the token first."""

    refresh_token: bool = False


class ApiKeyAccount(Wire, frozen=True, kw_only=True, tag="apiKey"):
    """Logged in with an API key."""


class ChatgptAccount(Wire, frozen=True, kw_only=True, tag="chatgpt"):
    """Logged in with ChatGPT."""

    email: str
    plan_type: PlanType


Account: TypeAlias = ApiKeyAccount | ChatgptAccount
"""Who is logged in."""


class GetAccountResponse(Wire, frozen=True, kw_only=True):
    """Who is logged in, and whether the model provider needs a login at all."""

    account: Account | None = None
    requires_openai_auth: bool


class AuthMode(StrEnum):
    """How requests to the model are authenticated."""

    API_KEY = "apikey"
    CHATGPT = "chatgpt"
    CHATGPT_AUTH_TOKENS = "chatgptAuthTokens"


class AccountUpdatedNotification(Wire, frozen=True, kw_only=True):
    """The authentication changed; null means nobody is logged in."""

    auth_mode: AuthMode | None = None


class AccountRateLimitsUpdatedNotification(Wire, frozen=True, kw_only=True):
    """The backend reported new numbers for one limit."""

    rate_limits: RateLimitSnapshot


class AccountLoginCompletedNotification(Wire, frozen=True, kw_only=True):
    """A login ended. ``login_id`` is null for a login that needed no browser."""

    login_id: str | None = None
    success: bool
    error: str | None = None


class ChatgptAuthTokensRefreshReason(StrEnum):
    """Why new tokens are needed."""

    UNAUTHORIZED = "unauthorized"


class ChatgptAuthTokensRefreshParams(Wire, frozen=True, kw_only=True):
    """The client's tokens were refused; the client owns them and is asked for new ones."""

    reason: ChatgptAuthTokensRefreshReason
    previous_account_id: str | None = None


class ChatgptAuthTokensRefreshResponse(Wire, frozen=True, kw_only=True):
    """The new tokens."""

    access_token: str
    chatgpt_account_id: str
    chatgpt_plan_type: str | None = None


ACCOUNT_LOGIN_START: Method[LoginAccountParams, LoginAccountResponse] = Method(
    "account/login/start",
    cast("type[LoginAccountParams]", LoginAccountParams),
    cast("type[LoginAccountResponse]", LoginAccountResponse),
)
ACCOUNT_LOGIN_CANCEL = Method("account/login/cancel", CancelLoginAccountParams, CancelLoginAccountResponse)
ACCOUNT_LOGOUT: Method[None, LogoutAccountResponse] = Method("account/logout", None, LogoutAccountResponse)
ACCOUNT_RATE_LIMITS_READ: Method[None, GetAccountRateLimitsResponse] = Method(
    "account/rateLimits/read", None, GetAccountRateLimitsResponse
)
ACCOUNT_READ = Method("account/read", GetAccountParams, GetAccountResponse)
ACCOUNT_UPDATED = Notification("account/updated", AccountUpdatedNotification)
ACCOUNT_RATE_LIMITS_UPDATED = Notification("account/rateLimits/updated", AccountRateLimitsUpdatedNotification)
ACCOUNT_LOGIN_COMPLETED = Notification("account/login/completed", AccountLoginCompletedNotification)
ACCOUNT_CHATGPT_AUTH_TOKENS_REFRESH = ServerRequest(
    "account/chatgptAuthTokens/refresh", ChatgptAuthTokensRefreshParams, ChatgptAuthTokensRefreshResponse
)
