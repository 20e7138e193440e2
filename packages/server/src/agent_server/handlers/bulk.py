"""Replies that hold the turns of a thread, which can be many times larger than any other message."""

from functools import partial
from io import BytesIO
from typing import TypeVar

import msgspec
from agent_protocol import jsonrpc
from agent_protocol.ids import RequestId
from agent_protocol.v2.thread import ThreadForkResponse, ThreadReadResponse, ThreadResumeResponse

from agent_server.context import RequestContext

R = TypeVar("R", ThreadForkResponse, ThreadReadResponse, ThreadResumeResponse)

_NO_TURNS = b'"turns":[]'
"""Inside a string its quotes would be escaped, so this can be nothing but the member."""


async def reply_with_turns(ctx: RequestContext[R], result: R) -> R:
    """Send ``result`` and return it; turns are encoded in a worker thread, one by one, so that nobody waits long."""
    if result.thread.turns:
        await ctx.reply_in_thread(partial(encode_with_turns, ctx.id, result))
    return result


def encode_with_turns(request_id: RequestId, result: R) -> bytes:
    """Return the same bytes as ``jsonrpc.encode_response``, made piece by piece and without a second copy."""
    bare = msgspec.structs.replace(result, thread=msgspec.structs.replace(result.thread, turns=()))
    head, tail = jsonrpc.encode_response(request_id, bare).split(_NO_TURNS, 1)
    data = BytesIO()
    data.write(head + _NO_TURNS[:-1])
    for number, turn in enumerate(result.thread.turns):
        data.write(b"," * (number > 0))
        data.write(msgspec.json.encode(turn))
    data.write(_NO_TURNS[-1:] + tail)
    return data.getvalue()
