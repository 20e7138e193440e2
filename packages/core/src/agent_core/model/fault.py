"""From what a server says went wrong to the error we raise: the two tables of codes and statuses."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from agent_protocol.wire import JsonValue

from agent_core.model.errors import (
    ContextWindowExceeded,
    InternalServerError,
    InvalidImage,
    InvalidRequest,
    ModelError,
    QuotaExceeded,
    ResponseFailed,
    ServerOverloaded,
    TooManyRequests,
    UnexpectedStatus,
    UsageLimitReached,
    UsageNotIncluded,
)
from agent_core.model.limits import active_snapshot

_OVERLOADED = frozenset({"server_is_overloaded", "slow_down"})
_TRY_AGAIN = re.compile(r"try again in\s*(\d+(?:\.\d+)?)\s*(ms|seconds?|s)\b", re.IGNORECASE)
_BAD_IMAGE = "does not represent a valid image"


@dataclass(frozen=True, kw_only=True, slots=True)
class Refusal:
    """An HTTP answer that is not a stream. Header names are in lower case."""

    status: int
    url: str
    headers: Mapping[str, str]
    body: bytes
    credential: str | None = None
    """Where the key that was sent came from."""


def stream_fault(error: JsonValue, url: str) -> ModelError:
    """Return the error for the ``error`` member of a failed response; anything may stand there."""
    members = error if isinstance(error, dict) else {}
    code = _text(members, "code")
    message = _text(members, "message") or "no reason was given"
    if code == "context_length_exceeded":
        return ContextWindowExceeded()
    if code == "insufficient_quota":
        return QuotaExceeded()
    if code == "usage_not_included":
        return UsageNotIncluded()
    if code == "invalid_prompt":
        return InvalidRequest(message=message, url=url, http=False)
    if code in _OVERLOADED:
        return ServerOverloaded()
    return ResponseFailed(
        code=code, message=message, delay=stated_delay(message) if code == "rate_limit_exceeded" else None
    )


def stated_delay(message: str) -> float | None:
    """Return the seconds a message asks to wait, ``None`` when it asks for none."""
    match = _TRY_AGAIN.search(message)
    if match is None:
        return None
    return float(match[1]) / 1000 if match[2].lower() == "ms" else float(match[1])


def status_fault(refusal: Refusal) -> ModelError:
    """Return the error for an HTTP answer with an error status."""
    error = _error_member(refusal.body)
    text = refusal.body.decode(errors="replace").strip()
    message = _text(error, "message") or text or "the answer has no text"
    if refusal.status == 503 and _text(error, "code") in _OVERLOADED:
        return ServerOverloaded(code=503)
    if refusal.status == 400:
        if _BAD_IMAGE in text:
            return InvalidImage(url=refusal.url)
        return InvalidRequest(message=message, url=refusal.url)
    if refusal.status == 500:
        return InternalServerError(url=refusal.url, message=message)
    if refusal.status == 429:
        return _too_many(refusal, error, message)
    return UnexpectedStatus(
        code=refusal.status,
        url=refusal.url,
        message=message,
        location=refusal.headers.get("location") if 300 <= refusal.status < 400 else None,
        cf_ray=refusal.headers.get("cf-ray"),
        request_id=refusal.headers.get("x-request-id") or refusal.headers.get("x-oai-request-id"),
        credential=refusal.credential,
    )


def _too_many(refusal: Refusal, error: Mapping[str, JsonValue], message: str) -> ModelError:
    kind = _text(error, "type")
    if kind == "usage_not_included":
        return UsageNotIncluded(code=429)
    if kind != "usage_limit_reached":
        return TooManyRequests(url=refusal.url, message=message)
    plan_type = _text(error, "plan_type")
    resets_at = error.get("resets_at")
    return UsageLimitReached(
        plan_type=plan_type,
        resets_at=int(resets_at) if isinstance(resets_at, int | float) else None,
        snapshot=msgspec.structs.replace(active_snapshot(refusal.headers), plan_type=plan_type),
        promo=refusal.headers.get("x-codex-promo-message"),
    )


def _error_member(body: bytes) -> Mapping[str, JsonValue]:
    try:
        answer = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    error = answer.get("error") if isinstance(answer, dict) else None
    return error if isinstance(error, dict) else {}


def _text(members: Mapping[str, JsonValue], name: str) -> str | None:
    value = members.get(name)
    return value if isinstance(value, str) and value else None
