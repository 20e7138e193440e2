import json
import os
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from agent_protocol.rollout.codec import encode_line, new_line
from agent_protocol.rollout.event import AgentMessageEvent, UserMessageEvent
from agent_protocol.rollout.line import GitInfo, RolloutItem, SessionMeta
from agent_protocol.rollout.source import SessionSource, SubagentDetail, SubagentSource, ThreadSpawn
from agent_state.errors import CursorInvalid
from agent_state.filter import kind_of, narrowest
from agent_state.rollout.head import read_head, stored_thread
from agent_state.rollout.listing import list_page
from agent_state.rollout.names import append_name, id_of_name, names_of, names_path
from agent_state.rollout.path import new_path
from agent_state.store import Page, SortKey, SourceFilter, ThreadQuery
from hypothesis import given, settings
from hypothesis import strategies as st

BASE = datetime(2026, 2, 27, 12, 0, 0, tzinfo=UTC)
HELLO: tuple[RolloutItem, ...] = (UserMessageEvent(message="hello"),)


def _id(number: int) -> str:
    return f"019c4a07-d809-74c3-bc4b-{number:012d}"


def _write(
    home: Path,
    number: int,
    *,
    hours: float = 0,
    items: Sequence[RolloutItem] = HELLO,
    source: SessionSource = "cli",
    provider: str | None = "openai",
    cwd: str = "/w",
    mtime: float | None = None,
    archived: bool = False,
) -> Path:
    created = BASE + timedelta(hours=hours)
    path = new_path(home, _id(number), created, UTC)
    if archived:
        path = home / "archived_sessions" / path.name
    meta = SessionMeta(
        id=_id(number),
        timestamp=created.isoformat().replace("+00:00", "Z"),
        cwd=cwd,
        originator="t",
        cli_version="1",
        source=source,
        model_provider=provider,
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = [encode_line(new_line(item, "2026-02-27T12:00:00.000Z")) for item in (meta, *items)]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    if mtime is not None:
        os.utime(path, (mtime, mtime))
    return path


def _numbers(page: Page) -> list[int]:
    return [int(thread.thread_id[-12:]) for thread in page.threads]


def test_threads_come_newest_first_by_creation_with_ties_by_id(tmp_path: Path) -> None:
    for number, hours in ((1, 0), (2, 30), (3, -800), (4, 0), (5, 0.5)):
        _write(tmp_path, number, hours=hours)
    assert _numbers(list_page(tmp_path, ThreadQuery())) == [2, 5, 4, 1, 3]


def test_threads_come_newest_first_by_their_last_change_in_whole_seconds(tmp_path: Path) -> None:
    for number, mtime in ((1, 1000.9), (2, 1000.1), (3, 5000.0)):
        _write(tmp_path, number, hours=number, mtime=mtime)
    page = list_page(tmp_path, ThreadQuery(sort_key="updated_at"))
    assert _numbers(page) == [3, 2, 1]
    assert [thread.updated_at.timestamp() for thread in page.threads] == [5000, 1000, 1000]


@pytest.mark.parametrize("sort_key", ["created_at", "updated_at"])
@settings(max_examples=25)
@given(hours=st.lists(st.integers(0, 60), max_size=12), size=st.integers(1, 5))
def test_pages_put_together_are_the_whole_list(
    tmp_path_factory: pytest.TempPathFactory, sort_key: SortKey, hours: list[int], size: int
) -> None:
    home = tmp_path_factory.mktemp("home")
    for number, hour in enumerate(hours):
        _write(home, number, hours=hour, mtime=1_000_000 + hour % 7)
    whole = _numbers(list_page(home, ThreadQuery(page_size=100, sort_key=sort_key)))
    assert sorted(whole) == list(range(len(hours)))
    pages: list[int] = []
    cursor = None
    while True:
        page = list_page(home, ThreadQuery(page_size=size, cursor=cursor, sort_key=sort_key))
        assert len(page.threads) == size or page.next_cursor is None
        pages += _numbers(page)
        cursor = page.next_cursor
        if cursor is None:
            break
    assert pages == whole


def test_the_cursor_names_the_last_thread_of_a_full_page(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        _write(tmp_path, number, hours=number)
    page = list_page(tmp_path, ThreadQuery(page_size=2))
    assert page.next_cursor == f"2026-02-27T14:00:00Z|{_id(2)}"
    assert _numbers(list_page(tmp_path, ThreadQuery(cursor=f"2026-02-27T14-00-00|{_id(2)}"))) == [1]


def test_a_cursor_that_is_none_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CursorInvalid):
        list_page(tmp_path, ThreadQuery(cursor="soon"))


def test_the_scan_ends_at_its_limit_and_can_be_continued(tmp_path: Path) -> None:
    for number in range(6):
        _write(tmp_path, number, hours=number, items=() if number > 1 else HELLO)
    page = list_page(tmp_path, ThreadQuery(), scan_limit=4)
    assert (page.threads, page.scanned, page.capped) == ([], 4, True)
    rest = list_page(tmp_path, ThreadQuery(cursor=page.next_cursor), scan_limit=4)
    assert _numbers(rest) == [1, 0]
    assert rest.next_cursor is None


def test_only_threads_with_a_meta_and_a_user_message_near_the_head_are_shown(tmp_path: Path) -> None:
    noise: list[RolloutItem] = [AgentMessageEvent(message="x")]
    _write(tmp_path, 1, items=noise)
    _write(tmp_path, 2, items=[*noise * 208, *HELLO])
    _write(tmp_path, 3, items=[*noise * 209, *HELLO])
    path = _write(tmp_path, 4)
    path.write_bytes(path.read_bytes().splitlines(keepends=True)[1])
    late = _write(tmp_path, 5)
    meta, hello = late.read_bytes().splitlines(keepends=True)
    late.write_bytes(b"\n\n" + b"{}\n" * 9 + meta + hello)
    later = _write(tmp_path, 6)
    later.write_bytes(b"{}\n" * 10 + meta + hello)
    assert sorted(_numbers(list_page(tmp_path, ThreadQuery()))) == [2, 5]


def test_a_thread_shows_what_its_head_tells(tmp_path: Path) -> None:
    path = _write(tmp_path, 1, items=[UserMessageEvent(message=" one "), UserMessageEvent(message="two")], mtime=77.7)
    lines = path.read_text().splitlines()
    meta = json.loads(lines[0])
    meta["payload"] |= {"git": {"branch": "b"}, "timestamp": "when?"}
    path.write_text("\n".join([json.dumps(meta), *lines[1:]]))
    os.utime(path, (77.7, 77.7))
    thread = stored_thread(path, read_head(path), archived=True)
    assert (thread.preview, thread.git, thread.created_at) == ("one", GitInfo(branch="b"), None)
    assert (thread.updated_at.timestamp(), thread.archived) == (77, True)


def test_providers_are_filtered_and_a_missing_one_counts_as_the_default(tmp_path: Path) -> None:
    _write(tmp_path, 1)
    _write(tmp_path, 2, provider="mine")
    _write(tmp_path, 3, provider=None)
    every = ThreadQuery(model_providers=())
    assert sorted(_numbers(list_page(tmp_path, every))) == [1, 2, 3]
    assert sorted(_numbers(list_page(tmp_path, ThreadQuery(model_providers=("openai",))))) == [1, 3]
    mine = ThreadQuery(model_providers=("mine",), default_provider="mine")
    assert sorted(_numbers(list_page(tmp_path, mine))) == [2, 3]


def test_the_directory_must_be_the_same_but_not_spelled_the_same(tmp_path: Path) -> None:
    _write(tmp_path, 1, cwd="/w/app")
    assert _numbers(list_page(tmp_path, ThreadQuery(cwd="/w/app/"))) == [1]
    assert _numbers(list_page(tmp_path, ThreadQuery(cwd="/w"))) == []


def test_archived_threads_are_listed_only_on_request(tmp_path: Path) -> None:
    _write(tmp_path, 1)
    _write(tmp_path, 2, archived=True)
    _write(tmp_path, 3, archived=True, hours=5)
    assert _numbers(list_page(tmp_path, ThreadQuery())) == [1]
    assert _numbers(list_page(tmp_path, ThreadQuery(archived=True))) == [3, 2]


SPAWN = SubagentSource(subagent=SubagentDetail(thread_spawn=ThreadSpawn(parent_thread_id="p", depth=1)))
OTHER = SubagentSource(subagent=SubagentDetail(other="label"))


@pytest.mark.parametrize(
    ("source", "kinds"),
    [
        ("cli", {"cli"}),
        ("vscode", {"vscode"}),
        ("exec", {"exec"}),
        ("mcp", {"appServer"}),
        ("unknown", {"unknown"}),
        (SubagentSource(subagent="review"), {"subAgent", "subAgentReview"}),
        (SubagentSource(subagent="compact"), {"subAgent", "subAgentCompact"}),
        (SubagentSource(subagent="memory_consolidation"), {"subAgent"}),
        (SPAWN, {"subAgent", "subAgentThreadSpawn"}),
        (OTHER, {"subAgent", "subAgentOther"}),
    ],
)
def test_each_source_is_of_its_kinds(source: SessionSource, kinds: set[str]) -> None:
    every: list[SourceFilter] = [
        "cli",
        "vscode",
        "exec",
        "appServer",
        "subAgent",
        "subAgentReview",
        "subAgentCompact",
        "subAgentThreadSpawn",
        "subAgentOther",
        "unknown",
    ]
    assert {kind for kind in every if kind_of(source) in narrowest([kind])} == kinds


def test_only_interactive_threads_are_shown_unless_asked_otherwise(tmp_path: Path) -> None:
    sources: tuple[SessionSource, ...] = ("cli", "vscode", "exec", "mcp")
    for number, source in enumerate(sources):
        _write(tmp_path, number, source=source)
    assert sorted(_numbers(list_page(tmp_path, ThreadQuery()))) == [0, 1]
    assert sorted(_numbers(list_page(tmp_path, ThreadQuery(source_kinds=None)))) == [0, 1, 2, 3]
    assert sorted(_numbers(list_page(tmp_path, ThreadQuery(source_kinds=("exec", "appServer"))))) == [2, 3]


def test_the_last_name_of_a_thread_counts_and_every_name_finds_its_last_bearer(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert names_of(home, [_id(1)]) == {}
    assert id_of_name(home, "a") is None
    for number, name in ((1, "a"), (2, "b"), (1, "c"), (3, "b"), (2, " ")):
        append_name(home, _id(number), name, BASE)
    assert names_of(home, [_id(number) for number in range(5)]) == {_id(1): "c", _id(2): "b", _id(3): "b"}
    assert id_of_name(home, "a") == _id(1)
    assert id_of_name(home, "b") == _id(3)
    assert id_of_name(home, " ") is None
    assert json.loads(names_path(home).read_text().splitlines()[0]) == {
        "id": _id(1),
        "thread_name": "a",
        "updated_at": "2026-02-27T12:00:00.000000000Z",
    }


@given(st.lists(st.tuples(st.integers(1, 4), st.text(min_size=1, max_size=3000)), max_size=12))
@settings(max_examples=30)
def test_names_of_any_length_are_read_back_across_chunks(
    tmp_path_factory: pytest.TempPathFactory, given_names: list[tuple[int, str]]
) -> None:
    home = tmp_path_factory.mktemp("home")
    for number, name in given_names:
        append_name(home, _id(number), name, BASE)
    expected = {_id(number): name for number, name in given_names if name.strip()}
    assert names_of(home, [_id(number) for number in range(5)]) == expected


def test_a_torn_line_among_the_names_hides_no_other(tmp_path: Path) -> None:
    append_name(tmp_path, _id(1), "a", BASE)
    names_path(tmp_path).write_bytes(names_path(tmp_path).read_bytes() + b'{"id":"x","thread_na')
    append_name(tmp_path, _id(2), "b", BASE)
    assert names_of(tmp_path, [_id(1), _id(2)]) == {_id(1): "a", _id(2): "b"}
