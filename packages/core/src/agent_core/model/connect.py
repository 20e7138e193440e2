"""From a provider to the client that talks to it."""

from collections.abc import Mapping
from pathlib import Path

from agent_core.model.client import ModelClient
from agent_core.model.credential import OPENAI_KEY_VARIABLE, StoredCredential, no_login
from agent_core.model.providers import ModelProvider


def connect(
    provider: ModelProvider,
    *,
    environ: Mapping[str, str],
    headers: Mapping[str, str],
    stored: StoredCredential = no_login,
    record: Path | None = None,
) -> ModelClient:
    """Return a client for ``provider``; ``record`` names a cassette to write. Nothing is opened yet.

    Raises:
        ReplayUnset: the provider answers from a recording, and none is named.
    """
    client = _client(provider, environ, headers, stored)
    if record is None:
        return client
    from agent_core.model.placeholder import Placeholders, host_places
    from agent_core.model.recording import RecordingClient

    return RecordingClient(client, record, Placeholders(host_places(environ), configured_secrets(provider, environ)))


def configured_secrets(provider: ModelProvider, environ: Mapping[str, str]) -> list[str]:
    """Return the values that ``provider`` sends as secrets: they must never be stored."""
    variables = [OPENAI_KEY_VARIABLE, *provider.env_http_headers.values()]
    if provider.env_key is not None:
        variables.append(provider.env_key)
    values = [environ.get(variable, "").strip() for variable in variables]
    return [value for value in [*values, provider.experimental_bearer_token or ""] if value]


def _client(
    provider: ModelProvider, environ: Mapping[str, str], headers: Mapping[str, str], stored: StoredCredential
) -> ModelClient:
    if not provider.is_replay:
        from agent_core.model.responses import ResponsesClient

        return ResponsesClient(provider, headers=headers, stored=stored, environ=environ)
    from agent_core.model.placeholder import host_places
    from agent_core.model.replay import ReplayClient, ReplayUnset

    if provider.cassette is None:
        raise ReplayUnset
    return ReplayClient(Path(provider.cassette), host_places(environ))
