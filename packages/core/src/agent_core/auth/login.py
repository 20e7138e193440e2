"""Finds the login of a home."""

from collections.abc import Mapping
from pathlib import Path

from agent_core.auth.credential import ApiKeyAuth, ChatgptAuth
from agent_core.auth.errors import AuthFileInvalid, TokenInvalid
from agent_core.auth.record import FILE_NAME, Tokens, read_record
from agent_core.auth.token import Claims, read_claims
from agent_core.model.credential import OPENAI_KEY_VARIABLE


def find_login(home: Path, environ: Mapping[str, str]) -> ApiKeyAuth | ChatgptAuth | None:
    """Return the login stored in ``home``, else the environment's key, else ``None``. Blocks while reading.

    The stored one counts first: who logged in here did so on purpose.

    Raises:
        AuthFileInvalid: the stored login is there and cannot be used.
    """
    path = home / FILE_NAME
    record = read_record(home)
    if record and record.is_api_key and record.api_key and record.api_key.strip():
        return ApiKeyAuth(record.api_key.strip(), str(path))
    if record and not record.is_api_key and record.tokens:
        return _chatgpt(record.tokens, path)
    key = environ.get(OPENAI_KEY_VARIABLE, "").strip()
    return ApiKeyAuth(key, OPENAI_KEY_VARIABLE) if key else None


def _chatgpt(tokens: Tokens, path: Path) -> ChatgptAuth:
    try:
        claims = read_claims(tokens.id_token) if tokens.id_token else Claims()
    except TokenInvalid as error:
        raise AuthFileInvalid(path, f"its id_token cannot be read, {error.reason}") from error
    return ChatgptAuth(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        account_id=tokens.account_id or claims.account_id,
        email=claims.email,
        plan_type=claims.plan,
        origin=str(path),
    )
