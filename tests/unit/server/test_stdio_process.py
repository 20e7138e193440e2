import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import IO

import pytest
from agent_protocol.wire import JsonValue

SERVER = """
import sys
import anyio
from agent_protocol.rollout.event import AgentMessageContentDeltaEvent
from agent_server.limits import Limits
from agent_server.stdio import serve_stdio
from agent_server.testing.agent import ScriptedAgent, stay_active

def flood(thread, turn_id, user_input):
    stay_active(thread, turn_id, user_input)
    for number in range(20_000):
        thread.emit(AgentMessageContentDeltaEvent(
            thread_id=thread.id, turn_id=turn_id, item_id=f"i{number}", delta="x" * 100))

agent = ScriptedAgent(script=flood if "flood" in sys.argv else stay_active)

async def main():
    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(stray)
            return await serve_stdio(agent, limits=Limits(max_frame_bytes=30_000_000))

async def stray():
    print("a stray line", flush=True)

code = anyio.run(main)
print("closed because:", agent.close_reason, file=sys.stderr)
raise SystemExit(code)
"""

Process = subprocess.Popen[bytes]


@pytest.fixture
def launch() -> Iterator[Callable[..., Process]]:
    started: list[Process] = []

    def run(*arguments: str) -> Process:
        process = subprocess.Popen(
            [sys.executable, "-c", SERVER, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        started.append(process)
        return process

    yield run
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                stream.close()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _send(process: Process, *messages: JsonValue) -> None:
    stdin = _stream(process.stdin)
    for message in messages:
        stdin.write((message if isinstance(message, bytes) else json.dumps(message).encode()) + b"\n")
    stdin.flush()


def _next(process: Process) -> JsonValue:
    return json.loads(_stream(process.stdout).readline())


def _rest(process: Process) -> list[JsonValue]:
    return [json.loads(line) for line in _stream(process.stdout).read().splitlines()]


def _start_turn(process: Process) -> None:
    _send(
        process,
        {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "t", "version": "1"}}},
        {"id": 2, "method": "thread/start", "params": {}},
    )
    assert _next(process)["id"] == 1
    thread_id = _next(process)["result"]["thread"]["id"]
    assert _next(process)["method"] == "thread/started"
    _send(process, {"id": 3, "method": "turn/start", "params": {"threadId": thread_id, "input": []}})
    assert _next(process)["id"] == 3
    assert _next(process)["method"] == "turn/started"


def _closed_because(process: Process) -> bytes:
    return _stream(process.stderr).read()


def test_end_of_input_interrupts_the_turn_and_exits_with_0(launch: Callable[..., Process]) -> None:
    process = launch()
    _start_turn(process)
    _stream(process.stdin).close()
    (completed,) = _rest(process)
    assert completed["params"]["turn"]["status"] == "interrupted"
    assert process.wait(2) == 0
    assert b"closed because: the client" in _closed_because(process)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_interrupts_the_turn_and_exits_with_0(launch: Callable[..., Process], number: signal.Signals) -> None:
    process = launch()
    _start_turn(process)
    process.send_signal(number)
    (completed,) = _rest(process)
    assert completed["params"]["turn"]["status"] == "interrupted"
    assert process.wait(2) == 0
    assert number.name.encode() in _closed_because(process)


def test_requests_written_before_the_end_of_input_are_answered(launch: Callable[..., Process]) -> None:
    process = launch()
    _send(process, {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "t", "version": "1"}}})
    _send(process, *({"id": n, "method": "thread/start", "params": {}} for n in range(2, 22)))
    _stream(process.stdin).close()
    assert [each["id"] for each in _rest(process) if "id" in each] == list(range(1, 22))
    assert process.wait(2) == 0


def test_a_line_of_twenty_megabytes_is_read_and_one_above_the_limit_refused(launch: Callable[..., Process]) -> None:
    process = launch()
    _send(process, {"id": 1, "method": "initialize", "params": {"clientInfo": {"name": "t", "version": "1"}}})
    _send(process, {"id": 2, "method": "thread/list", "params": {"padding": "x" * 20_000_000}})
    _send(process, {"id": 3, "method": "thread/list", "params": {"padding": "x" * 31_000_000}})
    _send(process, {"method": "thread/list", "params": {"padding": "x" * 31_000_000}, "id": "tail"})
    _send(process, b'{"padding":"' + b"x" * 31_000_000)
    _send(process, {"id": 5, "method": "thread/list", "params": {}})
    replies = [_next(process) for _ in range(5)]
    assert [reply["id"] for reply in replies] == [1, 2, 3, "tail", 5]
    assert [reply["error"]["code"] for reply in replies if "error" in reply] == [-32600, -32600]


def test_a_client_that_never_reads_ends_its_server_in_order(launch: Callable[..., Process]) -> None:
    process = launch("flood")
    _send(process, {"id": 0, "method": "initialize", "params": {"clientInfo": {"name": "t", "version": "1"}}})
    for number in range(10):
        thread_id = f"00000000-0000-7000-8000-{number:012d}"
        _send(process, {"id": 1, "method": "thread/start", "params": {}})
        _send(process, {"id": 2, "method": "turn/start", "params": {"threadId": thread_id, "input": []}})
    assert process.wait(10) == 1
    assert b"reads too slowly" in _closed_because(process)


def test_a_client_that_closes_its_input_ends_the_server(launch: Callable[..., Process]) -> None:
    process = launch()
    _start_turn(process)
    _stream(process.stdout).close()
    _send(process, {"id": 9, "method": "thread/list", "params": {}})
    assert process.wait(2) == 0
