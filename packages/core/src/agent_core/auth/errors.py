"""What can be wrong with stored credentials."""

from pathlib import Path

from agent_core.errors import AgentError


class AuthError(AgentError):
    """Base of all failures to find out who is logged in."""


class AuthFileInvalid(AuthError):
    """The file with the credentials cannot be read or does not have its form."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path} cannot be used: {reason}; log in again to replace it")


class TokenInvalid(AuthError):
    """A token of the login is no JSON web token, or lacks a claim that is needed."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(f"the token of the login cannot be used: {reason}")
