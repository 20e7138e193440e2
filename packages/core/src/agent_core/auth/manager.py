"""The one place that knows who is logged in. Changes on disk are seen on ``reload`` only."""

from collections.abc import Mapping
from pathlib import Path

import anyio.to_thread

from agent_core.auth.credential import ApiKeyAuth, Auth
from agent_core.auth.login import find_login
from agent_core.model.credential import OPENAI_KEY_VARIABLE, Credential


class AuthManager:
    """Finds the login of a home when it is first asked, and keeps it."""

    def __init__(self, home: Path, environ: Mapping[str, str]) -> None:
        self._home = home
        self._environ = environ
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
        self._auth = await anyio.to_thread.run_sync(find_login, self._home, self._environ)
        self._is_loaded = True
        return self._auth

    async def credential(self) -> Credential | None:
        """Return what the login lets any provider be sent, ``None`` if there is none.

        A key of the environment is not among it: it must not reach a server it was not made for.

        Raises:
            AuthFileInvalid: the stored login cannot be used.
        """
        auth = await self.auth()
        if auth is None or auth.origin == OPENAI_KEY_VARIABLE:
            return None
        if isinstance(auth, ApiKeyAuth):
            return Credential(token=auth.token, origin=auth.origin)
        return Credential(token=auth.token, origin=auth.origin, chatgpt=True, account_id=auth.account_id)
