import json
from collections.abc import Sequence
from pathlib import Path

import anyio
import pytest
from agent_core.errors import (
    ArchiveNotFound,
    EphemeralThread,
    RecordPending,
    RollbackPending,
    RolloutNotFound,
    ThreadIdInvalid,
    ThreadNotLoaded,
    TurnActive,
)
from agent_core.face import ThreadOptions, TurnOverrides
from agent_core.testing.answer import answer, function_call, message
from agent_protocol.rollout.event import (
    ErrorEvent,
    ExecApprovalRequestEvent,
    ThreadNameUpdatedEvent,
    ThreadRolledBackEvent,
    TokenCountEvent,
    TurnAbortedEvent,
)
from agent_protocol.rollout.response_item import MessageItem, ResponseItem
from agent_protocol.v2.common import AskForApproval
from agent_protocol.wire import JsonValue
from agent_state.errors import ThreadLocked
from agent_state.file_store import FileThreadStore
from thread_harness import Opener, Watched

DONE = answer(message("Done."))
UNKNOWN = "00000000-0000-7000-8000-000000000000"

pytestmark = pytest.mark.anyio


def lines(path: Path | None) -> list[JsonValue]:
    assert path is not None
    return [json.loads(line) for line in path.read_text().splitlines()]


def spoken(items: Sequence[ResponseItem]) -> list[str]:
    """Return the texts of a request without those of the context."""
    messages = [item for item in items if isinstance(item, MessageItem) and item.role != "developer"]
    texts = [getattr(message.content[0], "text", "") for message in messages]
    return [text for text in texts if not text.startswith("<environment")]


async def test_a_rollback_waits_for_the_mark_and_admits_no_second(open_thread: Opener) -> None:
    async with open_thread([DONE, DONE, DONE]) as seen:
        await seen.turn("one")
        await seen.turn("two")
        refusals: list[RollbackPending] = []

        async def again() -> None:
            try:
                await seen.thread.roll_back(1)
            except RollbackPending as error:
                refusals.append(error)

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(again)
            tasks.start_soon(again)
        assert len(refusals) == 1
        assert len(seen.all(ThreadRolledBackEvent)) == 1
        assert lines(seen.thread.path)[-1]["payload"] == {"type": "thread_rolled_back", "num_turns": 1}
        await seen.turn("three")
        assert spoken(seen.model.requests[-1].input) == ["one", "Done.", "three"]


async def test_a_rollback_tells_an_estimate_and_keeps_the_total(open_thread: Opener) -> None:
    async with open_thread([DONE, DONE]) as seen:
        await seen.turn("one")
        await seen.turn("two " * 4000)
        before = seen.all(TokenCountEvent)[-1].info
        await seen.thread.roll_back(1)
        after = seen.all(TokenCountEvent)[-1].info
        assert before is not None and after is not None
        assert after.total_token_usage == before.total_token_usage
        assert after.model_context_window == before.model_context_window
        assert (after.last_token_usage.input_tokens, after.last_token_usage.output_tokens) == (0, 0)
        assert 0 < after.last_token_usage.total_tokens < 4000


async def test_what_cannot_be_rolled_back_stays(open_thread: Opener) -> None:
    ask = answer(function_call("exec_command", {"cmd": "touch made"}))
    async with open_thread([ask, DONE], approval=AskForApproval.UNTRUSTED) as seen:
        with pytest.raises(RecordPending):
            await seen.thread.roll_back(1)
        await seen.start("one")
        question = await seen.until(ExecApprovalRequestEvent)
        with pytest.raises(TurnActive) as caught:
            await seen.thread.roll_back(1)
        assert caught.value.turn_id == seen.thread.active_turn
        seen.thread.answer(question.call_id, "abort")
        await seen.until(TurnAbortedEvent)
        assert not seen.all(ThreadRolledBackEvent)
    async with open_thread([], options=ThreadOptions(model="gpt-5.2-codex", ephemeral=True)) as seen:
        with pytest.raises(EphemeralThread):
            await seen.thread.roll_back(1)


async def test_a_name_is_kept_or_its_failure_told(open_thread: Opener, tmp_path: Path) -> None:
    async with open_thread([DONE]) as seen:
        await seen.turn("one")
        await seen.thread.rename("first")
        assert seen.all(ThreadNameUpdatedEvent)[-1].thread_name == "first"
        assert await seen.agent.names.word_for(seen.thread.id) == "first"
        index = anyio.Path(tmp_path / "home/session_index.jsonl")
        await index.unlink()
        await index.mkdir()
        await seen.thread.rename("second")
        assert seen.all(ErrorEvent)[-1].codex_error_info == "other"
        assert len(seen.all(ThreadNameUpdatedEvent)) == 1
        assert await seen.agent.names.word_for(seen.thread.id) == seen.thread.id
        await seen.thread.flush()
        assert lines(seen.thread.path)[-1]["payload"]["type"] == "task_complete"
    async with open_thread([], options=ThreadOptions(model="gpt-5.2-codex", ephemeral=True)) as seen:
        await seen.thread.rename("first")
        assert [error.codex_error_info for error in seen.all(ErrorEvent)] == ["other"]


