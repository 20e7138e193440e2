import json
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, function_call, message
from codex_app_server_client import CodexAppServer
from codex_app_server_client.types import ThreadReadParams, ThreadStartParams
from process_harness import AGENT, environment, scripted_model, write_config


@pytest.mark.anyio
async def test_a_client_none_of_us_wrote_runs_two_turns_and_reads_the_thread_back(tmp_path: Path) -> None:
    home, cwd = tmp_path / "home", tmp_path / "work"
    cwd.mkdir()
    script = [
        answer(function_call("exec_command", {"cmd": "echo one > a.txt"})),
        answer(message("First.")),
        answer(function_call("exec_command", {"cmd": "cat a.txt"})),
        answer(message("Second.")),
    ]
    with scripted_model(script) as model:
        write_config(home, model.url)
        async with CodexAppServer(codex_bin=AGENT, env=environment(home)) as server:
            assert server.server_info is not None
            assert "0.1.0+harness" in server.server_info.user_agent
            thread = await server.start_thread(ThreadStartParams(cwd=str(cwd)))
            first = await thread.run("write")
            second = await thread.run("read")
            read = await server.low_level.thread_read(ThreadReadParams(thread_id=thread.id, include_turns=True))
    assert (first.status, first.final_response) == ("completed", "First.")
    assert (second.status, second.final_response) == ("completed", "Second.")
    commands = [item for item in second.items if item["type"] == "commandExecution"]
    assert [(item["status"], item["exitCode"]) for item in commands] == [("completed", 0)]
    assert "one" in commands[0]["aggregatedOutput"]
    assert second.usage is not None
    assert second.usage.total.total_tokens == 480
    assert "First." in json.dumps(read.model_dump(mode="json"))
