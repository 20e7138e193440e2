"""What every ``ThreadIndex`` must do."""

from collections.abc import Iterable

from agent_protocol.rollout.source import SessionSource, SubagentDetail, SubagentSource, ThreadSpawn

from agent_state.index.contract import ThreadIndex
from agent_state.index.row import FileFacts, Place, ThreadRow, encode_source
from agent_state.store import SortKey, ThreadQuery
from agent_state.testing.sample import sample_id, sample_row

EVERY = ThreadQuery(source_kinds=None)


def numbers(rows: Iterable[ThreadRow]) -> list[int]:
    """Return the numbers of sample rows."""
    return [int(row.id[-12:]) for row in rows]


def pages(index: ThreadIndex, query: ThreadQuery, size: int) -> list[ThreadRow]:
    """Return the rows of all pages, each asked for behind the last row of the one before."""
    found: list[ThreadRow] = []
    after: Place | None = None
    while True:
        rows = index.page(query, after, size)
        found += rows
        if len(rows) < size:
            return found
        after = rows[-1].place(query.sort_key)


class ThreadIndexContract:
    """Tests of an index; the fixture ``index`` is an empty one."""

    def test_rows_come_back_as_they_were_put(self, index: ThreadIndex) -> None:
        full = sample_row(
            1,
            model_provider=None,
            cwd="/proj/ä b",
            git_sha="a" * 40,
            git_branch="main",
            git_origin_url="https://example.test/r",
            first_user_message="line\nline ☃ 🙂",
            tokens_used=2**63 - 1,
            last_cwd="/other",
            approval_mode="never",
            sandbox_policy='{"type":"read-only"}',
        )
        archived = sample_row(2, archived=True, archived_at=17)
        bare = ThreadRow(path="sessions/2026/01/01/x", id=sample_id(3), stamp=0)
        index.put([full, archived, bare])
        rows = {row.path: row for row in (full, archived, bare)}
        assert index.rows([*rows, "sessions/none"]) == rows
        assert index.files() == {path: row.facts for path, row in rows.items()}

    def test_a_row_takes_the_place_of_one_at_the_same_path(self, index: ThreadIndex) -> None:
        index.put([sample_row(1)])
        newer = sample_row(1, first_user_message="else", mtime_ns=7, size_bytes=8)
        index.put([newer])
        assert index.page(EVERY, None, 9) == [newer]

    def test_no_row_at_all_is_nothing_to_put_or_to_find(self, index: ThreadIndex) -> None:
        index.put([])
        index.drop({})
        assert index.page(EVERY, None, 9) == []
        assert index.rows([]) == {}
        assert index.find(sample_id(1), archived=False) is None
        assert index.files() == {}

    def test_pages_are_newest_first_by_either_key(self, index: ThreadIndex) -> None:
        updated = [5, 1, 4, 2, 3]
        index.put(sample_row(number, mtime_ns=seconds * 10**9) for number, seconds in enumerate(updated))
        assert numbers(index.page(EVERY, None, 9)) == [4, 3, 2, 1, 0]
        by_update = ThreadQuery(source_kinds=None, sort_key="updated_at")
        assert numbers(index.page(by_update, None, 9)) == [0, 2, 4, 3, 1]

    def test_pages_over_equal_seconds_have_no_gap_and_nothing_twice(self, index: ThreadIndex) -> None:
        index.put(sample_row(number, hours=number // 5, mtime_ns=number // 5 * 10**9 + number) for number in range(23))
        keys: tuple[SortKey, ...] = ("created_at", "updated_at")
        for key in keys:
            query = ThreadQuery(source_kinds=None, sort_key=key)
            for size in (1, 2, 3, 7, 30):
                assert numbers(pages(index, query, size)) == list(range(22, -1, -1))

    def test_rows_left_out_do_not_count(self, index: ThreadIndex) -> None:
        rows = [sample_row(number) for number in range(6)]
        index.put(rows)
        assert numbers(index.page(EVERY, None, 2, without=[rows[5].path, rows[3].path])) == [4, 2]

    def test_only_threads_with_a_meta_and_a_message_are_listed(self, index: ThreadIndex) -> None:
        index.put([sample_row(1), sample_row(2, source=None), sample_row(3, first_user_message=None)])
        assert numbers(index.page(EVERY, None, 9)) == [1]
        assert len(index.files()) == 3

    def test_archived_threads_are_a_list_of_their_own(self, index: ThreadIndex) -> None:
        index.put([sample_row(1), sample_row(2, archived=True)])
        assert numbers(index.page(EVERY, None, 9)) == [1]
        assert numbers(index.page(ThreadQuery(source_kinds=None, archived=True), None, 9)) == [2]

    def test_sources_are_chosen_by_kind(self, index: ThreadIndex) -> None:
        spawned = SubagentSource(
            subagent=SubagentDetail(thread_spawn=ThreadSpawn(parent_thread_id=sample_id(0), depth=1))
        )
        review = SubagentSource(subagent="review")
        sources: tuple[SessionSource, ...] = ("cli", "vscode", "exec", "mcp", review, spawned)
        index.put(sample_row(number, source=encode_source(source)) for number, source in enumerate(sources))
        assert numbers(index.page(ThreadQuery(), None, 9)) == [1, 0]
        assert numbers(index.page(ThreadQuery(source_kinds=["appServer", "exec"]), None, 9)) == [3, 2]
        assert numbers(index.page(ThreadQuery(source_kinds=["subAgent"]), None, 9)) == [5, 4]
        assert numbers(index.page(ThreadQuery(source_kinds=["subAgentReview"]), None, 9)) == [4]
        assert numbers(index.page(EVERY, None, 9)) == [5, 4, 3, 2, 1, 0]

    def test_a_row_without_a_provider_counts_as_of_the_default_one(self, index: ThreadIndex) -> None:
        providers = ["one", None, "", "two"]
        index.put(sample_row(number, model_provider=provider) for number, provider in enumerate(providers))
        query = ThreadQuery(model_providers=["one"], default_provider="one")
        assert numbers(index.page(query, None, 9)) == [2, 1, 0]
        assert numbers(index.page(ThreadQuery(model_providers=["two"]), None, 9)) == [3]
        assert numbers(index.page(ThreadQuery(model_providers=[]), None, 9)) == [3, 2, 1, 0]

    def test_a_directory_is_found_in_its_plain_spelling(self, index: ThreadIndex) -> None:
        index.put(sample_row(number, cwd=cwd) for number, cwd in enumerate(["/a", "/a/b", "/A", "/a b"]))
        assert numbers(index.page(ThreadQuery(cwd="/a"), None, 9)) == [0]
        assert numbers(index.page(ThreadQuery(cwd="/a//b/"), None, 9)) == [1]

    def test_a_thread_is_found_in_its_newest_file(self, index: ThreadIndex) -> None:
        old, new = sample_row(1, hours=1), sample_row(1, hours=2)
        archived = sample_row(1, hours=3, archived=True)
        index.put([new, old, archived, sample_row(2)])
        assert index.find(sample_id(1), archived=False) == new
        assert index.find(sample_id(1), archived=True) == archived
        assert index.find(sample_id(2), archived=True) is None

    def test_the_files_of_one_folder_are_told_apart(self, index: ThreadIndex) -> None:
        rows = [sample_row(number, hours=number * 20) for number in range(6)]
        index.put([*rows, sample_row(9, archived=True)])
        assert [*index.files("sessions/2026/02/28")] == [row.path for row in rows if "/28/" in row.path]
        assert len(index.files("sessions")) == 6
        assert len(index.files("archived_sessions")) == 1
        assert len(index.files("sessions/2026/0")) == 0

    def test_a_row_is_dropped_only_as_it_is_known(self, index: ThreadIndex) -> None:
        row, other = sample_row(1), sample_row(2)
        index.put([row, other])
        index.drop({row.path: FileFacts(row.mtime_ns, row.size_bytes + 1), "sessions/none": row.facts})
        assert len(index.files()) == 2
        index.drop({row.path: row.facts})
        assert [*index.files()] == [other.path]

    def test_a_moved_file_leaves_no_row_behind(self, index: ThreadIndex) -> None:
        row, archived = sample_row(1), sample_row(1, archived=True, archived_at=5)
        index.put([row])
        index.move(row.path, archived)
        assert index.rows([row.path, archived.path]) == {archived.path: archived}
        index.move("sessions/none", row)
        assert len(index.files()) == 2

    def test_one_process_fills_it_and_keeps_doing_so_while_it_claims(self, index: ThreadIndex) -> None:
        assert not index.is_complete()
        assert index.claim("one", 1000, 500)
        assert not index.claim("two", 1499, 500)
        assert index.claim("one", 1499, 500)
        assert not index.claim("two", 1998, 500)
        assert index.claim("two", 1999, 500)
        assert not index.claim("one", 2000, 500)
        assert not index.finish("one")
        assert not index.is_complete()
        assert index.finish("two")
        assert index.is_complete()
        assert not index.claim("two", 9000, 500)
        assert not index.finish("two")

    def test_cleared_it_is_as_new(self, index: ThreadIndex) -> None:
        index.put([sample_row(1)])
        index.claim("one", 0, 500)
        index.finish("one")
        index.clear()
        assert index.files() == {}
        assert not index.is_complete()
        assert index.claim("two", 0, 500)

    def test_it_is_sound_and_may_be_closed_twice(self, index: ThreadIndex) -> None:
        index.put([sample_row(1)])
        index.check()
        index.close()
        index.close()
