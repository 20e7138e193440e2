from collections.abc import Sequence

import anyio
import msgspec
import pytest
from agent_core.model.errors import (
    ConnectionFailed,
    ContextWindowExceeded,
    CredentialMissing,
    EndpointInvalid,
    InternalServerError,
    InvalidImage,
    InvalidRequest,
    ModelError,
    QuotaExceeded,
    ResponseFailed,
    ResponseIncomplete,
    ServerOverloaded,
    StreamDisconnected,
    TooManyRequests,
    UnexpectedStatus,
    UsageLimitReached,
    UsageNotIncluded,
)
from agent_core.model.event import ModelEvent
from agent_core.model.providers import ModelProvider
from agent_core.model.request import ModelRequest
from agent_core.model.responses import ResponsesClient
from agent_core.testing.answer import answer, created, failed, incomplete, message
from agent_core.testing.seam import ManualClock, NoRandomness
from agent_core.testing.server import HangUp, Refuse, ScriptedServer, Step, Stream
from agent_protocol.rollout.error_info import CodexErrorDetail, CodexErrorInfo, HttpFailure
from agent_protocol.rollout.response_item import InputTextPart, MessageItem
from agent_protocol.rollout.usage import RateLimitWindow
from agent_protocol.wire import JsonValue

REQUEST = ModelRequest(
    thread_id="thread-1",
    turn_id="turn-1",
    model="m",
    instructions="i",
    input=(MessageItem(role="user", content=(InputTextPart(text="hi"),)),),
)
TOO_MANY = CodexErrorDetail(response_too_many_failed_attempts=HttpFailure(http_status_code=429))
UNREACHABLE = CodexErrorDetail(http_connection_failed=HttpFailure(http_status_code=None))


class Asked:
    def __init__(self) -> None:
        self.error: ModelError | None = None
        self.events: list[ModelEvent] = []
        self.requests = 0
        self.url = ""
        self.clock = ManualClock()


async def ask(script: Sequence[Step], *, environ: dict[str, str] | None = None, **fields: JsonValue) -> Asked:
    asked = Asked()
    async with ScriptedServer(script) as server:
        plain = ModelProvider(id="p", name="P", base_url=server.url, request_max_retries=0)
        provider = msgspec.structs.replace(plain, **fields)
        model = ResponsesClient(
            provider, headers={}, environ=environ or {}, clock=asked.clock, randomness=NoRandomness()
        )
        try:
            async with model.open(REQUEST) as events:
                async for event in events:
                    asked.events.append(event)
        except ModelError as error:
            asked.error = error
        finally:
            await model.aclose()
        asked.requests = len(server.requests)
        asked.url = f"{server.url}/responses"
    return asked


def error_body(**members: JsonValue) -> JsonValue:
    return {"error": {"message": "it says why", **members}}


STATUSES: list[tuple[int, JsonValue, type[ModelError], CodexErrorInfo, bool]] = [
    (400, error_body(), InvalidRequest, "other", False),
    (400, error_body(message="x does not represent a valid image. y"), InvalidImage, "bad_request", False),
    (401, error_body(), UnexpectedStatus, "other", True),
    (403, b"forbidden", UnexpectedStatus, "other", True),
    (404, error_body(), UnexpectedStatus, "other", True),
    (413, b"", UnexpectedStatus, "other", True),
    (307, b"", UnexpectedStatus, "other", True),
    (429, error_body(type="usage_limit_reached"), UsageLimitReached, "usage_limit_exceeded", False),
    (429, error_body(type="usage_not_included"), UsageNotIncluded, "usage_limit_exceeded", False),
    (429, error_body(type="other"), TooManyRequests, TOO_MANY, False),
    (429, b"<html>", TooManyRequests, TOO_MANY, False),
    (500, error_body(), InternalServerError, "internal_server_error", True),
    (502, b"\xff\xfe", UnexpectedStatus, "other", True),
    (503, error_body(code="server_is_overloaded"), ServerOverloaded, "server_overloaded", False),
    (503, error_body(code="slow_down"), ServerOverloaded, "server_overloaded", False),
    (503, error_body(), UnexpectedStatus, "other", True),
    (599, [1], UnexpectedStatus, "other", True),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("status", "body", "kind", "info", "retryable"), STATUSES)
async def test_each_status_has_its_error(
    status: int, body: JsonValue, kind: type[ModelError], info: CodexErrorInfo, retryable: bool
) -> None:
    asked = await ask([Refuse(status=status, body=body)])
    assert type(asked.error) is kind
    assert asked.error is not None
    assert (asked.error.info, asked.error.retryable, asked.error.status) == (info, retryable, status)
    assert str(asked.error)


