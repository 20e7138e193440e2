import json
import os
import shutil
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, custom_call, function_call, message, reasoning
from process_harness import AGENT, app_server, scripted_model, write_config

CACHED = Path.home() / ".cache/agent-oracle/0.104.0/package/vendor/x86_64-unknown-linux-musl/codex/codex"
REFERENCE = os.environ.get("AGENT_REFERENCE_BIN") or (str(CACHED) if CACHED.exists() else shutil.which("codex"))

pytestmark = pytest.mark.skipif(
    REFERENCE is None, reason="the reference binary is not here: set AGENT_REFERENCE_BIN to compare with it"
)

PATCH = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"
FIRST = [
    answer(reasoning("Look."), function_call("exec_command", {"cmd": "echo marker-$((40+2))"})),
    answer(custom_call("apply_patch", PATCH)),
    answer(message("The first answer.")),
]


@pytest.mark.parametrize("first, second", [("ours", "theirs"), ("theirs", "ours")])
def test_a_thread_recorded_by_one_goes_on_with_the_other(tmp_path: Path, first: str, second: str) -> None:
    assert REFERENCE is not None
    commands = {"ours": [AGENT], "theirs": [REFERENCE]}
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([*FIRST, answer(message("The second answer."))]) as model:
        write_config(home, model.url)
        with app_server(home, cwd, commands[first]) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            assert server.turn(thread, "the first question")["status"] == "completed"
            assert server.close() == 0
        with app_server(home, cwd, commands[second]) as server:
            server.initialize()
            resumed = server.result("thread/resume", {"threadId": thread})
            assert resumed["thread"]["preview"] == "the first question"
            assert len(resumed["thread"]["turns"]) == 1
            assert server.turn(thread, "the second question")["status"] == "completed"
            listed = server.result("thread/list", {"modelProviders": []})["data"]
            assert [entry["id"] for entry in listed] == [thread]
        before, after = model.requests[2].body["input"], model.requests[3].body["input"]
    assert after[: len(before)] == before
    sent = json.dumps(after)
    for text in ("the first question", "marker-42", "A new.txt", "The first answer.", "the second question"):
        assert text in sent


def test_both_read_the_same_turns_from_one_record(tmp_path: Path) -> None:
    assert REFERENCE is not None
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model(FIRST) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize(experimental=True)
            thread = server.start_thread(cwd=str(cwd), persistExtendedHistory=True)
            server.turn(thread, "the question")
            ours = server.read(thread)
        with app_server(home, cwd, [REFERENCE]) as server:
            server.initialize()
            theirs = server.read(thread)
    assert ours == theirs
    assert [item["type"] for item in ours[0]["items"]] == [
        "userMessage",
        "reasoning",
        "commandExecution",
        "fileChange",
        "agentMessage",
    ]
