"""Records written by hand: what other programs and other versions left behind."""

import json
from collections.abc import Iterable
from pathlib import Path

from agent_protocol.wire import JsonValue

Line = tuple[str, JsonValue]


def event(kind: str, **members: JsonValue) -> Line:
    """Return the line of an event."""
    return "event_msg", {"type": kind, **members}


def spoken(role: str, text: str) -> JsonValue:
    """Return a message of the history as the model sees it."""
    kind = "output_text" if role == "assistant" else "input_text"
    return {"type": "message", "role": role, "content": [{"type": kind, "text": text}]}


def exchange(question: str, reply: str) -> list[Line]:
    """Return a question and its reply, as records without turn ids have them."""
    return [
        ("response_item", spoken("user", question)),
        event("user_message", message=question, images=[]),
        ("response_item", spoken("assistant", reply)),
        event("agent_message", message=reply),
    ]


def write_record(
    home: Path,
    thread_id: str,
    lines: Iterable[Line] = (),
    *,
    day: str = "2025-03-04",
    time: str = "05-06-07",
    source: JsonValue = "vscode",
    provider: str | None = "mock",
    cwd: str = "/nowhere",
    folder: str | None = None,
) -> Path:
    """Write a record under ``home`` and return its path; ``folder`` replaces the folder of its day."""
    meta: dict[str, JsonValue] = {
        "id": thread_id,
        "timestamp": f"{day}T{time.replace('-', ':')}.000Z",
        "cwd": cwd,
        "originator": "elsewhere",
        "cli_version": "0.0.1",
        "source": source,
        "model_provider": provider,
    }
    path = home / (folder or f"sessions/{day.replace('-', '/')}") / f"rollout-{day}T{time}-{thread_id}.jsonl"
    path.parent.mkdir(parents=True, exist_ok=True)
    stamped = [
        json.dumps({"timestamp": meta["timestamp"], "type": kind, "payload": payload})
        for kind, payload in [("session_meta", meta), *lines]
    ]
    path.write_text("\n".join([*stamped, ""]))
    return path


def stored_thread_id(number: int) -> str:
    """Return the id of the ``number``-th written thread; later numbers are later ids."""
    return f"01955d00-0000-7000-8000-{number:012x}"
