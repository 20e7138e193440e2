"""Builders for model answers: lists of events as the Responses API streams them.

``answer(reasoning("Look first."), function_call("exec_command", {"cmd": "ls"}))`` is a whole answer. Ids that are not
given follow from the content, so the same script always gives the same events.
"""

import json
import zlib
from collections.abc import Iterable, Sequence
from typing import TypeAlias

from agent_protocol.wire import JsonValue

WireEvent: TypeAlias = dict[str, JsonValue]
RESPONSE_ID = "resp_1"


def answer(
    *parts: Iterable[WireEvent], input_tokens: int = 100, output_tokens: int = 20, cached_tokens: int = 0
) -> list[WireEvent]:
    """Return a complete answer made of ``parts``."""
    done = completed(input_tokens=input_tokens, output_tokens=output_tokens, cached_tokens=cached_tokens)
    return [created(), *(event for part in parts for event in part), done]


def created() -> WireEvent:
    """Return the event that begins an answer."""
    return {"type": "response.created", "response": {"id": RESPONSE_ID}}


def completed(
    *, input_tokens: int = 100, output_tokens: int = 20, cached_tokens: int = 0, reasoning_tokens: int = 0
) -> WireEvent:
    """Return the event that ends an answer and states its usage."""
    usage = {
        "input_tokens": input_tokens,
        "input_tokens_details": {"cached_tokens": cached_tokens},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": reasoning_tokens},
        "total_tokens": input_tokens + output_tokens,
    }
    return {"type": "response.completed", "response": {"id": RESPONSE_ID, "usage": usage}}


def failed(code: str | None, message: str = "it failed") -> WireEvent:
    """Return the event that reports a failed answer."""
    error = {"code": code, "message": message}
    return {"type": "response.failed", "response": {"id": RESPONSE_ID, "error": error}}


def incomplete(reason: str) -> WireEvent:
    """Return the event that reports an answer cut short."""
    return {"type": "response.incomplete", "response": {"id": RESPONSE_ID, "incomplete_details": {"reason": reason}}}


def message(text: str, *, item_id: str | None = None, deltas: Sequence[str] | None = None) -> list[WireEvent]:
    """Return the events of one message; ``deltas`` are the pieces its text comes in, by default one."""
    item_id = item_id or _id("msg", text)
    empty = {"type": "message", "id": item_id, "role": "assistant", "content": []}
    pieces = [
        {
            "type": "response.output_text.delta",
            "item_id": item_id,
            "output_index": 0,
            "content_index": 0,
            "delta": piece,
        }
        for piece in ([text] if deltas is None else deltas)
    ]
    whole = {**empty, "content": [{"type": "output_text", "text": text}]}
    return [_added(empty), *pieces, _done(whole)]


def reasoning(*summary: str, item_id: str | None = None, encrypted: str | None = None) -> list[WireEvent]:
    """Return the events of one reasoning item with these parts of a summary."""
    item_id = item_id or _id("rs", *summary)
    empty = {"type": "reasoning", "id": item_id, "summary": []}
    pieces: list[WireEvent] = []
    for index, text in enumerate(summary):
        place = {"item_id": item_id, "output_index": 0, "summary_index": index}
        pieces.append({"type": "response.reasoning_summary_part.added", **place})
        pieces.append({"type": "response.reasoning_summary_text.delta", **place, "delta": text})
    parts = [{"type": "summary_text", "text": text} for text in summary]
    return [_added(empty), *pieces, _done({**empty, "summary": parts, "encrypted_content": encrypted})]


def function_call(name: str, arguments: JsonValue, *, call_id: str | None = None) -> list[WireEvent]:
    """Return the event of one function call; ``arguments`` is JSON, or text to be sent as it is."""
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    call_id = call_id or _id("call", name, text)
    return [
        _done({"type": "function_call", "id": f"fc_{call_id}", "name": name, "arguments": text, "call_id": call_id})
    ]


def custom_call(name: str, text: str, *, call_id: str | None = None) -> list[WireEvent]:
    """Return the event of one call of a freeform tool."""
    call_id = call_id or _id("call", name, text)
    item = {"type": "custom_tool_call", "id": f"ctc_{call_id}", "status": "completed", "call_id": call_id}
    return [_done({**item, "name": name, "input": text})]


def _added(item: WireEvent) -> WireEvent:
    return {"type": "response.output_item.added", "output_index": 0, "item": item}


def _done(item: WireEvent) -> WireEvent:
    return {"type": "response.output_item.done", "output_index": 0, "item": item}


def _id(prefix: str, *content: str) -> str:
    return f"{prefix}_{zlib.crc32(chr(0).join(content).encode()):08x}"
