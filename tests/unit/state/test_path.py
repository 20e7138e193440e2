from contextlib import suppress
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest
from agent_state.errors import CursorInvalid
from agent_state.rollout.cursor import decode_cursor, encode_cursor, parse_time
from agent_state.rollout.path import canonical_id, find_path, new_path, newest_first, parse_path
from hypothesis import given
from hypothesis import strategies as st

ID = "019c4a07-d809-74c3-bc4b-fd9618487b4b"
OTHER = "019c4a07-d809-74c3-bc4b-fd9618487b4c"


def _touch(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch()
    return path


def test_a_new_file_is_named_and_filed_by_local_time(tmp_path: Path) -> None:
    created = datetime(2026, 2, 12, 23, 30, 5, tzinfo=UTC)
    path = new_path(tmp_path, ID, created, timezone(timedelta(hours=2)))
    assert path == tmp_path / f"sessions/2026/02/13/rollout-2026-02-13T01-30-05-{ID}.jsonl"


@given(
    st.datetimes(min_value=datetime(1970, 1, 2), max_value=datetime(9000, 1, 1)),
    st.uuids(),
)
def test_every_name_that_is_made_reads_back(created: datetime, thread_id: object) -> None:
    path = new_path(Path("/h"), str(thread_id), created.replace(tzinfo=UTC), UTC)
    parsed = parse_path(path)
    assert parsed is not None
    assert parsed.thread_id == str(thread_id)
    assert parsed.stamp == created.replace(microsecond=0)


@given(st.text())
def test_no_name_breaks_the_parser(name: str) -> None:
    parse_path(Path("/h") / (name.replace("/", "_").replace("\0", "_") or "x"))


@pytest.mark.parametrize(
    "name",
    [
        f"rollout-2026-02-30T01-30-05-{ID}.jsonl",
        f"rollout-2026-02-13T01-30-05-{ID}.jsonl.zst",
        f"2026-02-13T01-30-05-{ID}.jsonl",
        "rollout-2026-02-13T01-30-05-nope.jsonl",
    ],
)
def test_other_names_are_no_rollouts(name: str) -> None:
    assert parse_path(Path("/h") / name) is None


@pytest.mark.parametrize("text", [ID, ID.upper(), f"urn:uuid:{ID}", f"{{{ID}}}"])
def test_every_spelling_of_an_id_becomes_the_canonical_one(text: str) -> None:
    assert canonical_id(text) == ID


def test_text_that_is_no_uuid_has_no_canonical_form() -> None:
    assert canonical_id("thread-1") is None


def test_the_walk_goes_from_new_to_old_and_skips_what_is_not_a_rollout(tmp_path: Path) -> None:
    times = [datetime(2025, 12, 31, 23), datetime(2026, 2, 1, 9), datetime(2026, 2, 1, 10), datetime(2026, 11, 3)]
    paths = [_touch(new_path(tmp_path, ID, time.replace(tzinfo=UTC), UTC)) for time in times]
    tie = _touch(new_path(tmp_path, OTHER, times[0].replace(tzinfo=UTC), UTC))
    _touch(tmp_path / "sessions/2026/notes.txt")
    _touch(tmp_path / "sessions/2026/02/xx/file")
    _touch(paths[0].parent / "other.jsonl")
    walked = [found.path for found in newest_first(tmp_path, archived=False)]
    assert walked == [paths[3], paths[2], paths[1], tie, paths[0]]
    limited = newest_first(tmp_path, archived=False, not_after=date(2026, 2, 1))
    assert [found.path for found in limited] == walked[1:]


def test_a_home_without_sessions_is_an_empty_one(tmp_path: Path) -> None:
    assert list(newest_first(tmp_path / "none", archived=False)) == []
    assert list(newest_first(tmp_path / "none", archived=True)) == []


def test_a_thread_is_found_near_the_day_its_id_tells_and_anywhere_else(tmp_path: Path) -> None:
    day = datetime.fromtimestamp((int(ID.replace("-", ""), 16) >> 80) / 1000, UTC)
    near = _touch(new_path(tmp_path, ID, day, timezone(timedelta(hours=-12))))
    far = _touch(new_path(tmp_path, OTHER, datetime(2031, 1, 1, tzinfo=UTC), UTC))
    assert find_path(tmp_path, ID, archived=False) == near
    assert find_path(tmp_path, OTHER, archived=False) == far
    assert find_path(tmp_path, "11111111-1111-4111-8111-111111111111", archived=False) is None
    assert find_path(tmp_path, ID, archived=True) is None


def test_archived_threads_are_found_only_among_the_archived(tmp_path: Path) -> None:
    path = _touch(tmp_path / f"archived_sessions/rollout-2026-02-13T01-30-05-{ID}.jsonl")
    assert find_path(tmp_path, ID, archived=True) == path
    assert find_path(tmp_path, ID, archived=False) is None


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(9000, 1, 1)), st.uuids())
def test_cursors_read_back(time: datetime, thread_id: object) -> None:
    whole = time.replace(microsecond=0)
    assert decode_cursor(encode_cursor((whole, str(thread_id)))) == (whole, str(thread_id))


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-01-02T03:04:05Z", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03:04:05.987Z", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T05:04:05+02:00", datetime(2026, 1, 2, 3, 4, 5)),
        ("2026-01-02T03-04-05", datetime(2026, 1, 2, 3, 4, 5)),
    ],
)
def test_a_cursor_may_carry_its_time_in_either_form(text: str, time: datetime) -> None:
    assert decode_cursor(f"{text}|{ID.upper()}") == (time, ID)


@pytest.mark.parametrize(
    "text", ["", "x", f"2026-01-02T03:04:05Z{ID}", f"2026-01-02|{ID}", "2026-01-02T03:04:05Z|x", f"|{ID}|", f"a|{ID}|b"]
)
def test_anything_else_is_no_cursor(text: str) -> None:
    with pytest.raises(CursorInvalid) as caught:
        decode_cursor(text)
    assert caught.value.cursor == text


@given(st.text())
def test_no_text_breaks_the_cursor_parser(text: str) -> None:
    with suppress(CursorInvalid):
        decode_cursor(text)


def test_a_time_without_zone_is_no_time() -> None:
    assert parse_time("2026-01-02T03:04:05") is None
    assert parse_time("yesterday") is None
