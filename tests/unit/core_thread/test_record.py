import json
import os
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import anyio
import anyio.lowlevel
import pytest
from agent_core.errors import InputInvalid
from agent_core.face import ThreadOptions, TurnOverrides
from agent_core.testing.answer import answer, function_call, message
from agent_protocol.rollout.event import ErrorEvent, TaskCompleteEvent, WarningEvent
from agent_protocol.rollout.response_item import MessageItem
from agent_protocol.v2.common import AskForApproval
from agent_protocol.v2.turn import TurnStatus
from agent_protocol.wire import JsonValue
from agent_state.errors import StateError, ThreadLocked
from thread_harness import Opener, Watched, read, write

THREAD = "01a20444-6cd9-72ef-97ee-8d6d2f93c648"
STAMP = "2026-01-01T00:00:00.000Z"


@contextmanager
def full_disk(path: Path | None) -> Iterator[None]:
    """Let no file grow beyond the size of ``path``."""
    assert path is not None
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def lines(path: Path | None) -> list[JsonValue]:
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def kinds(path: Path | None) -> list[str]:
    return [str(line["payload"].get("type", line["type"])) for line in lines(path)]


def said(seen: Watched) -> list[str]:
    return [str(item) for item in seen.model.requests[-1].input if isinstance(item, MessageItem)]


def stored(home: Path, *entries: tuple[str, JsonValue]) -> None:
    folder = home / "sessions" / "2026" / "01" / "01"
    folder.mkdir(parents=True)
    meta = {
        "id": THREAD,
        "timestamp": STAMP,
        "cwd": str(home),
        "originator": "x",
        "cli_version": "0",
        "source": "cli",
        "model_provider": "openai",
    }
    with (folder / f"rollout-2026-01-01T00-00-00-{THREAD}.jsonl").open("w") as file:
        for kind, payload in (("session_meta", meta), *entries):
            file.write(json.dumps({"timestamp": STAMP, "type": kind, "payload": payload}) + "\n")


def words(role: str, text: str) -> tuple[str, JsonValue]:
    part = "input_text" if role == "user" else "output_text"
    return "response_item", {"type": "message", "role": role, "content": [{"type": part, "text": text}]}


@pytest.mark.anyio
async def test_a_turn_that_cannot_be_recorded_fails_once_and_the_next_one_writes_all(open_thread: Opener) -> None:
    async with open_thread([answer(message("one")), answer(message("two")), answer(message("three"))]) as seen:
        await seen.turn("first")
        path = seen.thread.path
        with full_disk(path):
            await seen.turn("second")
            assert len(seen.all(ErrorEvent)) == 1
            assert str(path) in seen.all(ErrorEvent)[0].message
            with pytest.raises(StateError):
                await seen.thread.view(include_turns=True)
        await seen.turn("third")
        assert len(seen.all(TaskCompleteEvent)) == 3
        statuses = [turn.status for turn in (await seen.thread.view(include_turns=True)).turns]
        assert statuses == [TurnStatus.COMPLETED, TurnStatus.FAILED, TurnStatus.COMPLETED]
        assert [event.seq for event in seen.events] == list(range(1, len(seen.events) + 1))
    assert kinds(path).count("user_message") == 3


@pytest.mark.anyio
async def test_a_resumed_thread_is_told_of_its_settings_anew_and_of_another_model(open_thread: Opener) -> None:
    options = ThreadOptions(model="gpt-5.2-codex", developer_instructions="Be brief.")
    async with open_thread([answer(message("one"))], options=options) as seen:
        await seen.turn("first")
        thread_id = seen.thread.id
    other = ThreadOptions(model="gpt-5.2", developer_instructions="Be brief.", approval_policy=AskForApproval.UNTRUSTED)
    async with open_thread([answer(message("two")), answer(message("x"))], options=other, resume=thread_id) as seen:
        assert len(seen.all(WarningEvent)) == 1
        await seen.turn("second")
        texts = said(seen)
        start = next(at for at, text in enumerate(texts) if "one" in text and "assistant" in text) + 1
        fresh = texts[start:]
        marks = ["<permissions instructions>", "Be brief.", "<environment_context>", "<model_switch>", "second"]
        assert [next(mark for mark in marks if mark in text) for text in fresh] == marks
        await seen.turn("third")
        assert sum("<model_switch>" in text for text in said(seen)) == 1


@pytest.mark.anyio
async def test_a_thread_resumed_with_its_model_hears_of_no_switch(open_thread: Opener) -> None:
    async with open_thread([answer(message("one"))]) as seen:
        await seen.turn("first")
        thread_id = seen.thread.id
    async with open_thread([answer(message("two"))], resume=thread_id) as seen:
        await seen.turn("second")
        assert not any("<model_switch>" in text for text in said(seen))
        assert sum("<environment_context>" in text for text in said(seen)) == 2


@pytest.mark.anyio
async def test_resuming_alone_writes_nothing(open_thread: Opener, tmp_path: Path) -> None:
    stored(tmp_path / "home", words("user", "hello"), words("assistant", "hi"))
    (path,) = (tmp_path / "home").glob("sessions/*/*/*/*.jsonl")
    before = path.stat()
    async with open_thread([], resume=THREAD) as seen:
        assert len((await seen.thread.view(include_turns=True)).turns) == 0
    assert (path.stat().st_mtime_ns, path.stat().st_size) == (before.st_mtime_ns, before.st_size)


