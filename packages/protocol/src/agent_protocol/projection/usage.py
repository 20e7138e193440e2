"""Token usage and rate limits, from the core's form to the protocol's."""

import math

from agent_protocol.rollout.usage import RateLimitSnapshot, RateLimitWindow, TokenUsage, TokenUsageInfo
from agent_protocol.v2 import account, thread


def token_usage(info: TokenUsageInfo) -> thread.ThreadTokenUsage:
    """Return the protocol's form of a thread's usage."""
    return thread.ThreadTokenUsage(
        total=_breakdown(info.total_token_usage),
        last=_breakdown(info.last_token_usage),
        model_context_window=info.model_context_window,
    )


def rate_limits(snapshot: RateLimitSnapshot) -> account.RateLimitSnapshot:
    """Return the protocol's form of a limit bucket; percentages are whole numbers, halves rounded away from zero."""
    credits_left = snapshot.credits
    return account.RateLimitSnapshot(
        limit_id=snapshot.limit_id,
        limit_name=snapshot.limit_name,
        primary=_window(snapshot.primary),
        secondary=_window(snapshot.secondary),
        credits=None
        if credits_left is None
        else account.CreditsSnapshot(
            has_credits=credits_left.has_credits,
            unlimited=credits_left.unlimited,
            balance=credits_left.balance,
        ),
        plan_type=None if snapshot.plan_type is None else _plan_type(snapshot.plan_type),
    )


def _breakdown(usage: TokenUsage) -> thread.TokenUsageBreakdown:
    return thread.TokenUsageBreakdown(
        total_tokens=usage.total_tokens,
        input_tokens=usage.input_tokens,
        cached_input_tokens=usage.cached_input_tokens,
        output_tokens=usage.output_tokens,
        reasoning_output_tokens=usage.reasoning_output_tokens,
    )


def _window(window: RateLimitWindow | None) -> account.RateLimitWindow | None:
    if window is None:
        return None
    return account.RateLimitWindow(
        used_percent=_rounded(window.used_percent),
        window_duration_mins=window.window_minutes,
        resets_at=window.resets_at,
    )


def _rounded(value: float) -> int:
    whole = math.trunc(value)
    if abs(value - whole) < 0.5:
        return whole
    return whole + (1 if value > 0 else -1)


def _plan_type(name: str) -> account.PlanType:
    try:
        return account.PlanType(name)
    except ValueError:
        return account.PlanType.UNKNOWN
