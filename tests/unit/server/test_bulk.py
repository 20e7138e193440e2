from collections.abc import Sequence

import pytest
from agent_protocol import jsonrpc
from agent_protocol.v2.item import AgentMessageThreadItem
from agent_protocol.v2.source import SessionSourceKind
from agent_protocol.v2.thread import IdleThreadStatus, Thread, ThreadReadResponse
from agent_protocol.v2.turn import Turn, TurnStatus
from agent_server.handlers.bulk import encode_with_turns


def answer(preview: str, turns: Sequence[Turn]) -> ThreadReadResponse:
    return ThreadReadResponse(
        thread=Thread(
            id="t",
            preview=preview,
            model_provider="openai",
            created_at=1,
            updated_at=2,
            path="/p",
            cwd="/",
            cli_version="0",
            source=SessionSourceKind.VSCODE,
            git_info=None,
            turns=turns,
            ephemeral=False,
            project_id=None,
            session_id="t",
            status=IdleThreadStatus(),
        )
    )


def turn(number: int) -> Turn:
    item = AgentMessageThreadItem(id=f"item-{number}", text='said "turns":[] – ünï')
    return Turn(id=f"turn-{number}", items=[item], status=TurnStatus.COMPLETED, error=None)


@pytest.mark.parametrize("count", [0, 1, 3])
def test_a_reply_made_in_pieces_has_the_bytes_of_one_made_at_once(count: int) -> None:
    result = answer('the words "turns":[] and \\"turns\\":[]', [turn(number) for number in range(count)])

    assert encode_with_turns(7, result) == jsonrpc.encode_response(7, result)
