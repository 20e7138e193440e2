"""The headers of a model request."""

from collections.abc import Mapping

from agent_core.model.credential import Credential
from agent_core.model.errors import ProviderInvalid
from agent_core.model.providers import ModelProvider, is_header_value
from agent_core.model.request import ModelRequest

TURN_STATE = "x-codex-turn-state"
TURN_METADATA = "x-codex-turn-metadata"


def request_headers(
    request: ModelRequest,
    provider: ModelProvider,
    credential: Credential | None,
    *,
    defaults: Mapping[str, str],
    environ: Mapping[str, str],
) -> dict[str, str]:
    """Return the headers to send, names in lower case; where two sources name the same one, the more particular wins.
    Of ``defaults``, which a client may have named, what no header can carry is left out.

    Raises:
        ProviderInvalid: a variable of ``env_http_headers`` holds what no header can carry.
    """
    headers = {"accept": "text/event-stream", "accept-encoding": "identity", "content-type": "application/json"}
    headers |= _lowered({name: value for name, value in defaults.items() if is_header_value(value)})
    headers |= _lowered(provider.http_headers) | _lowered(_from_environment(provider, environ))
    headers["session_id"] = request.thread_id
    if request.turn_metadata is not None and is_header_value(request.turn_metadata):
        headers[TURN_METADATA] = request.turn_metadata
    if request.turn_state.token is not None:
        headers[TURN_STATE] = request.turn_state.token
    if request.subagent is not None:
        headers["x-openai-subagent"] = request.subagent
    if credential is not None:
        headers["authorization"] = f"Bearer {credential.token}"
        if credential.chatgpt and credential.account_id:
            headers["chatgpt-account-id"] = credential.account_id
    return headers


def _lowered(headers: Mapping[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _from_environment(provider: ModelProvider, environ: Mapping[str, str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, variable in provider.env_http_headers.items():
        value = environ.get(variable, "").strip()
        if value and not is_header_value(value):
            key = f"model_providers.{provider.id}.env_http_headers.{name}"
            raise ProviderInvalid(key=key, reason=f"the variable {variable} holds what no header can carry")
        if value:
            found[name] = value
    return found
