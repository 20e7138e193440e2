"""Token usage and rate limits, as ``token_count`` events carry them."""

from agent_protocol.wire import Record


class TokenUsage(Record, frozen=True, kw_only=True):
    """Tokens of one response or of a whole thread."""

    input_tokens: int = 0
    cached_input_tokens: int = 0
    output_tokens: int = 0
    reasoning_output_tokens: int = 0
    total_tokens: int = 0


class TokenUsageInfo(Record, frozen=True, kw_only=True):
    """Usage so far, usage of the last response, and the effective context window in tokens."""

    total_token_usage: TokenUsage
    last_token_usage: TokenUsage
    model_context_window: int | None = None


class RateLimitWindow(Record, frozen=True, kw_only=True):
    """One window of a limit; ``resets_at`` is in Unix seconds."""

    used_percent: float
    window_minutes: int | None = None
    resets_at: int | None = None


class CreditsSnapshot(Record, frozen=True, kw_only=True):
    """Credits of the account, when the backend says so."""

    has_credits: bool
    unlimited: bool
    balance: str | None = None


class RateLimitSnapshot(Record, frozen=True, kw_only=True):
    """One limit bucket; every member is always written."""

    limit_id: str | None = None
    limit_name: str | None = None
    primary: RateLimitWindow | None = None
    secondary: RateLimitWindow | None = None
    credits: CreditsSnapshot | None = None
    plan_type: str | None = None
