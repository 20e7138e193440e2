"""What the type checker must make of a method: read by mypy, never run."""

from typing import TypeVar, assert_type

from agent_protocol.jsonrpc import (
    RequestMessage,
    ResponseMessage,
    decode_params,
    decode_question,
    decode_result,
    encode_notification,
    encode_request,
)
from agent_protocol.registry import Method
from agent_protocol.v2.account import (
    ACCOUNT_LOGIN_START,
    ACCOUNT_LOGOUT,
    ChatgptLoginAccountParams,
    LoginAccountParams,
    LoginAccountResponse,
    LogoutAccountResponse,
)
from agent_protocol.v2.initialize import INITIALIZED
from agent_protocol.v2.thread import (
    THREAD_ARCHIVE,
    THREAD_START,
    ThreadArchiveParams,
    ThreadStartParams,
    ThreadStartResponse,
)
from agent_protocol.v2.tool import ITEM_TOOL_CALL, DynamicToolCallParams, DynamicToolCallResponse

P = TypeVar("P")
R = TypeVar("R")


async def request(method: Method[P, R], params: P) -> R:
    raise NotImplementedError


async def a_method_knows_its_params_and_its_result(message: RequestMessage, answer: ResponseMessage) -> None:
    assert_type(THREAD_START, Method[ThreadStartParams, ThreadStartResponse])
    assert_type(decode_params(THREAD_START, message.params), ThreadStartParams)
    assert_type(decode_result(THREAD_START, answer.result), ThreadStartResponse)
    assert_type(decode_question(ITEM_TOOL_CALL, message.params), DynamicToolCallParams)
    assert_type(decode_result(ITEM_TOOL_CALL, answer.result), DynamicToolCallResponse)
    assert_type(await request(THREAD_START, ThreadStartParams(model="m")), ThreadStartResponse)


async def a_method_without_params_takes_none() -> None:
    assert_type(await request(ACCOUNT_LOGOUT, None), LogoutAccountResponse)
    encode_notification(INITIALIZED, None)


async def a_union_of_params_takes_each_of_its_variants(message: RequestMessage) -> None:
    assert_type(decode_params(ACCOUNT_LOGIN_START, message.params), LoginAccountParams)
    assert_type(await request(ACCOUNT_LOGIN_START, ChatgptLoginAccountParams()), LoginAccountResponse)


async def the_params_of_another_method_do_not_fit() -> None:
    archive = ThreadArchiveParams(thread_id="t")
    await request(THREAD_ARCHIVE, archive)
    # The two errors are what is tested: with strict settings an ignore that ignores nothing is an error itself.
    await request(THREAD_START, archive)  # type: ignore[misc]
    encode_request(1, THREAD_START, archive)  # type: ignore[misc]
