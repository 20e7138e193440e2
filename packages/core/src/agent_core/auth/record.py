"""The file a login is kept in."""

from pathlib import Path
from typing import Literal

import msgspec
from agent_protocol.wire import Record
from msgspec import UNSET, UnsetType

from agent_core.auth.errors import AuthFileInvalid

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

    @property
    def is_api_key(self) -> bool:
        """Whether this is an API key login; where the mode is not told, a key makes it one."""
        return self.auth_mode == "apikey" if self.auth_mode else bool(self.api_key)


def read_record(home: Path) -> AuthRecord | None:
    """Return the stored login, ``None`` if there is none. Blocks while reading.

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
