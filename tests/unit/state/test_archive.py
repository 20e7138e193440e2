import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from agent_protocol.rollout.event import UserMessageEvent
from agent_state.errors import RolloutInvalid, RolloutMissing, RolloutWriteError, ThreadLocked
from agent_state.file_store import FileThreadStore
from agent_state.store import NewThread

NAME = "rollout-2026-02-12T10-11-12-019c4a07-d809-74c3-bc4b-fd9618487b4b.jsonl"

pytestmark = pytest.mark.anyio


def text(path: Path) -> bytes | None:
    """Return what the file says, or None where there is none."""
    return path.read_bytes() if path.exists() else None


def changed(path: Path) -> float:
    return path.stat().st_mtime


def lead_out(path: Path, target: Path) -> None:
    path.rename(target)
    path.symlink_to(target)


@pytest.fixture
async def path(store: FileThreadStore, new_thread: Callable[..., NewThread]) -> Path:
    writer = store.create(new_thread())
    writer.append([UserMessageEvent(message="hello")])
    await writer.materialise()
    await writer.aclose()
    return writer.path


async def test_an_archived_record_keeps_its_name_its_text_and_its_time(store: FileThreadStore, path: Path) -> None:
    os.utime(path, (1_000, 1_000))
    before = text(path)
    moved = await store.archive(path)
    assert moved == store.home / "archived_sessions" / NAME
    assert text(path) is None
    assert (text(moved), changed(moved)) == (before, 1_000)
    assert await store.find("019c4a07-d809-74c3-bc4b-fd9618487b4b") is None
    assert await store.find("019c4a07-d809-74c3-bc4b-fd9618487b4b", archived=True) == moved


async def test_a_record_comes_back_to_the_day_of_its_name_as_changed_now(store: FileThreadStore, path: Path) -> None:
    os.utime(path, (1_000, 1_000))
    archived = await store.archive(path)
    assert await store.unarchive(archived) == path
    assert text(archived) is None
    assert changed(path) > 1_000


async def test_a_record_that_is_being_written_stays_where_it_is(store: FileThreadStore, path: Path) -> None:
    writer = await store.open(path)
    with pytest.raises(ThreadLocked) as caught:
        await store.archive(path)
    assert caught.value.owner_pid == os.getpid()
    assert text(path) is not None
    await writer.aclose()
    assert text(await store.archive(path)) is not None


async def test_only_records_of_the_store_are_moved(store: FileThreadStore, path: Path, tmp_path: Path) -> None:
    outside = tmp_path / NAME
    lead_out(path, outside)
    for stray in (outside, path):
        with pytest.raises(RolloutInvalid):
            await store.archive(stray)
        with pytest.raises(RolloutInvalid):
            await store.unarchive(stray)
    assert text(outside) is not None


async def test_a_record_whose_name_tells_no_day_stays_in_the_archive(store: FileThreadStore, path: Path) -> None:
    odd = (await store.archive(path)).rename(store.home / "archived_sessions/odd.jsonl")
    with pytest.raises(RolloutInvalid):
        await store.unarchive(odd)
    assert text(odd) is not None


async def test_nothing_is_overwritten(store: FileThreadStore, path: Path) -> None:
    archived = await store.archive(path)
    before = text(archived)
    shutil.copy(archived, path)
    with pytest.raises(RolloutWriteError):
        await store.unarchive(archived)
    assert (text(path), text(archived)) == (before, before)


async def test_a_record_that_is_gone_is_said_to_be_missing(store: FileThreadStore, path: Path) -> None:
    os.unlink(path)
    with pytest.raises(RolloutMissing):
        await store.archive(path)