async def test_archiving_unloads_and_lets_the_record_go(open_thread: Opener) -> None:
    async with open_thread([DONE, DONE]) as seen:
        await seen.turn("one")
        await seen.agent.archive_thread(seen.thread.id)
        assert list(seen.agent.loaded_threads()) == []
        with pytest.raises(ThreadNotLoaded):
            seen.agent.thread(seen.thread.id)
        for gone in (seen.thread.id, UNKNOWN):
            with pytest.raises(RolloutNotFound):
                await seen.agent.archive_thread(gone)
        with pytest.raises(ThreadIdInvalid):
            await seen.agent.archive_thread("not an id")
        view = await seen.agent.unarchive_thread(seen.thread.id)
        assert view.id == seen.thread.id
        with pytest.raises(ArchiveNotFound):
            await seen.agent.unarchive_thread(seen.thread.id)
        options = ThreadOptions(model="gpt-5.2-codex", approval_policy=AskForApproval.NEVER)
        thread = await seen.agent.resume_thread(seen.thread.id, options, path=None, history=None)
        again = Watched(seen.agent, thread, seen.model)
        await again.turn("two")
        assert spoken(seen.model.requests[-1].input) == ["one", "Done.", "two"]


async def test_a_thread_that_is_written_elsewhere_stays_and_can_be_copied(open_thread: Opener, tmp_path: Path) -> None:
    async with open_thread([DONE, DONE]) as seen:
        await seen.turn("one")
        path = seen.thread.path
        assert path is not None
        await seen.thread.aclose()
        other = await FileThreadStore(tmp_path / "home").open(path)
        async with open_thread([DONE]) as elsewhere:
            for change in (
                elsewhere.agent.archive_thread(seen.thread.id),
                elsewhere.agent.resume_thread(seen.thread.id, ThreadOptions(), path=None, history=None),
            ):
                with pytest.raises(ThreadLocked):
                    await change
            copy = await elsewhere.agent.fork_thread(seen.thread.id, ThreadOptions(), path=None)
            assert len((await copy.view(True)).turns) == 1
        await other.aclose()


async def test_a_copy_of_a_copy_names_its_own_source(open_thread: Opener) -> None:
    async with open_thread([DONE]) as seen:
        await seen.turn("one")
        first = await seen.agent.fork_thread(seen.thread.id, ThreadOptions(), path=None)
        second = await seen.agent.fork_thread("no id", ThreadOptions(), path=str(first.path))
        metas = [line["payload"] for line in lines(second.path) if line["type"] == "session_meta"]
        assert [meta["id"] for meta in metas] == [second.id, first.id, seen.thread.id]
        assert metas[0]["forked_from_id"] == first.id


async def test_another_model_is_told_that_it_takes_over(open_thread: Opener, tmp_path: Path) -> None:
    async with open_thread([DONE, DONE, DONE]) as seen:
        await seen.turn("one")
        options = ThreadOptions(model="gpt-5.1", cwd=str(tmp_path / "work"), approval_policy=AskForApproval.NEVER)
        copy = await seen.agent.fork_thread(seen.thread.id, options, path=None)
        watched = Watched(seen.agent, copy, seen.model)
        for question, switches in (("two", 1), ("three", 1)):
            await watched.turn(question)
            assert str(seen.model.requests[-1].input).count("<model_switch>") == switches


async def test_settings_whose_telling_was_rolled_back_are_told_again(open_thread: Opener) -> None:
    def told(items: Sequence[ResponseItem]) -> list[str]:
        return [str(item) for item in items if "<permissions instructions>" in str(item)]

    async with open_thread([DONE] * 5) as seen:
        await seen.turn("one")
        await seen.turn("two", TurnOverrides(approval_policy=AskForApproval.ON_REQUEST))
        before, since = told(seen.model.requests[-1].input)
        await seen.thread.roll_back(1)
        await seen.turn("three")
        assert told(seen.model.requests[-1].input) == [before, since]
        await seen.thread.roll_back(2)
        await seen.turn("four")
        assert told(seen.model.requests[-1].input) == [before, since]
        assert "<model_switch>" not in str(seen.model.requests[-1].input)
        await seen.turn("five")
        assert told(seen.model.requests[-1].input) == [before, since]
