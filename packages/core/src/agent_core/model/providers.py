"""Who answers model requests: the built-in providers and those of the configuration."""

import re
from collections.abc import Mapping
from typing import Annotated

import msgspec
from agent_protocol.wire import JsonValue, Record

from agent_core.model.errors import ProviderInvalid

REPLAY = "replay"
REPLAY_FILE_VARIABLE = "AGENT_REPLAY_FILE"
DEFAULT_BASE_URL = "https://api.openai.com/v1"
CHATGPT_BASE_URL = "https://chatgpt.com/backend-api/codex"

_MAX_RETRIES = 100
_AZURE_MARKS = (
    "openai.azure.",
    "cognitiveservices.azure.",
    "aoai.azure.",
    "azure-api.",
    "azurefd.",
    "windows.net/openai",
)
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_HEADER_VALUE = re.compile(r"[\x20-\x7e\t]*")
_AT = re.compile(r"(?P<reason>.*) - at `\$\.?(?P<path>.*)`")

_Count = Annotated[int, msgspec.Meta(ge=0)]


class ModelProvider(Record, frozen=True, kw_only=True):
    """One provider: its address, its credentials, and how patient to be with it."""

    id: str
    name: str
    base_url: str | None = None
    """Without ``/responses``. ``None`` stands for the default service."""
    env_key: str | None = None
    """The environment variable that holds the key."""
    env_key_instructions: str | None = None
    """Where to get a key, told when the variable is not set."""
    experimental_bearer_token: str | None = None
    wire_api: str = "responses"
    query_params: dict[str, str] = msgspec.field(default_factory=dict)
    http_headers: dict[str, str] = msgspec.field(default_factory=dict)
    env_http_headers: dict[str, str] = msgspec.field(default_factory=dict)
    """Header name to the environment variable that holds its value."""
    request_max_retries: _Count = 4
    """How often one HTTP request is sent again."""
    stream_max_retries: _Count = 5
    """How often a step of a turn is tried again after its answer broke off."""
    stream_idle_timeout_ms: Annotated[int, msgspec.Meta(gt=0)] = 300_000
    """How long a stream may say nothing."""
    requires_openai_auth: bool = False
    """Whether the stored login, or ``OPENAI_API_KEY``, is the credential."""
    supports_websockets: bool = False
    cassette: str | None = None
    """A recording to answer from, in place of any server."""

    def __repr__(self) -> str:
        return f"ModelProvider(id={self.id!r}, name={self.name!r}, base_url={self.base_url!r})"

    @property
    def request_retries(self) -> int:
        """``request_max_retries`` within its bound."""
        return min(self.request_max_retries, _MAX_RETRIES)

    @property
    def stream_retries(self) -> int:
        """``stream_max_retries`` within its bound."""
        return min(self.stream_max_retries, _MAX_RETRIES)

    @property
    def is_replay(self) -> bool:
        """Whether a recording answers."""
        return self.id == REPLAY or self.cassette is not None

    def address(self, *, chatgpt: bool = False) -> str:
        """Return the base URL; ``chatgpt`` says that a ChatGPT login is the credential."""
        return (self.base_url or (CHATGPT_BASE_URL if chatgpt else DEFAULT_BASE_URL)).rstrip("/")

    def is_azure(self, *, chatgpt: bool = False) -> bool:
        """Whether the endpoint follows the Azure rules: answers are stored and item ids are sent back."""
        address = self.address(chatgpt=chatgpt).lower()
        return self.name.lower() == "azure" or any(mark in address for mark in _AZURE_MARKS)


def built_in_providers(environ: Mapping[str, str], version: str) -> dict[str, ModelProvider]:
    """Return the providers that exist without configuration, by id. ``version`` is this program's."""
    openai = ModelProvider(
        id="openai",
        name="OpenAI",
        base_url=environ.get("OPENAI_BASE_URL", "").strip() or None,
        http_headers={"version": version},
        env_http_headers={"OpenAI-Organization": "OPENAI_ORGANIZATION", "OpenAI-Project": "OPENAI_PROJECT"},
        requires_openai_auth=True,
        supports_websockets=True,
    )
    replay = ModelProvider(id=REPLAY, name="Replay", cassette=environ.get(REPLAY_FILE_VARIABLE) or None)
    local = [_local_provider(name, port, environ) for name, port in (("ollama", 11434), ("lmstudio", 1234))]
    return {provider.id: provider for provider in (openai, *local, replay)}


def providers(
    configured: Mapping[str, JsonValue], environ: Mapping[str, str], version: str
) -> dict[str, ModelProvider]:
    """Return the built-in providers and those of the ``model_providers`` table; a built-in id cannot be taken.

    Raises:
        ProviderInvalid: an entry is not usable.
    """
    known = built_in_providers(environ, version)
    return {name: provider_from_table(name, table) for name, table in configured.items() if name not in known} | known


def select_provider(known: Mapping[str, ModelProvider], provider_id: str) -> ModelProvider:
    """Return the provider with this id.

    Raises:
        ProviderInvalid: there is none.
    """
    if provider_id in known:
        return known[provider_id]
    if provider_id == "ollama-chat":
        reason = "this provider no longer exists; use 'ollama', which speaks the Responses API"
    else:
        reason = f"no model provider {provider_id!r}; known are {', '.join(sorted(known))}"
    raise ProviderInvalid(key="model_provider", reason=reason)


def provider_from_table(provider_id: str, table: JsonValue) -> ModelProvider:
    """Return the provider that one entry of the ``model_providers`` table describes.

    Raises:
        ProviderInvalid: a member is missing, of the wrong type, or asks for what does not exist.
    """
    where = f"model_providers.{provider_id}"
    if not isinstance(table, dict):
        raise ProviderInvalid(key=where, reason="must be a table")
    try:
        provider = msgspec.convert({**table, "id": provider_id}, ModelProvider)
    except msgspec.ValidationError as error:
        match = _AT.fullmatch(str(error))
        key = f"{where}.{match['path']}" if match else where
        raise ProviderInvalid(key=key, reason=match["reason"] if match else str(error)) from error
    if provider.wire_api != "responses":
        raise ProviderInvalid(key=f"{where}.wire_api", reason=_wire_api_reason(provider.wire_api))
    for header, value in provider.http_headers.items():
        if not _HEADER_NAME.fullmatch(header) or not _HEADER_VALUE.fullmatch(value):
            raise ProviderInvalid(key=f"{where}.http_headers.{header}", reason="not a valid HTTP header")
    return provider


def is_header_value(text: str) -> bool:
    """Whether ``text`` can be sent as the value of a header."""
    return _HEADER_VALUE.fullmatch(text) is not None


def _local_provider(name: str, port: int, environ: Mapping[str, str]) -> ModelProvider:
    given = environ.get("AGENT_OSS_PORT", "").strip()
    address = f"http://localhost:{given if given.isdecimal() else port}/v1"
    return ModelProvider(id=name, name="gpt-oss", base_url=environ.get("AGENT_OSS_BASE_URL", "").strip() or address)


def _wire_api_reason(wire_api: str) -> str:
    if wire_api == "chat":
        return (
            "the Chat Completions API is not spoken yet: it cannot carry reasoning and freeform tools. "
            'Set wire_api = "responses"; most servers offer that API beside the older one'
        )
    return f'{wire_api!r} is not a known API; only "responses" is'
