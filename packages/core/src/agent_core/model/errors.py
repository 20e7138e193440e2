"""Why a model did not answer. Each error carries its facts and what may be done about it."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from agent_protocol.rollout.error_info import CodexErrorDetail, CodexErrorInfo, HttpFailure
from agent_protocol.rollout.usage import RateLimitSnapshot

from agent_core.errors import AgentError

_SHOWN_CHARS = 1000


@dataclass(kw_only=True, eq=False)
class ModelError(AgentError):
    """Base of all failures of a model request."""

    retryable: ClassVar[bool] = False
    """Whether sending the same request again may help."""

    @property
    def info(self) -> CodexErrorInfo:
        """The failure's class, as events and rollouts carry it."""
        return "other"

    @property
    def status(self) -> int | None:
        """The HTTP status of the answer; ``None`` when there was none or the failure came inside a stream."""
        return None

    @property
    def retry_after(self) -> float | None:
        """Seconds the server asked us to wait before the next attempt."""
        return None


@dataclass(kw_only=True, eq=False)
class CredentialMissing(ModelError):
    """The provider needs a key and none is set."""

    provider: str
    variable: str
    instructions: str | None = None

    def __str__(self) -> str:
        text = f"No API key for model provider {self.provider!r}: set the environment variable {self.variable}."
        return f"{text} {self.instructions}" if self.instructions else text


@dataclass(kw_only=True, eq=False)
class CredentialUnusable(ModelError):
    """The key holds characters that no HTTP header can carry."""

    origin: str

    def __str__(self) -> str:
        return (
            f"The key from {self.origin} holds line breaks, blanks or characters outside ASCII and cannot be sent. "
            "Set it to the bare key."
        )


@dataclass(kw_only=True, eq=False)
class ProviderInvalid(ModelError):
    """A ``model_providers`` entry cannot be used; ``key`` is its dotted path."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"{self.key}: {self.reason}"


@dataclass(kw_only=True, eq=False)
class EndpointInvalid(ModelError):
    """The request cannot even be formed for this address."""

    url: str
    reason: str

    def __str__(self) -> str:
        return (
            f"Cannot send a request to {self.url}: {self.reason}. Check base_url, query_params and the headers "
            "of the model provider."
        )


@dataclass(kw_only=True, eq=False)
class ProxyUnusable(ModelError):
    """The environment names a proxy that cannot be used."""

    reason: str

    def __str__(self) -> str:
        return (
            f"The proxy set in the environment cannot be used: {self.reason}. "
            "Correct or unset HTTP_PROXY, HTTPS_PROXY and ALL_PROXY."
        )


@dataclass(kw_only=True, eq=False)
class ConnectionFailed(ModelError):
    """No answer came: the host is unknown, refuses, is too slow, or fails the TLS check."""

    retryable: ClassVar[bool] = True
    url: str
    reason: str

    @property
    def info(self) -> CodexErrorInfo:
        return CodexErrorDetail(http_connection_failed=HttpFailure(http_status_code=None))

    def __str__(self) -> str:
        text = f"Cannot reach the model server at {self.url}: {self.reason}."
        if "CERTIFICATE_VERIFY_FAILED" in self.reason:
            return f"{text} Set SSL_CERT_FILE to a bundle that holds the server's certificate authority."
        return f"{text} Check the network, the proxy settings and the provider's base_url."


@dataclass(kw_only=True, eq=False)
class UnexpectedStatus(ModelError):
    """The server answered with a status that has no class of its own."""

    retryable: ClassVar[bool] = True
    code: int
    url: str
    message: str
    location: str | None = None
    cf_ray: str | None = None
    request_id: str | None = None
    credential: str | None = None
    """Where the key that was sent came from; ``None`` when none was sent."""

    @property
    def status(self) -> int | None:
        return self.code

    def __str__(self) -> str:
        text = f"The model server answered {status_text(self.code)}: {shortened(self.message)} (url: {self.url}"
        if self.cf_ray is not None:
            text += f", cf-ray: {self.cf_ray}"
        if self.request_id is not None:
            text += f", request id: {self.request_id}"
        return f"{text}).{self._remedy()}"

    def _remedy(self) -> str:
        if self.code in (401, 403):
            if self.credential is None:
                return " No key was sent: set env_key of the model provider, or log in."
            return f" Check the key from {self.credential}."
        if self.code == 404:
            return " Check the provider's base_url and the model's name."
        if self.code == 413:
            return " The conversation or its images are too large for this server."
        if self.location is not None:
            return f" It points to {self.location}; redirects are not followed, so set base_url to the right address."
        return ""


@dataclass(kw_only=True, eq=False)
class InternalServerError(ModelError):
    """The server failed with status 500, repeatedly."""

    retryable: ClassVar[bool] = True
    url: str
    message: str

    @property
    def info(self) -> CodexErrorInfo:
        return "internal_server_error"

    @property
    def status(self) -> int | None:
        return 500

    def __str__(self) -> str:
        return f"The model server at {self.url} failed (500): {shortened(self.message)}. Try again in a while."


@dataclass(kw_only=True, eq=False)
class TooManyRequests(ModelError):
    """The server answered 429 without naming a usage limit."""

    url: str
    message: str

    @property
    def info(self) -> CodexErrorInfo:
        return CodexErrorDetail(response_too_many_failed_attempts=HttpFailure(http_status_code=429))

    @property
    def status(self) -> int | None:
        return 429

    def __str__(self) -> str:
        return (
            f"The model server at {self.url} refuses further requests for now (429 Too Many Requests): "
            f"{shortened(self.message)}. Wait, or check the limits of the account."
        )


@dataclass(kw_only=True, eq=False)
class InvalidRequest(ModelError):
    """The server calls the request itself wrong."""

    message: str
    url: str
    http: bool = True
    """Whether it said so by status 400; otherwise inside the stream."""

    @property
    def status(self) -> int | None:
        return 400 if self.http else None

    def __str__(self) -> str:
        return f"The model server at {self.url} rejected the request: {shortened(self.message)}"


@dataclass(kw_only=True, eq=False)
class InvalidImage(ModelError):
    """The server cannot read an image of the request."""

    url: str

    @property
    def info(self) -> CodexErrorInfo:
        return "bad_request"

    @property
    def status(self) -> int | None:
        return 400

    def __str__(self) -> str:
        return "The model server cannot read an image of the conversation. Send it in another format or leave it out."


@dataclass(kw_only=True, eq=False)
class ContextWindowExceeded(ModelError):
    """The conversation is longer than the model can read."""

    @property
    def info(self) -> CodexErrorInfo:
        return "context_window_exceeded"

    def __str__(self) -> str:
        return "The conversation does not fit into the model's context window. Start a new thread or compact this one."


@dataclass(kw_only=True, eq=False)
class QuotaExceeded(ModelError):
    """The account has no quota left."""

    @property
    def info(self) -> CodexErrorInfo:
        return "usage_limit_exceeded"

    def __str__(self) -> str:
        return "The account's quota is used up. Check its plan and billing."


@dataclass(kw_only=True, eq=False)
class UsageNotIncluded(ModelError):
    """The account's plan does not include this use."""

    code: int | None = None

    @property
    def info(self) -> CodexErrorInfo:
        return "usage_limit_exceeded"

    @property
    def status(self) -> int | None:
        return self.code

    def __str__(self) -> str:
        return "The account's plan does not include this use. Change the plan, or use an API key."