CODES: list[tuple[str | None, type[ModelError], CodexErrorInfo, bool]] = [
    ("context_length_exceeded", ContextWindowExceeded, "context_window_exceeded", False),
    ("insufficient_quota", QuotaExceeded, "usage_limit_exceeded", False),
    ("usage_not_included", UsageNotIncluded, "usage_limit_exceeded", False),
    ("invalid_prompt", InvalidRequest, "other", False),
    ("server_is_overloaded", ServerOverloaded, "server_overloaded", False),
    ("slow_down", ServerOverloaded, "server_overloaded", False),
    ("rate_limit_exceeded", ResponseFailed, "other", True),
    ("something_else", ResponseFailed, "other", True),
    (None, ResponseFailed, "other", True),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("code", "kind", "info", "retryable"), CODES)
async def test_each_failure_code_has_its_error_once_the_stream_has_ended(
    code: str | None, kind: type[ModelError], info: CodexErrorInfo, retryable: bool
) -> None:
    asked = await ask([[created(), failed(code), *message("after all")]])
    assert type(asked.error) is kind
    assert asked.error is not None
    assert (asked.error.info, asked.error.retryable, asked.error.status) == (info, retryable, None)
    assert type(asked.events[-1]).__name__ == "OutputItemDone"


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("text", "delay"),
    [
        ("Please try again in 20ms.", 0.02),
        ("Please TRY AGAIN IN 1.5s", 1.5),
        ("try again in 3 seconds", 3.0),
        ("try again in 1 second", 1.0),
        ("try again in 2 days", None),
        ("try again", None),
    ],
)
async def test_a_rate_limit_states_its_delay(text: str, delay: float | None) -> None:
    asked = await ask([[failed("rate_limit_exceeded", text)]])
    assert asked.error is not None
    assert asked.error.retry_after == delay


@pytest.mark.anyio
async def test_only_a_rate_limit_states_a_delay() -> None:
    asked = await ask([[failed("other", "try again in 3s")]])
    assert asked.error is not None
    assert asked.error.retry_after is None


@pytest.mark.anyio
async def test_a_failure_is_forgotten_when_the_answer_completes_after_all() -> None:
    asked = await ask([[failed("other"), *answer()]])
    assert asked.error is None


@pytest.mark.anyio
async def test_an_incomplete_answer_is_a_failure() -> None:
    asked = await ask([[created(), incomplete("max_output_tokens")]])
    assert isinstance(asked.error, ResponseIncomplete)
    assert asked.error.reason == "max_output_tokens"


@pytest.mark.anyio
@pytest.mark.parametrize(
    "reply",
    [
        Stream(parts=[created(), *message("half")]),
        Stream(parts=[created(), *message("half")], cut=True),
        Stream(parts=[b'data: {"type":"response.comp'], cut=True),
        Stream(parts=[]),
        Stream(parts=[b"\x00" * 1000]),
        Stream(parts=[b"not gzip"], headers={"content-encoding": "gzip"}),
    ],
    ids=["ends early", "cut off", "cut inside an event", "empty", "garbage", "broken compression"],
)
async def test_a_stream_that_ends_early_may_be_asked_for_again(reply: Stream) -> None:
    asked = await ask([reply])
    assert isinstance(asked.error, StreamDisconnected)
    assert (asked.error.info, asked.error.retryable, asked.error.url) == ("other", True, asked.url)


@pytest.mark.anyio
async def test_what_came_before_the_cut_was_handed_on() -> None:
    asked = await ask([Stream(parts=[created(), *message("half")], cut=True)])
    assert [type(event).__name__ for event in asked.events][-1] == "OutputItemDone"


@pytest.mark.anyio
async def test_a_page_in_place_of_a_stream_is_named() -> None:
    asked = await ask([Refuse(status=200, body=b"<html>", headers={"content-type": "text/html; charset=utf-8"})])
    assert isinstance(asked.error, StreamDisconnected)
    assert "text/html" in asked.error.reason


@pytest.mark.anyio
async def test_a_silent_stream_is_given_up() -> None:
    asked = await ask([[created(), anyio.Event()]], stream_idle_timeout_ms=50)
    assert isinstance(asked.error, StreamDisconnected)
    assert asked.error.retryable
    assert type(asked.events[-1]).__name__ == "Created"


@pytest.mark.anyio
async def test_server_failures_are_tried_again_with_growing_delays() -> None:
    failure = Refuse(status=500)
    asked = await ask([failure, Refuse(status=502), HangUp(), answer()], request_max_retries=3)
    assert asked.error is None
    assert asked.requests == 4
    assert asked.clock.sleeps == pytest.approx([0.2, 0.4, 0.8])


