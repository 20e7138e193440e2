"""What can be wrong with a login."""

from pathlib import Path

from agent_core.errors import AgentError, UsageError


class AuthError(AgentError):
    """Base of all failures to find out who is logged in."""


class AuthFileInvalid(AuthError):
    """The stored login cannot be read, or does not have its form."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} cannot be used: {reason}; log in again or remove the file")


class TokenInvalid(AuthError):
    """A token is no JSON web token."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the token of the login cannot be used: {reason}")


class AccountUnknown(AuthError, UsageError):
    """A ChatGPT login does not tell whose it is. ``missing`` names what its token lacks."""

    def __init__(self, origin: str, missing: str) -> None:
        self.origin = origin
        self.missing = missing
        super().__init__(f"the ChatGPT login in {origin} does not tell its {missing}; log in again")
