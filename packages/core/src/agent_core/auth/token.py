"""Claims of the JSON web tokens of a ChatGPT login. Signatures are the server's business and are not checked."""

import base64
import binascii
from dataclasses import dataclass

import msgspec
from agent_protocol.wire import JsonValue

from agent_core.auth.errors import TokenInvalid

_PROFILE = "https://api.openai.com/profile"
_AUTH = "https://api.openai.com/auth"


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a token says about its owner; ``None`` where it says nothing."""

    email: str | None = None
    plan: str | None = None
    """The plan as the token spells it, also one this release does not know."""
    user_id: str | None = None
    account_id: str | None = None


def read_claims(token: str) -> Claims:
    """Return the claims of ``token``.

    Raises:
        TokenInvalid: it is no JSON web token.
    """
    payload = _payload(token)
    auth, profile = _table(payload, _AUTH), _table(payload, _PROFILE)
    return Claims(
        email=_text(payload, "email") or _text(profile, "email"),
        plan=_text(auth, "chatgpt_plan_type"),
        user_id=_text(auth, "chatgpt_user_id") or _text(auth, "user_id"),
        account_id=_text(auth, "chatgpt_account_id"),
    )


def _payload(token: str) -> dict[str, JsonValue]:
    parts = token.split(".")
    if len(parts) != 3 or not all(parts):
        raise TokenInvalid("it does not have three parts")
    try:
        data = base64.b64decode(parts[1] + "=" * (-len(parts[1]) % 4), altchars=b"-_", validate=True)
        return msgspec.json.decode(data, type=dict[str, JsonValue])
    except (binascii.Error, ValueError, msgspec.DecodeError, RecursionError) as error:
        raise TokenInvalid("its middle part is not JSON in base64") from error


def _table(payload: dict[str, JsonValue], name: str) -> dict[str, JsonValue]:
    value = payload.get(name)
    return value if isinstance(value, dict) else {}


def _text(table: dict[str, JsonValue], name: str) -> str | None:
    value = table.get(name)
    return value if isinstance(value, str) and value else None
