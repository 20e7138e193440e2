import sys

import anyio
import pytest
from agent_protocol.client import connect_stdio
from agent_protocol.errors import ConnectionLost
from agent_protocol.v2.thread import (
    THREAD_LIST,
    THREAD_LOADED_LIST,
    ThreadListParams,
    ThreadLoadedListParams,
)

pytestmark = pytest.mark.anyio

ECHO = """
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if "id" not in message:
        continue
    if message["method"] == "thread/list":
        sys.exit(3)
    result = {"data": [str(len(line))], "nextCursor": None, "userAgent": "echo"}
    print(json.dumps({"id": message["id"], "result": result}), flush=True)
"""

STUBBORN = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('{"method":"ready"}', flush=True)
while True:
    time.sleep(10)
"""


async def test_a_child_process_is_served_and_ended() -> None:
    async with connect_stdio([sys.executable, "-c", ECHO]) as client:
        assert (await client.initialize("n", "1")).user_agent == "echo"
        big = await client.request(THREAD_LOADED_LIST, ThreadLoadedListParams(cursor="x" * 3_000_000))
        assert int(big.data[0]) > 3_000_000


async def test_a_process_that_dies_ends_its_calls_and_says_with_which_code() -> None:
    async with connect_stdio([sys.executable, "-c", ECHO]) as client:
        with pytest.raises(ConnectionLost) as caught:
            await client.request(THREAD_LIST, ThreadListParams())
        assert "code 3" in caught.value.reason


async def test_environment_and_directory_are_the_childs(tmp_path: object) -> None:
    script = (
        "import os, json; print(json.dumps({'method': 'x', 'params': [os.environ['A'], os.getcwd()]}), flush=True);"
        "input()"
    )
    async with connect_stdio([sys.executable, "-c", script], env={"A": "b"}, cwd=str(tmp_path)) as client:
        message = await anext(client.notifications())
        assert message.raw_params == f'["b", "{tmp_path}"]'.encode()


async def test_a_command_that_does_not_exist_is_an_os_error() -> None:
    with pytest.raises(OSError, match="agent"):
        async with connect_stdio(["/no/such/agent"]):
            pass


async def test_a_process_that_ends_for_nothing_is_killed() -> None:
    with anyio.fail_after(20):
        async with connect_stdio([sys.executable, "-c", STUBBORN], exit_seconds=0.1) as client:
            assert (await anext(client.notifications())).method == "ready"