@pytest.mark.anyio
async def test_a_torn_last_line_is_mended_before_the_history_is_read(open_thread: Opener, tmp_path: Path) -> None:
    stored(tmp_path / "home", words("user", "hello"))
    (path,) = (tmp_path / "home").glob("sessions/*/*/*/*.jsonl")
    write(path, read(path) + '{"timestamp":"2026-01-01T00:00:00.000Z","type":"response_item","payl')
    async with open_thread([answer(message("ok"))], resume=THREAD) as seen:
        await seen.turn("next")
        assert any("hello" in text for text in said(seen))
    assert all(isinstance(line, dict) for line in lines(path))


@pytest.mark.anyio
async def test_a_call_without_an_output_in_the_record_gets_one(open_thread: Opener, tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "exec_command", "arguments": "{}", "call_id": "c1"}
    stored(tmp_path / "home", words("user", "hello"), ("response_item", call))
    async with open_thread([answer(message("ok"))], resume=THREAD) as seen:
        await seen.turn("next")
        assert [type(item).__name__ for item in seen.model.requests[0].input].count("FunctionCallOutputItem") == 1


@pytest.mark.anyio
async def test_an_output_in_the_record_is_cut_to_what_the_model_may_read(open_thread: Opener, tmp_path: Path) -> None:
    call = {"type": "function_call", "name": "exec_command", "arguments": "{}", "call_id": "c1"}
    output = {"type": "function_call_output", "call_id": "c1", "output": "x" * 1_000_000}
    stored(tmp_path / "home", words("user", "hello"), ("response_item", call), ("response_item", output))
    async with open_thread([answer(message("ok"))], resume=THREAD) as seen:
        await seen.turn("next")
        assert len(str(seen.model.requests[0].input)) < 200_000


@pytest.mark.anyio
async def test_a_record_that_is_being_written_is_refused_and_can_be_had_afterwards(open_thread: Opener) -> None:
    async with open_thread([answer(message("one"))]) as seen:
        await seen.turn("first")
        with pytest.raises(ThreadLocked):
            async with open_thread([], resume=seen.thread.id):
                pass
        await seen.turn("still mine")
        thread_id = seen.thread.id
    async with open_thread([answer(message("two"))], resume=thread_id) as again:
        await again.turn("second")


@pytest.mark.anyio
async def test_a_resume_that_fails_lets_the_record_go(open_thread: Opener, tmp_path: Path) -> None:
    stored(tmp_path / "home", words("user", "hello"))
    bad = ThreadOptions(cwd=str(tmp_path / "nowhere"))
    async with open_thread([answer(message("ok"))]) as seen:
        for _ in range(2):
            with pytest.raises(InputInvalid):
                await seen.agent.resume_thread(THREAD, bad, path=None, history=None)
        await seen.agent.resume_thread(THREAD, ThreadOptions(), path=None, history=None)


@pytest.mark.anyio
async def test_many_who_resume_one_thread_get_the_same(open_thread: Opener, tmp_path: Path) -> None:
    stored(tmp_path / "home", words("user", "hello"))
    async with open_thread([]) as seen:
        found: list[object] = []

        async def resume(thread_id: str) -> None:
            found.append(await seen.agent.resume_thread(thread_id, ThreadOptions(), path=None, history=None))

        async with anyio.create_task_group() as tasks:
            for thread_id in (THREAD, THREAD.upper(), f"urn:uuid:{THREAD}", f"{{{THREAD}}}"):
                tasks.start_soon(resume, thread_id)
        assert len(found) == 4
        assert len(set(map(id, found))) == 1


@pytest.mark.anyio
async def test_a_copy_of_a_loaded_record_is_not_taken_for_it(open_thread: Opener, tmp_path: Path) -> None:
    async with open_thread([answer(message("one"))]) as seen:
        await seen.turn("first")
        assert seen.thread.path is not None
        copy = tmp_path / "copy.jsonl"
        write(copy, read(seen.thread.path))
        with pytest.raises(InputInvalid):
            await seen.agent.resume_thread("any", ThreadOptions(), path=str(copy), history=None)
        same = await seen.agent.resume_thread("any", ThreadOptions(), path=str(seen.thread.path), history=None)
        assert same is seen.thread


@pytest.mark.anyio
async def test_a_given_history_is_recorded_at_once_and_cut_like_any_other(open_thread: Opener) -> None:
    history: list[JsonValue] = [
        words("user", "hello")[1],
        {"type": "function_call", "name": "exec_command", "arguments": "{}", "call_id": "c1"},
        {"type": "function_call_output", "call_id": "c1", "output": "x" * 1_000_000},
        {"type": "from_the_future", "secret": 1},
    ]
    async with open_thread([answer(message("ok"))]) as seen:
        thread = await seen.agent.resume_thread("any", ThreadOptions(), path=None, history=history)
        assert kinds(thread.path) == ["session_meta", "message", "function_call", "function_call_output"]
        other = Watched(seen.agent, thread, seen.model)
        await other.turn("next")
        assert len(str(seen.model.requests[0].input)) < 200_000
        assert "from_the_future" not in str(seen.model.requests[0].input)
        assert any("hello" in text for text in said(other))


@pytest.mark.anyio
async def test_commands_of_a_thread_whose_record_is_gone_still_end_in_order(open_thread: Opener) -> None:
    script = [answer(function_call("exec_command", {"cmd": "echo hi"})), answer(message("one")), answer(message("two"))]
    async with open_thread(script) as seen:
        await seen.turn("first")
        assert seen.thread.path is not None
        os.unlink(seen.thread.path)
        await seen.turn("second", TurnOverrides())
        assert len(seen.all(TaskCompleteEvent)) == 2