@pytest.mark.anyio
@pytest.mark.parametrize("status", [500, 503])
async def test_a_lasting_server_failure_uses_up_the_retries(status: int) -> None:
    asked = await ask([Refuse(status=status, body=error_body(code="slow_down"))] * 9, request_max_retries=2)
    assert asked.requests == 3
    assert asked.error is not None
    assert asked.error.status == status


@pytest.mark.anyio
@pytest.mark.parametrize("status", [400, 401, 404, 429])
async def test_what_trying_again_cannot_mend_is_asked_once(status: int) -> None:
    asked = await ask([Refuse(status=status)] * 9, request_max_retries=5)
    assert asked.requests == 1
    assert asked.clock.sleeps == []


@pytest.mark.anyio
async def test_a_broken_stream_is_not_asked_for_again_here() -> None:
    asked = await ask([Stream(parts=[created()], cut=True)] * 9, request_max_retries=5)
    assert asked.requests == 1


@pytest.mark.anyio
async def test_nobody_listening_is_a_failed_connection() -> None:
    asked = await ask([], base_url="http://127.0.0.1:9/v1", request_max_retries=1)
    assert isinstance(asked.error, ConnectionFailed)
    assert (asked.error.info, asked.error.retryable, asked.error.status) == (UNREACHABLE, True, None)
    assert asked.error.url == "http://127.0.0.1:9/v1/responses"
    assert len(asked.clock.sleeps) == 1


@pytest.mark.anyio
@pytest.mark.parametrize("base_url", ["ftp://host/v1", "http://[::1/v1", "host/v1", "http://host:port/v1", ""])
async def test_an_address_that_is_none_is_refused_at_once(base_url: str) -> None:
    asked = await ask([], base_url=base_url or "://", request_max_retries=5)
    assert isinstance(asked.error, EndpointInvalid)
    assert not asked.error.retryable
    assert asked.clock.sleeps == []


@pytest.mark.anyio
async def test_a_missing_key_is_told_before_anything_is_sent() -> None:
    asked = await ask([answer()], env_key="MY_KEY")
    assert isinstance(asked.error, CredentialMissing)
    assert "MY_KEY" in str(asked.error)
    assert asked.requests == 0


@pytest.mark.anyio
async def test_a_refused_key_is_told_with_its_origin_and_never_shown() -> None:
    asked = await ask([Refuse(status=401)], environ={"MY_KEY": "hush-hush"}, env_key="MY_KEY")
    assert isinstance(asked.error, UnexpectedStatus)
    assert "MY_KEY" in str(asked.error)
    assert "hush-hush" not in str(asked.error)


@pytest.mark.anyio
async def test_an_unexpected_status_carries_what_helps_to_find_it() -> None:
    headers = {"CF-Ray": "ray", "X-Request-Id": "rid", "Location": "http://elsewhere"}
    asked = await ask([Refuse(status=404, body=error_body(), headers=headers)])
    assert isinstance(asked.error, UnexpectedStatus)
    assert (asked.error.url, asked.error.message) == (asked.url, "it says why")
    assert (asked.error.cf_ray, asked.error.request_id) == ("ray", "rid")
    for fact in ("404", asked.url, "it says why", "ray", "rid"):
        assert fact in str(asked.error)


@pytest.mark.anyio
async def test_messages_do_not_show_the_query() -> None:
    asked = await ask([Refuse(status=404)], query_params={"key": "hush-hush"})
    assert "hush-hush" not in str(asked.error)


@pytest.mark.anyio
async def test_a_usage_limit_carries_its_bucket_and_its_end() -> None:
    headers = {
        "x-codex-active-limit": "codex_other",
        "x-codex-other-primary-used-percent": "100",
        "x-codex-promo-message": "See the plans.",
    }
    body = error_body(type="usage_limit_reached", plan_type="plus", resets_at=1800000000)
    asked = await ask([Refuse(status=429, body=body, headers=headers)])
    error = asked.error
    assert isinstance(error, UsageLimitReached)
    assert (error.plan_type, error.resets_at, error.promo) == ("plus", 1800000000, "See the plans.")
    assert error.snapshot is not None
    assert (error.snapshot.limit_id, error.snapshot.plan_type) == ("codex_other", "plus")
    assert error.snapshot.primary == RateLimitWindow(used_percent=100.0)


@pytest.mark.anyio
async def test_an_endless_error_page_is_cut() -> None:
    asked = await ask([Refuse(status=404, body=b"x" * 1_000_000)])
    assert isinstance(asked.error, UnexpectedStatus)
    assert len(asked.error.message) <= 64 * 1024
    assert len(str(asked.error)) < 2000
