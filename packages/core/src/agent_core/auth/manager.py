"""The one place that knows who is logged in. Changes on disk are seen on ``reload`` only."""

from collections.abc import Mapping
from pathlib import Path

import anyio.to_thread

from agent_core.auth.login import ApiKeyAuth, Auth, ChatgptAuth
from agent_core.auth.record import FILE_NAME, login_of, read_record
from agent_core.model.credential import OPENAI_KEY_VARIABLE, Credential

ENVIRONMENT_ORIGIN = f"the environment variable {OPENAI_KEY_VARIABLE}"


class AuthManager:
    """Finds the login of a home when it is first asked, and keeps it.

    A stored login counts before ``OPENAI_API_KEY``: who logged in here did so on purpose.
    """

    def __init__(self, home: Path, env: Mapping[str, str]) -> None:
        self._home = home
        self._env = env
        self._auth: Auth | None = None
        self._is_loaded = False

    async def auth(self) -> Auth | None:
        """Return the login, ``None`` if nobody is logged in.

        Raises:
            AuthFileInvalid: the stored login cannot be used.
        """
        return self._auth if self._is_loaded else await self.reload()

    async def reload(self) -> Auth | None:
        """Read the login again and return it; raises as ``auth`` does."""
        self._auth = await anyio.to_thread.run_sync(find_login, self._home, self._env)
        self._is_loaded = True
        return self._auth

    async def credential(self) -> Credential | None:
        """Return what the stored login signs requests with, ``None`` without one.

        The key of the environment is no login: it is for the built-in provider alone, which finds it there.

        Raises:
            AuthFileInvalid: the stored login cannot be used.
        """
        auth = await self.auth()
        match auth:
            case None:
                return None
            case ApiKeyAuth(origin=origin) if origin == ENVIRONMENT_ORIGIN:
                return None
            case ApiKeyAuth():
                return Credential(token=auth.api_key, origin=auth.origin)
            case ChatgptAuth():
                return Credential(token=auth.access_token, origin=auth.origin, chatgpt=True, account_id=auth.account_id)
            case _:
                return Credential(
                    token=auth.access_token, origin="the client", chatgpt=True, account_id=auth.account_id
                )


def find_login(home: Path, env: Mapping[str, str]) -> ApiKeyAuth | ChatgptAuth | None:
    """Return the login stored in ``home``, else the key in the environment. Blocks while reading.

    Raises:
        AuthFileInvalid: the stored login cannot be used.
    """
    record = read_record(home)
    stored = login_of(record, home / FILE_NAME) if record else None
    key = env.get(OPENAI_KEY_VARIABLE, "").strip()
    if stored or not key:
        return stored
    return ApiKeyAuth(api_key=key, origin=ENVIRONMENT_ORIGIN)
