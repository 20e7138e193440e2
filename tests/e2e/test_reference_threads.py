"""What one program did to a thread, as the other one finds it."""

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, function_call, message
from agent_core.testing.server import ScriptedServer
from agent_protocol.wire import JsonValue
from implementation import find
from process_harness import AppServer, app_server, environment, scripted_model, write_config

Open = Callable[[str], AbstractContextManager[AppServer]]

both_ways = pytest.mark.parametrize("first, second", [("ours", "reference"), ("reference", "ours")])


@pytest.fixture
def model(tmp_path: Path) -> Iterator[ScriptedServer]:
    call = answer(function_call("exec_command", {"cmd": "echo marker-$((40+2))"}))
    answers = [answer(message(f"Answer {number}.")) for number in range(20)]
    with scripted_model([call, *answers]) as model:
        write_config(tmp_path / "home", model.url)
        yield model


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def open_server(tmp_path: Path, model: ScriptedServer) -> Open:
    def opened(name: str) -> AbstractContextManager[AppServer]:
        return app_server(tmp_path / "home", tmp_path, list(find(name).argv))

    return opened


def ready(server: AppServer) -> AppServer:
    server.initialize(experimental=True)
    return server


def ran(server: AppServer, *questions: str, **params: JsonValue) -> str:
    """Start a thread and run a turn for each question."""
    thread_id = server.start_thread(**params)
    for question in questions:
        assert server.turn(thread_id, question)["status"] == "completed"
    return thread_id


def asked(turns: JsonValue) -> list[str]:
    return [turn["items"][0]["content"][0]["text"] for turn in turns]


def said(items: JsonValue) -> list[JsonValue]:
    """Return the entries of a history without the context, which each program words for itself."""
    frames = ("# AGENTS.md", "<environment_context>")
    return [item for item in items if item["role"] != "developer" and not item["content"][0]["text"].startswith(frames)]


@both_ways
def test_a_copy_goes_on_with_the_other(open_server: Open, model: ScriptedServer, first: str, second: str) -> None:
    with open_server(first) as server:
        source = ran(ready(server), "one")
        copy = server.result("thread/fork", {"threadId": source})["thread"]
        server.turn(copy["id"], "of the copy")
        server.close()
    before = model.requests[-1].body["input"]
    with open_server(second) as server:
        resumed = ready(server).result("thread/resume", {"threadId": copy["id"]})["thread"]
        assert asked(resumed["turns"]) == ["one", "of the copy"]
        assert resumed["turns"][0] == copy["turns"][0]
        assert server.turn(copy["id"], "further")["status"] == "completed"
        assert asked(server.read(source)) == ["one"]
        again = server.result("thread/fork", {"threadId": copy["id"]})["thread"]
        assert asked(again["turns"]) == ["one", "of the copy", "further"]
    after = model.requests[-1].body["input"]
    assert after[: len(before)] == before


@both_ways
def test_turns_taken_back_stay_away(open_server: Open, model: ScriptedServer, first: str, second: str) -> None:
    with open_server(first) as server:
        thread = ran(ready(server), "one", "two", "three")
        server.result("thread/rollback", {"threadId": thread, "numTurns": 2})
        server.close()
    with open_server(second) as server:
        assert asked(ready(server).result("thread/resume", {"threadId": thread})["thread"]["turns"]) == ["one"]
        server.turn(thread, "four")
        server.result("thread/rollback", {"threadId": thread, "numTurns": 1})
        server.turn(thread, "five")
        server.close()
    given = json.dumps(model.requests[-1].body["input"])
    assert [word in given for word in ('"one"', '"two"', '"three"', '"four"', '"five"')] == [1, 0, 0, 0, 1]
    with open_server(first) as server:
        assert asked(ready(server).read(thread)) == ["one", "five"]


@both_ways
def test_what_one_archived_the_other_brings_back(open_server: Open, first: str, second: str) -> None:
    with open_server(first) as server:
        thread = ran(ready(server), "one")
        path = server.result("thread/read", {"threadId": thread})["thread"]["path"]
        server.result("thread/archive", {"threadId": thread})
        server.close()
    with open_server(second) as server:
        listed = ready(server).result("thread/list", {"archived": True})["data"]
        assert [each["id"] for each in listed] == [thread]
        assert server.result("thread/unarchive", {"threadId": thread})["thread"]["path"] == path
        server.close()
    with open_server(first) as server:
        assert asked(ready(server).read(thread)) == ["one"]


@both_ways
def test_names_are_written_in_one_form(open_server: Open, home: Path, first: str, second: str) -> None:
    threads = []
    for name in (first, second):
        with open_server(name) as server:
            threads.append(ran(ready(server), "one"))
            server.result("thread/name/set", {"threadId": threads[-1], "name": f" of {name} "})
            server.until_method("thread/name/updated")
            server.close()
    entries = [json.loads(line) for line in (home / "session_index.jsonl").read_text().splitlines()]
    assert [(entry["id"], entry["thread_name"]) for entry in entries] == list(
        zip(threads, (f"of {first}", f"of {second}"), strict=True)
    )
    assert list(entries[0]) == list(entries[1])


@both_ways
def test_an_extended_history_reads_the_same(open_server: Open, first: str, second: str) -> None:
    with open_server(first) as server:
        thread = ran(ready(server), "one", persistExtendedHistory=True)
        own = server.read(thread)
        server.close()
    with open_server(second) as server:
        assert ready(server).read(thread) == own
    assert [item["type"] for item in own[0]["items"]] == ["userMessage", "commandExecution", "agentMessage"]


@both_ways
def test_a_name_leads_to_its_thread(
    open_server: Open, home: Path, model: ScriptedServer, first: str, second: str
) -> None:
    with open_server(first) as server:
        thread = ran(ready(server), "one")
        server.result("thread/name/set", {"threadId": thread, "name": "my thread"})
        server.until_method("thread/name/updated")
        server.close()
    command = [*find(second).argv, "exec", "--json", "--skip-git-repo-check", "resume", "my thread", "two"]
    done = subprocess.run(command, env=environment(home), cwd=home, capture_output=True, timeout=60, check=True)
    assert json.loads(done.stdout.splitlines()[0])["thread_id"] == thread
    assert '"one"' in json.dumps(model.requests[-1].body["input"])


def test_a_history_the_reference_compacted_is_replayed(open_server: Open, model: ScriptedServer) -> None:
    with open_server("reference") as server:
        thread = ran(ready(server), "one", "two")
        server.result("thread/compact/start", {"threadId": thread})
        server.until_method("turn/completed")
        server.turn(thread, "three")
        own = server.read(thread)
        server.close()
    before = model.requests[-1].body["input"]
    with open_server("ours") as server:
        resumed = ready(server).result("thread/resume", {"threadId": thread})["thread"]
        assert resumed["turns"] == own
        server.turn(thread, "four")
        copy = server.result("thread/fork", {"threadId": thread})["thread"]
        assert [turn["items"] for turn in copy["turns"][:3]] == [turn["items"] for turn in own[:3]]
        server.turn(copy["id"], "five")
    for request in model.requests[-2:]:
        assert said(request.body["input"])[: len(said(before))] == said(before)
