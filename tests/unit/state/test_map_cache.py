import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_protocol.projection.kind import LineKind
from agent_protocol.rollout.codec import encode_line, new_line
from agent_protocol.rollout.event import AgentMessageEvent, TaskStartedEvent, UserMessageEvent
from agent_protocol.rollout.line import RolloutItem, SessionMeta
from agent_state.errors import RolloutMissing, RolloutReadError
from agent_state.rollout.extract import read_turns
from agent_state.rollout.line_map import LineMap
from agent_state.rollout.map_cache import CACHE, MapCache

META = SessionMeta(id="thread", timestamp="t", cwd="/", originator="test", cli_version="0")


def encoded(*items: RolloutItem) -> bytes:
    return b"".join(encode_line(new_line(item, "t")) + b"\n" for item in items)


def said(*texts: str) -> bytes:
    return encoded(META, TaskStartedEvent(turn_id="a"), *(AgentMessageEvent(message=text) for text in texts))


class Rollout:
    """A rollout and the map cache of its home, which keeps maps of the smallest files."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.path = home / "rollout.jsonl"
        self.path.write_bytes(said("one", "two"))
        self.maps = MapCache(home, kept_from_bytes=0)

    @property
    def kept(self) -> Path:
        return self.home / CACHE / "rollout.map"

    def map(self) -> LineMap:
        fd = os.open(self.path, os.O_RDONLY)
        try:
            return self.maps.map(self.path, fd)
        finally:
            os.close(fd)

    def true_map(self) -> LineMap:
        """Look through the file whatever is kept."""
        fd = os.open(self.path, os.O_RDONLY)
        try:
            return MapCache(self.home, kept_from_bytes=1 << 30).map(self.path, fd)
        finally:
            os.close(fd)

    def texts(self) -> Iterator[str]:
        for turn in read_turns(self.maps, self.path, None):
            yield from (str(getattr(item, "text", "")) for item in turn.items)


@pytest.fixture
def rollout(tmp_path: Path) -> Rollout:
    return Rollout(tmp_path)


def test_a_map_tells_where_lines_begin_and_what_they_are(rollout: Rollout) -> None:
    lines = rollout.path.read_bytes().splitlines(keepends=True)
    found = rollout.map()

    assert found.end == rollout.path.stat().st_size
    assert list(found.kinds) == [LineKind.META, LineKind.STARTED, LineKind.EVENT, LineKind.EVENT]
    assert [found.span(number)[1] - found.span(number)[0] for number in range(4)] == [len(line) for line in lines]


def test_maps_of_small_files_are_not_kept(rollout: Rollout) -> None:
    fd = os.open(rollout.path, os.O_RDONLY)
    MapCache(rollout.home).map(rollout.path, fd)
    os.close(fd)

    assert not rollout.kept.exists()


def test_a_kept_map_is_used_and_not_written_again(rollout: Rollout) -> None:
    first = rollout.map()
    written = rollout.kept.stat().st_mtime_ns, rollout.kept.stat().st_ino

    assert rollout.map() == first
    assert (rollout.kept.stat().st_mtime_ns, rollout.kept.stat().st_ino) == written


def test_a_map_follows_a_growing_file(rollout: Rollout) -> None:
    rollout.map()
    with rollout.path.open("ab") as file:
        file.write(encoded(AgentMessageEvent(message="three")))

    assert rollout.map() == rollout.true_map()
    assert list(rollout.texts()) == ["one", "two", "three"]


def test_a_torn_last_line_is_no_part_of_what_is_kept(rollout: Rollout) -> None:
    whole = rollout.path.read_bytes()
    rollout.path.write_bytes(whole + encoded(AgentMessageEvent(message="three"))[:-10])
    assert list(rollout.texts()) == ["one", "two"]
    os.truncate(rollout.path, len(whole))
    with rollout.path.open("ab") as file:
        file.write(encoded(UserMessageEvent(message="hi"), AgentMessageEvent(message="three")))

    assert rollout.map() == rollout.true_map()
    assert list(rollout.texts()) == ["one", "two", "", "three"]


def test_a_damaged_map_is_made_again(rollout: Rollout) -> None:
    true = rollout.map()
    good = rollout.kept.read_bytes()
    for position in range(len(good)):
        rollout.kept.write_bytes(good[:position] + bytes([good[position] ^ 0x41]) + good[position + 1 :])
        assert rollout.map() == true
        rollout.kept.write_bytes(good[:position])
        assert rollout.map() == true
    rollout.kept.write_bytes(good + b"x")
    assert rollout.map() == true


@pytest.mark.parametrize("texts", [("three", "four", "five"), ("two", "one"), ("six",), ()])
def test_another_file_in_the_place_of_the_first_gets_a_map_of_its_own(rollout: Rollout, texts: tuple[str, ...]) -> None:
    rollout.map()
    other = rollout.path.with_name("other")
    other.write_bytes(said(*texts))
    other.replace(rollout.path)

    assert list(rollout.texts()) == list(texts)


@pytest.mark.parametrize("texts", [("two", "one"), ("six",), ()])
def test_a_file_that_was_written_over_gets_a_new_map(rollout: Rollout, texts: tuple[str, ...]) -> None:
    rollout.map()
    rollout.path.write_bytes(said(*texts))

    assert rollout.map() == rollout.true_map()
    assert list(rollout.texts()) == list(texts)


def test_lines_that_moved_behind_the_map_are_found_all_the_same(rollout: Rollout) -> None:
    around = "x" * 10_000
    rollout.path.write_bytes(said(around, "short", "a long line", around))
    rollout.map()
    facts = rollout.path.stat()
    with rollout.path.open("r+b") as file:
        file.write(said(around, "a long line", "short", around))
    os.utime(rollout.path, ns=(facts.st_atime_ns, facts.st_mtime_ns))

    assert list(rollout.texts()) == [around, "a long line", "short", around]


def test_a_map_that_cannot_be_kept_is_no_failure(rollout: Rollout) -> None:
    (rollout.home / "cache").write_text("in the way")

    assert list(rollout.texts()) == ["one", "two"]


def test_a_missing_file_and_one_that_cannot_be_read_are_told_apart(tmp_path: Path) -> None:
    maps = MapCache(tmp_path)

    with pytest.raises(RolloutMissing):
        read_turns(maps, tmp_path / "none.jsonl", None)
    with pytest.raises(RolloutReadError):
        read_turns(maps, tmp_path, None)
