import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, message
from implementation import reference
from process_harness import AGENT, app_server, environment, scripted_model, write_config

SECONDS = 30
REFERENCE = reference()
needs_reference = pytest.mark.skipif(
    REFERENCE is None, reason="the reference binary is not here: set AGENT_REFERENCE_BIN to compare with it"
)


def agent(home: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [AGENT, *arguments], env=environment(home), capture_output=True, text=True, timeout=SECONDS, check=False
    )


def wait_for_the_index(home: Path) -> None:
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        if (home / "agent-state.db").exists():
            with closing(sqlite3.connect(home / "agent-state.db", timeout=SECONDS)) as connection:
                if connection.execute("SELECT count(*) FROM sqlite_master WHERE name = 'filling'").fetchone() == (1,):
                    status = connection.execute("SELECT status FROM filling").fetchone()
                    if status == ("complete",):
                        return
        time.sleep(0.05)
    raise AssertionError("the index was not filled")


def test_a_server_keeps_an_index_that_says_what_the_files_say(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(message(str(number))) for number in range(4)]) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            threads = [server.start_thread(cwd=str(cwd)) for _ in range(3)]
            for thread in threads:
                server.turn(thread, f"question of {thread}")
            from_files = server.result("thread/list", {})["data"]
            wait_for_the_index(home)
            assert server.result("thread/list", {})["data"] == from_files
            assert sorted(entry["id"] for entry in from_files) == sorted(threads)
            server.turn(threads[0], "another question")
            assert server.close() == 0
        assert agent(home, "state", "check").returncode == 0
        assert agent(home, "state", "verify").returncode == 0
        with app_server(home, cwd) as server:
            server.initialize()
            newest = server.result("thread/list", {"sortKey": "updated_at", "limit": 1})["data"]
            assert [entry["id"] for entry in newest] == [threads[0]]
            server.result("thread/archive", {"threadId": threads[1]})
            assert server.close() == 0
    assert agent(home, "state", "rebuild").returncode == 0
    assert agent(home, "state", "check").returncode == 0


def test_a_server_works_without_an_index_where_none_is_wanted(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(message("yes"))]) as model:
        write_config(home, model.url)
        with app_server(home, cwd, AGENT_INDEX_URL="off") as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.turn(thread, "question")
            assert [entry["id"] for entry in server.result("thread/list", {})["data"]] == [thread]
            assert server.close() == 0
    assert not list(home.glob("agent-state*"))


@needs_reference
def test_a_thread_of_the_reference_is_listed_as_soon_as_it_is_there(tmp_path: Path) -> None:
    assert REFERENCE is not None
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(message(str(number))) for number in range(3)]) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as ours, app_server(home, cwd, [*REFERENCE.argv]) as theirs:
            ours.initialize()
            theirs.initialize()
            first = ours.start_thread(cwd=str(cwd))
            ours.turn(first, "ours")
            wait_for_the_index(home)
            second = theirs.start_thread(cwd=str(cwd))
            theirs.turn(second, "theirs")
            listed = ours.result("thread/list", {})["data"]
            assert [entry["preview"] for entry in listed] == ["theirs", "ours"]
            assert [entry["id"] for entry in listed] == [
                entry["id"] for entry in theirs.result("thread/list", {})["data"]
            ]
            theirs.turn(second, "more of theirs")
            newest = ours.result("thread/list", {"sortKey": "updated_at", "limit": 1})["data"]
            assert [entry["id"] for entry in newest] == [second]
            assert (home / "agent-state.db").exists()


@needs_reference
def test_the_reference_goes_on_with_a_thread_that_was_exported_and_imported(tmp_path: Path) -> None:
    assert REFERENCE is not None
    home, other, cwd = tmp_path / "home", tmp_path / "other", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(message("first")), answer(message("second"))]) as model:
        for folder in (home, other):
            write_config(folder, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.turn(thread, "the first question")
            assert server.close() == 0
        file = tmp_path / "exported.jsonl"
        assert agent(home, "state", "export", thread, str(file)).returncode == 0
        assert agent(other, "state", "import", str(file)).returncode == 0
        with app_server(other, cwd, [*REFERENCE.argv]) as server:
            server.initialize()
            listed = server.result("thread/list", {})["data"]
            assert [(entry["id"], entry["preview"]) for entry in listed] == [(thread, "the first question")]
            resumed = server.result("thread/resume", {"threadId": thread})["thread"]
            assert len(resumed["turns"]) == 1
            assert server.turn(thread, "the second question")["status"] == "completed"