@dataclass(kw_only=True, eq=False)
class UsageLimitReached(ModelError):
    """The plan's usage limit is reached; ``resets_at`` is in Unix seconds."""

    plan_type: str | None = None
    resets_at: int | None = None
    snapshot: RateLimitSnapshot | None = None
    """The bucket that ran out."""
    promo: str | None = None
    """Text the server wants shown."""

    @property
    def info(self) -> CodexErrorInfo:
        return "usage_limit_exceeded"

    @property
    def status(self) -> int | None:
        return 429

    def __str__(self) -> str:
        plan = f" of the {self.plan_type} plan" if self.plan_type else ""
        text = f"The usage limit{plan} is reached."
        if self.resets_at is not None:
            text += f" It resets at {datetime.fromtimestamp(self.resets_at).astimezone():%Y-%m-%d %H:%M}."
        return f"{text} {self.promo}" if self.promo else text


@dataclass(kw_only=True, eq=False)
class ServerOverloaded(ModelError):
    """The server has no capacity for this model."""

    code: int | None = None

    @property
    def info(self) -> CodexErrorInfo:
        return "server_overloaded"

    @property
    def status(self) -> int | None:
        return self.code

    def __str__(self) -> str:
        return "The model server is overloaded. Try again later or choose another model."


@dataclass(kw_only=True, eq=False)
class StreamDisconnected(ModelError):
    """The answer broke off before it was complete."""

    retryable: ClassVar[bool] = True
    url: str
    reason: str

    def __str__(self) -> str:
        return f"The answer of the model server at {self.url} broke off: {self.reason}."


@dataclass(kw_only=True, eq=False)
class ResponseFailed(ModelError):
    """The server reported inside the stream that the answer failed."""

    retryable: ClassVar[bool] = True
    code: str | None
    message: str
    delay: float | None = None
    """Seconds the message asks to wait."""

    @property
    def retry_after(self) -> float | None:
        return self.delay

    def __str__(self) -> str:
        kind = f" ({self.code})" if self.code else ""
        return f"The model server gave up on its answer{kind}: {shortened(self.message)}"


@dataclass(kw_only=True, eq=False)
class ResponseIncomplete(ModelError):
    """The server cut the answer short."""

    retryable: ClassVar[bool] = True
    reason: str

    def __str__(self) -> str:
        return f"The model server cut its answer short: {self.reason}"


def status_text(code: int) -> str:
    """Return the status with its phrase, such as ``404 Not Found``."""
    from http import HTTPStatus

    try:
        return f"{code} {HTTPStatus(code).phrase}"
    except ValueError:
        return str(code)


def shortened(text: str) -> str:
    """Return ``text`` cut to what an error line can hold."""
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
