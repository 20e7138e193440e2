from typing import assert_type

from agent_protocol.client import AgentClient, IncomingRequest, Subscription
from agent_protocol.v2.account import ACCOUNT_LOGOUT, LogoutAccountResponse
from agent_protocol.v2.approval import (
    ITEM_FILE_CHANGE_REQUEST_APPROVAL,
    FileChangeApprovalDecision,
    FileChangeRequestApprovalParams,
    FileChangeRequestApprovalResponse,
)
from agent_protocol.v2.item import ITEM_COMPLETED, ItemCompletedNotification
from agent_protocol.v2.thread import THREAD_START, ThreadStartParams, ThreadStartResponse
from agent_protocol.v2.turn import TURN_COMPLETED, TurnCompletedNotification


async def _what_the_type_checker_sees(client: AgentClient) -> None:
    started = await client.request(THREAD_START, ThreadStartParams(model="m"))
    assert_type(started, ThreadStartResponse)
    assert_type(started.thread.id, str)
    assert_type(await client.request(ACCOUNT_LOGOUT), LogoutAccountResponse)

    completed = client.subscribe(TURN_COMPLETED)
    assert_type(completed, Subscription[TurnCompletedNotification])
    both = client.subscribe(TURN_COMPLETED, ITEM_COMPLETED)
    assert_type(both, Subscription[TurnCompletedNotification | ItemCompletedNotification])
    async for params in completed:
        assert_type(params.turn.id, str)

    questions = client.questions(ITEM_FILE_CHANGE_REQUEST_APPROVAL)
    assert_type(
        questions,
        Subscription[IncomingRequest[FileChangeRequestApprovalParams, FileChangeRequestApprovalResponse]],
    )
    async for question in questions:
        question.respond(FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.ACCEPT))

    async def approve(params: FileChangeRequestApprovalParams) -> FileChangeRequestApprovalResponse:
        return FileChangeRequestApprovalResponse(decision=FileChangeApprovalDecision.ACCEPT)

    client.answer(ITEM_FILE_CHANGE_REQUEST_APPROVAL, approve)


async def _what_the_type_checker_refuses(client: AgentClient) -> None:
    await client.request(THREAD_START)  # type: ignore[arg-type]  # the params are required
    await client.request(ACCOUNT_LOGOUT, ThreadStartParams())  # type: ignore[misc]  # it takes none

    async def wrong(params: ThreadStartParams) -> FileChangeRequestApprovalResponse:
        raise NotImplementedError

    client.answer(ITEM_FILE_CHANGE_REQUEST_APPROVAL, wrong)  # type: ignore[arg-type]  # another question's params


def test_the_typing_examples_are_checked_where_the_type_checker_runs() -> None:
    assert callable(_what_the_type_checker_sees)
    assert callable(_what_the_type_checker_refuses)
