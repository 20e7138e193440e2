"""The process: how it ends, whose records and keys it touches, and the command line beside it."""

import json
import os
import signal
import subprocess
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, function_call, message
from implementation import OURS
from process_harness import app_server
from stage import Opener, Stage, Talk, record_of

INVALID = -32600
FINE = answer(message("Done."))


@pytest.mark.requirement("one-writer")
def test_a_thread_loaded_elsewhere_is_refused(stage: Stage) -> None:
    talk = stage.talk()
    talk.run(FINE)
    with app_server(stage.home, stage.root, list(stage.implementation.argv)) as other:
        other.initialize()
        reply = other.request("thread/resume", {"threadId": talk.id})
        assert len(other.read(talk.id)) == 1
    if stage.is_ours:
        assert reply["error"]["code"] == INVALID
        assert str(stage.server.child.pid) in reply["error"]["message"]
    else:
        assert "result" in reply
    assert talk.run(answer(message("Again.", item_id="m2"))).status == "completed"


def running(stage: Stage) -> tuple[Talk, int]:
    """Begin a turn and return its thread and the process id of its command."""
    talk = stage.talk()
    talk.begin(answer(function_call("exec_command", {"cmd": "echo $$ > pid; exec sleep 300"}, call_id="c1")))
    pid = talk.folder / "pid"
    while not pid.exists() or not pid.read_text().endswith("\n"):
        stage.is_alive()
    return talk, int(pid.read_text())


@pytest.mark.requirement("orderly-end")
@pytest.mark.parametrize("how", [signal.SIGTERM, None], ids=["SIGTERM", "end of input"])
def test_the_end_of_the_process_ends_its_turns(fresh_ours: Opener, how: signal.Signals | None) -> None:
    with fresh_ours() as stage:
        talk, pid = running(stage)
        if how is None:
            code = stage.server.close()
        else:
            stage.server.child.send_signal(how)
            code = stage.server.wait()
        assert code == 0
        assert record_of(talk)[-1]["payload"]["type"] == "turn_aborted"
        assert not Path(f"/proc/{pid}").exists()


@pytest.mark.requirement("orderly-end")
def test_the_reference_just_ends(fresh_theirs: Opener) -> None:
    with fresh_theirs() as stage:
        talk, pid = running(stage)
        assert stage.server.close() == 0
        kinds = [line["payload"].get("type") for line in record_of(talk)]
        if Path(f"/proc/{pid}").exists():
            os.kill(pid, signal.SIGKILL)
        assert "turn_aborted" not in kinds


@pytest.mark.requirement("key-of-the-built-in-provider")
def test_the_key_goes_to_the_built_in_provider_and_to_no_other(fresh_ours: Opener) -> None:
    with fresh_ours(OPENAI_API_KEY="sk-built-in") as stage:
        stage.talk().run(FINE)
        assert "authorization" not in stage.model.requests[-1].headers
        assert "sk-built-in" not in json.dumps(stage.model.requests[-1].body)
        with app_server(
            stage.home,
            stage.root,
            [*OURS.argv, "-c", "model_provider=openai"],
            OPENAI_API_KEY="sk-built-in",
            OPENAI_BASE_URL=stage.model.url,
        ) as server:
            server.initialize()
            assert server.result("account/read", {})["requiresOpenaiAuth"] is True
            stage.script.extend([FINE])
            server.turn(server.start_thread(cwd=str(stage.folder())), "go")
        assert stage.model.requests[-1].headers["authorization"] == "Bearer sk-built-in"


@pytest.mark.requirement("no-weaker-confinement")
@pytest.mark.parametrize("wanted", [["--network", "proxy"], ["--backend", "bubblewrap"]], ids=" ".join)
def test_what_cannot_be_confined_as_asked_does_not_run(tmp_path: Path, wanted: list[str]) -> None:
    made = tmp_path / "made"
    done = subprocess.run(
        [*OURS.argv, "sandbox", "run", *wanted, "-C", str(tmp_path), "--", "touch", str(made)],
        capture_output=True,
        timeout=30,
        env={"PATH": os.environ["PATH"], "AGENT_BWRAP": str(tmp_path / "absent")},
    )
    assert (done.returncode, made.exists()) == (125, False)
    assert done.stderr


def agent(stage: Stage, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PATH": os.environ["PATH"], "HOME": str(stage.home), "AGENT_HOME": str(stage.home)}
    env["CODEX_HOME"] = str(stage.home)
    return subprocess.run(
        [*stage.implementation.argv, "exec", "--skip-git-repo-check", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        env=env,
        cwd=stage.root,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.requirement("exec-resume-unknown")
def test_exec_does_not_resume_what_does_not_exist(stage: Stage) -> None:
    before = len(stage.model.requests)
    stage.script.extend([FINE])
    done = agent(stage, "resume", "00000000-0000-7000-8000-000000000000", "go")
    if stage.is_ours:
        assert done.returncode == 1
        assert "00000000-0000-7000-8000-000000000000" in done.stderr
        assert len(stage.model.requests) == before
    else:
        assert done.returncode == 0
