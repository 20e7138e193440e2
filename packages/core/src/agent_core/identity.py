"""Under which name this process speaks to model servers."""

from collections.abc import Mapping

from agent_protocol.version import VERSION

from agent_core.model.identity import user_agent

OVERRIDE_VARIABLE = "CODEX_INTERNAL_ORIGINATOR_OVERRIDE"


class Identity:
    """The originator and the client that connected last. The first client names the originator for good."""

    def __init__(self, originator: str, environ: Mapping[str, str]) -> None:
        self._default = originator
        self._environ = environ
        self._given: str | None = None
        self._client: str | None = None

    @property
    def originator(self) -> str:
        """The program on whose behalf requests are made."""
        return self._environ.get(OVERRIDE_VARIABLE) or self._given or self._default

    @property
    def user_agent(self) -> str:
        """The user agent text, with the newest client as its suffix."""
        return user_agent(self.originator, VERSION, self._environ, self._client)

    def introduce(self, client_name: str, client_version: str) -> str:
        """Note who connected and return the user agent text."""
        self._given = self._given or client_name
        self._client = f"{client_name}; {client_version}"
        return self.user_agent
