"""Which key a request carries, and where it came from."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from agent_core.model.errors import CredentialMissing, CredentialUnusable
from agent_core.model.providers import ModelProvider

OPENAI_KEY_VARIABLE = "OPENAI_API_KEY"
_TOKEN = re.compile(r"[\x21-\x7e]+")


@dataclass(frozen=True, kw_only=True, slots=True)
class Credential:
    """A bearer token. ``origin`` names its source in words, for messages; the token itself is never shown."""

    token: str = field(repr=False)
    origin: str
    chatgpt: bool = False
    """Whether it belongs to a ChatGPT login rather than an API key."""
    account_id: str | None = None


StoredCredential: TypeAlias = Callable[[], Awaitable[Credential | None]]
"""Gives the credential of the login, ``None`` when nobody is logged in. Asked before every request."""


async def no_login() -> Credential | None:
    """Stand for a home where nobody is logged in."""
    return None


async def resolve_credential(
    provider: ModelProvider, environ: Mapping[str, str], stored: StoredCredential = no_login
) -> Credential | None:
    """Return what to send to ``provider``: the variable it names, else its own token, else the login.

    The built-in provider falls back on ``OPENAI_API_KEY``. ``None`` means that the provider wants no key.

    Raises:
        CredentialMissing: the provider needs a key and none is set; the error names the variable.
        CredentialUnusable: the key cannot be sent as a header.
    """
    found = _own_credential(provider, environ) or await stored()
    if found is None and provider.requires_openai_auth:
        found = _from_variable(provider, environ, OPENAI_KEY_VARIABLE)
    if found is not None and not _TOKEN.fullmatch(found.token):
        raise CredentialUnusable(origin=found.origin)
    return found


def _own_credential(provider: ModelProvider, environ: Mapping[str, str]) -> Credential | None:
    if provider.env_key is not None:
        return _from_variable(provider, environ, provider.env_key)
    if provider.experimental_bearer_token is not None:
        origin = f"model_providers.{provider.id}.experimental_bearer_token"
        return Credential(token=provider.experimental_bearer_token.strip(), origin=origin)
    return None


def _from_variable(provider: ModelProvider, environ: Mapping[str, str], variable: str) -> Credential:
    token = environ.get(variable, "").strip()
    if not token:
        raise CredentialMissing(provider=provider.id, variable=variable, instructions=provider.env_key_instructions)
    return Credential(token=token, origin=f"the environment variable {variable}")
