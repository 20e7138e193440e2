"""Rate limits as the response headers state them."""

import math
import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec
from agent_protocol.rollout.usage import CreditsSnapshot, RateLimitSnapshot, RateLimitWindow

DEFAULT_LIMIT = "codex"
_BUCKET = re.compile(r"x-(.+)-primary-used-percent")
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


def snapshots(headers: Mapping[str, str]) -> Sequence[RateLimitSnapshot]:
    """Return one snapshot per limit bucket in ``headers`` (names in lower case).

    The default bucket comes first and is always there; the others follow by name, each only if it says something.
    """
    credit = _credits(headers)
    found = [_snapshot(headers, DEFAULT_LIMIT, credit)]
    for bucket in sorted(set(_buckets(headers)) - {DEFAULT_LIMIT}):
        snapshot = _snapshot(headers, bucket, credit)
        if snapshot.primary or snapshot.secondary or snapshot.credits:
            found.append(snapshot)
    return found


def active_snapshot(headers: Mapping[str, str]) -> RateLimitSnapshot:
    """Return the bucket that made the server refuse: the one it names, else the default one."""
    named = headers.get("x-codex-active-limit", "").strip().lower().replace("_", "-")
    return _snapshot(headers, named or DEFAULT_LIMIT, _credits(headers))


def merged(previous: RateLimitSnapshot | None, new: RateLimitSnapshot) -> RateLimitSnapshot:
    """Return ``new`` with what it leaves open: the default bucket's name, and earlier credits and plan."""
    return msgspec.structs.replace(
        new,
        limit_id=new.limit_id or DEFAULT_LIMIT,
        credits=new.credits or (previous.credits if previous else None),
        plan_type=new.plan_type or (previous.plan_type if previous else None),
    )


def _buckets(headers: Mapping[str, str]) -> Iterator[str]:
    for name in headers:
        if match := _BUCKET.fullmatch(name):
            yield match[1]


def _snapshot(headers: Mapping[str, str], bucket: str, credit: CreditsSnapshot | None) -> RateLimitSnapshot:
    prefix = f"x-{bucket}"
    return RateLimitSnapshot(
        limit_id=bucket.replace("-", "_"),
        limit_name=headers.get(f"{prefix}-limit-name", "").strip() or None,
        primary=_window(headers, f"{prefix}-primary"),
        secondary=_window(headers, f"{prefix}-secondary"),
        credits=credit,
    )


def _window(headers: Mapping[str, str], prefix: str) -> RateLimitWindow | None:
    used = _float(headers.get(f"{prefix}-used-percent"))
    if used is None:
        return None
    minutes = _int(headers.get(f"{prefix}-window-minutes"))
    resets_at = _int(headers.get(f"{prefix}-reset-at"))
    if used == 0 and not minutes and resets_at is None:
        return None
    return RateLimitWindow(used_percent=used, window_minutes=minutes, resets_at=resets_at)


def _credits(headers: Mapping[str, str]) -> CreditsSnapshot | None:
    has_credits = _FLAGS.get(headers.get("x-codex-credits-has-credits", "").strip().lower())
    unlimited = _FLAGS.get(headers.get("x-codex-credits-unlimited", "").strip().lower())
    if has_credits is None or unlimited is None:
        return None
    balance = headers.get("x-codex-credits-balance", "").strip() or None
    return CreditsSnapshot(has_credits=has_credits, unlimited=unlimited, balance=balance)


def _float(text: str | None) -> float | None:
    try:
        number = float(text) if text is not None else None
    except ValueError:
        return None
    return number if number is not None and math.isfinite(number) else None


def _int(text: str | None) -> int | None:
    try:
        return int(text) if text is not None else None
    except ValueError:
        return None
