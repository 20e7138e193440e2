"""The file a login is kept in."""

from datetime import datetime
from pathlib import Path
from typing import Literal

import msgspec
from agent_protocol.wire import Record
from msgspec import UNSET, UnsetType

from agent_core.auth.errors import AuthFileInvalid, TokenInvalid
from agent_core.auth.login import ApiKeyAuth, ChatgptAuth
from agent_core.auth.token import Claims, read_claims

FILE_NAME = "auth.json"


class Tokens(Record, frozen=True, kw_only=True):
    """The tokens of a ChatGPT login."""

    id_token: str = ""
    access_token: str
    refresh_token: str = ""
    account_id: str | None = None


class AuthRecord(Record, frozen=True, kw_only=True):
    """What the file holds. The key is always written, the rest where it is known."""

    auth_mode: Literal["apikey", "chatgpt", "chatgptAuthTokens"] | UnsetType | None = UNSET
    api_key: str | None = msgspec.field(name="OPENAI_API_KEY", default=None)
    tokens: Tokens | UnsetType | None = UNSET
    last_refresh: str | UnsetType | None = UNSET


def read_record(home: Path) -> AuthRecord | None:
    """Return the stored login, ``None`` if there is none.

    Raises:
        AuthFileInvalid: the file cannot be read, or is not of its form.
    """
    path = home / FILE_NAME
    try:
        return msgspec.json.decode(path.read_bytes(), type=AuthRecord)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise AuthFileInvalid(path, error.strerror or str(error)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise AuthFileInvalid(path, str(error)) from error


def login_of(record: AuthRecord, path: Path) -> ApiKeyAuth | ChatgptAuth | None:
    """Return the login a record stands for, ``None`` if it stands for none.

    Without ``auth_mode`` a key counts as an API key login, and tokens as a ChatGPT login otherwise.

    Raises:
        AuthFileInvalid: a token of the login cannot be read.
    """
    key = (record.api_key or "").strip()
    mode = record.auth_mode or ("apikey" if key else "chatgpt")
    if mode == "apikey":
        return ApiKeyAuth(api_key=key, origin=str(path)) if key else None
    if not record.tokens:
        return None
    tokens = record.tokens
    try:
        claims = read_claims(tokens.id_token) if tokens.id_token else Claims()
    except TokenInvalid as error:
        raise AuthFileInvalid(path, error.reason) from error
    return ChatgptAuth(
        access_token=tokens.access_token,
        refresh_token=tokens.refresh_token,
        account_id=tokens.account_id or claims.account_id,
        claims=claims,
        last_refresh=_time(record.last_refresh or None),
        origin=str(path),
    )


def _time(text: str | None) -> datetime | None:
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
