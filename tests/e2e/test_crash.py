import json
import os
import signal
from pathlib import Path

from agent_core.testing.answer import answer, function_call, message
from process_harness import app_server, scripted_model, write_config


def rollout_of(home: Path) -> Path:
    (path,) = home.glob("sessions/*/*/*/rollout-*.jsonl")
    return path


def test_after_kill_9_in_the_middle_of_a_turn_all_that_was_complete_reads_back(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    script = [
        answer(message("First.")),
        answer(message("Working on it."), function_call("exec_command", {"cmd": "echo $$ > pid; exec sleep 300"})),
        answer(message("After the crash.")),
    ]
    with scripted_model(script) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.turn(thread, "one")
            server.result("turn/start", {"threadId": thread, "input": [{"type": "text", "text": "two"}]})
            server.until(lambda m: m.get("params", {}).get("item", {}).get("type") == "commandExecution")
            while not (cwd / "pid").exists() or not (cwd / "pid").read_text().strip():
                server.result("thread/loaded/list", {})
            os.kill(server.child.pid, signal.SIGKILL)
            server.wait()
        with app_server(home, cwd) as server:
            server.initialize()
            turns = server.read(thread)
            texts = [item.get("text") for turn in turns for item in turn["items"] if item["type"] == "agentMessage"]
            assert texts == ["First.", "Working on it."]
            server.result("thread/resume", {"threadId": thread})
            assert server.turn(thread, "three")["status"] == "completed"
            sent = json.dumps(model.requests[-1].body["input"])
            for text in ("one", "First.", "two", "Working on it.", "aborted", "three"):
                assert text in sent
            assert server.close() == 0
    pid = int((cwd / "pid").read_text())
    assert not Path(f"/proc/{pid}").exists() or "sleep" not in Path(f"/proc/{pid}/cmdline").read_text()


def test_a_torn_last_line_is_mended_and_nothing_else_is_touched(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(message("First.")), answer(message("Second."))]) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.turn(thread, "one")
            assert server.close() == 0
        path = rollout_of(home)
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"timestamp":"2026-01-01T00:00:00.000Z","type":"event_msg","payl')
        with app_server(home, cwd) as server:
            server.initialize()
            assert [turn["status"] for turn in server.read(thread)] == ["completed"]
            server.result("thread/resume", {"threadId": thread})
            server.turn(thread, "two")
            assert len(server.read(thread)) == 2
        after = path.read_bytes()
        assert after.startswith(whole)
        assert all(json.loads(line) for line in after.splitlines())


def test_closing_standard_input_records_the_running_turn_and_kills_its_command(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(function_call("exec_command", {"cmd": "echo $$ > pid; exec sleep 300"}))]) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.result("turn/start", {"threadId": thread, "input": [{"type": "text", "text": "one"}]})
            while not (cwd / "pid").exists() or not (cwd / "pid").read_text().strip():
                server.result("thread/loaded/list", {})
            assert server.close() == 0
    assert json.loads(rollout_of(home).read_text().splitlines()[-1])["payload"]["type"] == "turn_aborted"
    assert not Path(f"/proc/{int((cwd / 'pid').read_text())}").exists()


def test_sigterm_ends_in_order(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    with scripted_model([answer(function_call("exec_command", {"cmd": "sleep 300"}))]) as model:
        write_config(home, model.url)
        with app_server(home, cwd) as server:
            server.initialize()
            thread = server.start_thread(cwd=str(cwd))
            server.result("turn/start", {"threadId": thread, "input": [{"type": "text", "text": "one"}]})
            server.until(lambda m: m.get("params", {}).get("item", {}).get("type") == "commandExecution")
            server.child.send_signal(signal.SIGTERM)
            assert server.child.wait(10) == 0
    assert json.loads(rollout_of(home).read_text().splitlines()[-1])["payload"]["type"] == "turn_aborted"
