"""A model server that costs next to nothing: whole answers, built once, chosen by the last marker in the request.

Run as a program; prints its base URL and serves until its standard input ends.
"""

import asyncio
import json
import sys
from collections.abc import Mapping

DELTAS = 5000
MARKERS = {name: f"bench:{name}".encode() for name in ("empty", "deltas", "command")}


def events(*items: Mapping[str, object]) -> bytes:
    """Return server-sent events that answer with ``items``."""
    usage = {"input_tokens": 100, "output_tokens": 20, "total_tokens": 120}
    return b"".join(
        b"event: %b\ndata: %b\n\n" % (str(item["type"]).encode(), json.dumps(item).encode())
        for item in (
            {"type": "response.created", "response": {"id": "r"}},
            *items,
            {"type": "response.completed", "response": {"id": "r", "usage": usage}},
        )
    )


def message(count: int) -> bytes:
    """Return a message that comes in ``count`` deltas."""
    item = {"type": "message", "id": "m", "role": "assistant", "content": []}
    delta = {"type": "response.output_text.delta", "item_id": "m", "output_index": 0, "content_index": 0}
    text = [f"word{number} " for number in range(count)]
    whole = {**item, "content": [{"type": "output_text", "text": "".join(text)}]}
    return events(
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        *({**delta, "delta": piece} for piece in text),
        {"type": "response.output_item.done", "output_index": 0, "item": whole},
    )


def command() -> bytes:
    """Return a call of ``exec_command``."""
    call = {"type": "function_call", "id": "f", "name": "exec_command", "call_id": "c", "arguments": '{"cmd":"true"}'}
    return events({"type": "response.output_item.done", "output_index": 0, "item": call})


SHORT, LONG, COMMAND = message(1), message(DELTAS), command()


def answer(body: bytes) -> bytes:
    """Return the answer to a request."""
    places = {name: body.rfind(marker) for name, marker in MARKERS.items()}
    kind = max(places, key=lambda name: places[name])
    if kind == "deltas":
        return LONG
    if kind == "command" and b"function_call_output" not in body[places[kind] :]:
        return COMMAND
    return SHORT


async def converse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer requests on one connection until it ends."""
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(b":", 1) for line in head.lower().split(b"\r\n") if b":" in line)
            content = answer(await reader.readexactly(int(fields[b"content-length"])))
            writer.write(
                b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: %d\r\n\r\n" % len(content)
            )
            writer.write(content)
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def main() -> None:
    """Serve until standard input ends."""
    server = await asyncio.start_server(converse, "127.0.0.1", 0)
    sys.stdout.write(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
