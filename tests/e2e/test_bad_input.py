"""Whatever goes wrong: a clear error, the server alive, nothing lost."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, custom_call, function_call, message
from agent_core.testing.server import HangUp, Refuse, ScriptedServer, Step, Stream
from agent_protocol.wire import JsonValue
from process_harness import AGENT, AppServer, app_server, environment, scripted_model, write_config

FINE = answer(message("All is well."))


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def work(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    return folder


@pytest.fixture
def model() -> Iterator[ScriptedServer]:
    with scripted_model([FINE]) as server:
        yield server


@pytest.fixture
def server(home: Path, work: Path, model: ScriptedServer) -> Iterator[AppServer]:
    write_config(home, model.url)
    with app_server(home, work) as server:
        server.initialize()
        yield server


def works(server: AppServer, work: Path) -> bool:
    return bool(server.turn(server.start_thread(cwd=str(work)), "go")["status"] == "completed")


@pytest.mark.parametrize(
    "line",
    [
        b"garbage\n",
        b"\n",
        b"[]\n",
        b'{"id":null,"method":"model/list","params":{}}\n',
        b'{"id":1.5,"method":"model/list","params":{}}\n',
        b'{"id":99}\n',
        b'{"id":1,"method":"model/list","params":{}} trailing\n',
        b"\xef\xbb\xbf{}\n",
        b"\xff\xfe\x00\n",
        b"[" * 100_000 + b"\n",
        b'{"a":' * 100_000 + b"\n",
    ],
)
def test_what_is_no_message_is_dropped_and_the_server_goes_on(server: AppServer, work: Path, line: bytes) -> None:
    server.send_bytes(line)
    assert works(server, work)


def test_a_line_of_20_megabytes_is_read(server: AppServer, work: Path) -> None:
    thread = server.start_thread(cwd=str(work))
    assert server.turn(thread, "x" * 20_000_000)["status"] == "completed"
    assert len(server.items(thread)[0]["content"][0]["text"]) == 20_000_000


@pytest.mark.parametrize(
    "method, params, names",
    [
        ("no/such/method", {}, "no/such/method"),
        ("turn/start", {"threadId": 5, "input": []}, "threadId"),
        ("turn/start", {"threadId": "not-a-uuid", "input": []}, "not-a-uuid"),
        ("turn/start", {"threadId": "00000000-0000-7000-8000-000000000000", "input": []}, "thread not found"),
        ("turn/start", {"threadId": "x"}, "input"),
        ("thread/start", {"sandbox": "none"}, "sandbox"),
        ("thread/start", {"cwd": "/no/such/folder"}, "/no/such/folder"),
        ("thread/start", {"modelProvider": "nobody"}, "nobody"),
        ("thread/start", {"config": {"model_reasoning_effort": "huge"}}, "model_reasoning_effort"),
        ("thread/resume", {"threadId": "00000000-0000-7000-8000-000000000000"}, "00000000-0000-7000-8000-000000000000"),
        ("thread/read", {"threadId": "00000000-0000-7000-8000-000000000000"}, "00000000-0000-7000-8000-000000000000"),
        ("thread/list", {"cursor": "nonsense"}, "cursor"),
        ("thread/list", None, "params"),
        ("thread/compact/start", {"threadId": "00000000-0000-7000-8000-000000000000"}, "not available yet"),
    ],
)
def test_a_bad_request_is_answered_with_what_is_wrong(
    server: AppServer, work: Path, method: str, params: JsonValue, names: str
) -> None:
    error = server.request(method, params)["error"]
    assert error["code"] == -32600
    assert names in error["message"]
    assert works(server, work)


def test_a_broken_config_is_a_warning_with_its_place_and_an_error_of_thread_start(home: Path, work: Path) -> None:
    home.mkdir()
    (home / "config.toml").write_text('model = "x"\nsandbox_mode = oops\n')
    with app_server(home, work) as server:
        server.initialize()
        warning = server.until_method("configWarning")["params"]
        assert warning["path"] == str(home / "config.toml")
        assert warning["range"]["start"]["line"] == 2
        error = server.request("thread/start", {})["error"]
        assert error["code"] == -32600
        assert "config.toml:2" in error["message"]
        with scripted_model([FINE]) as model:
            write_config(home, model.url)
            assert works(server, work)


def test_a_missing_key_names_the_variable_to_set(home: Path, work: Path) -> None:
    home.mkdir()
    with app_server(home, work) as server:
        server.initialize()
        turn = server.turn(server.start_thread(cwd=str(work)), "go")
        assert turn["status"] == "failed"
        assert "OPENAI_API_KEY" in turn["error"]["message"]
        assert server.close() == 0


@pytest.mark.parametrize(
    "steps, info",
    [
        ([Refuse(status=400, body={"error": {"message": "bad"}})], "other"),
        ([Refuse(status=401, body={"error": {"message": "who"}})] * 2, "other"),
        (
            [Refuse(status=429, body={"error": {"message": "slow"}})],
            {"responseTooManyFailedAttempts": {"httpStatusCode": 429}},
        ),
        ([Refuse(status=429, body={"error": {"type": "usage_limit_reached", "message": "out"}})], "usageLimitExceeded"),
        ([Refuse(status=500, body=b"<html>")] * 2, "internalServerError"),
        ([Stream(parts=FINE[:2], cut=True)] * 2, "other"),
        ([Stream(parts=FINE[:2])] * 2, "other"),
        ([Stream(parts=[b"\x00\x01 garbage\n\ndata: {]\n\n"])] * 2, "other"),
        ([HangUp()] * 2, {"httpConnectionFailed": {"httpStatusCode": None}}),
    ],
)
def test_a_failing_model_fails_the_turn_and_the_next_one_works(
    home: Path, work: Path, steps: list[Step], info: JsonValue
) -> None:
    with scripted_model([*steps, FINE]) as model:
        write_config(home, model.url)
        with app_server(home, work) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(work))
            failed = server.turn(thread, "go")
            assert failed["status"] == "failed"
            assert failed["error"]["codexErrorInfo"] == info
            assert failed["error"]["message"]
            assert server.turn(thread, "again")["status"] == "completed"
            assert [turn["status"] for turn in server.read(thread)] == ["failed", "completed"]


def test_a_server_that_is_not_there_fails_the_turn(home: Path, work: Path) -> None:
    write_config(home, "http://127.0.0.1:9/v1")
    with app_server(home, work) as server:
        server.initialize()
        turn = server.turn(server.start_thread(cwd=str(work)), "go")
        assert turn["status"] == "failed"
        assert "127.0.0.1:9" in turn["error"]["message"]


def test_a_patch_that_does_not_apply_and_a_command_that_is_not_there_are_told_to_the_model(
    home: Path, work: Path
) -> None:
    (work / "a.txt").write_text("one\n")
    patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-two\n+three\n*** End Patch"
    script = [
        answer(custom_call("apply_patch", patch), custom_call("apply_patch", "nonsense")),
        answer(function_call("exec_command", {"cmd": "no-such-command-xyz"})),
        answer(function_call("exec_command", {"cmd": "true", "workdir": "/no/such/folder"})),
        FINE,
    ]
    with scripted_model(script) as model:
        write_config(home, model.url)
        with app_server(home, work) as server:
            server.initialize()
            assert server.turn(server.start_thread(cwd=str(work)), "go")["status"] == "completed"
        sent = json.dumps(model.requests[-1].body["input"])
    assert sent.count("apply_patch verification failed: ") == 2
    assert "Process exited with code 127" in sent
    assert "/no/such/folder" in sent
    assert (work / "a.txt").read_text() == "one\n"


def test_a_home_that_cannot_be_written_fails_the_turn_with_its_path_and_loses_nothing(
    home: Path, work: Path, model: ScriptedServer
) -> None:
    write_config(home, model.url)
    (home / "sessions").write_text("in the way")
    with app_server(home, work) as server:
        server.initialize()
        thread = server.start_thread(cwd=str(work))
        failed = server.turn(thread, "one")
        assert failed["status"] == "failed"
        assert str(home / "sessions") in failed["error"]["message"]
        (home / "sessions").unlink()
        assert server.turn(thread, "two")["status"] == "completed"
        texts = [item["content"][0]["text"] for item in server.items(thread) if item["type"] == "userMessage"]
        assert texts == ["one", "two"]


def test_a_client_that_reads_nothing_does_not_keep_the_server_from_ending(home: Path, work: Path) -> None:
    command = "head -c 3000000 /dev/zero | tr '\\\\0' x"
    with scripted_model([answer(function_call("exec_command", {"cmd": command})), FINE]) as model:
        write_config(home, model.url)
        child = subprocess.Popen(
            [AGENT, "app-server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment(home),
            cwd=work,
        )
        assert child.stdin is not None
        assert child.stdout is not None
        child.stdin.write(b'{"id":1,"method":"initialize","params":{"clientInfo":{"name":"t","version":"1"}}}\n')
        child.stdin.write(b'{"id":2,"method":"thread/start","params":{}}\n')
        child.stdin.flush()
        lines = iter(child.stdout.readline, b"")
        reply = next(found for line in lines if (found := json.loads(line)).get("id") == 2)
        thread = reply["result"]["thread"]["id"]
        start = {"threadId": thread, "input": [{"type": "text", "text": "go"}]}
        child.stdin.write(json.dumps({"id": 3, "method": "turn/start", "params": start}).encode() + b"\n")
        child.stdin.flush()
        child.stdin.close()
        assert child.wait(20) in (0, 1)
        child.stdout.close()


def test_a_home_that_does_not_exist_is_named(tmp_path: Path, work: Path) -> None:
    env = environment(tmp_path / "nowhere")
    ended = subprocess.run(
        [AGENT, "app-server"], env=env, cwd=work, stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    assert ended.returncode == 1
    assert os.fsencode(tmp_path / "nowhere") in ended.stderr
