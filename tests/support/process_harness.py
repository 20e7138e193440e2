"""`agent app-server` as a real process over a home of its own, with a scripted model server beside it."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue

from agent_core.testing.server import ScriptedServer, Step
from agent_protocol.wire import JsonValue
from anyio.from_thread import start_blocking_portal

AGENT = str(Path(sys.executable).parent / "agent")
SECONDS = 30


@contextmanager
def scripted_model(script: Iterable[Step]) -> Iterator[ScriptedServer]:
    """Serve ``script`` on the loopback interface, from a thread of its own."""
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(ScriptedServer(script)) as server:
        yield server


def write_config(home: Path, url: str, **settings: str) -> None:
    """Write a configuration whose provider is the scripted model at ``url``."""
    chosen = {"model": "gpt-5.2-codex", "approval_policy": "never", "sandbox_mode": "danger-full-access"} | settings
    home.mkdir(exist_ok=True)
    lines = [f"{key} = {json.dumps(value)}" for key, value in chosen.items()]
    (home / "config.toml").write_text(
        "\n".join(
            [
                *lines,
                'model_provider = "mock"',
                "[model_providers.mock]",
                'name = "Mock"',
                f"base_url = {json.dumps(url)}",
                "request_max_retries = 0",
                "stream_max_retries = 1",
                "",
            ]
        )
    )


def environment(home: Path, **extra: str) -> dict[str, str]:
    """Return the variables of a process that knows only ``home``; the reference reads the same folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, "HOME": str(home), "AGENT_HOME": str(home), "CODEX_HOME": str(home), **extra}


class AppServer:
    """A child that speaks the protocol in lines; every message is kept in order."""

    def __init__(self, argv: list[str], env: Mapping[str, str], cwd: Path) -> None:
        self.child = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(env), cwd=cwd
        )
        self.messages: list[JsonValue] = []
        self.stderr = ""
        self._arrived: Queue[JsonValue] = Queue()
        self._readers = [threading.Thread(target=self._read), threading.Thread(target=self._read_stderr)]
        for reader in self._readers:
            reader.start()
        self._next_id = 0

    def send_bytes(self, data: bytes) -> None:
        assert self.child.stdin is not None
        self.child.stdin.write(data)
        self.child.stdin.flush()

    def send(self, message: JsonValue) -> None:
        self.send_bytes(json.dumps(message).encode() + b"\n")

    def start_request(self, method: str, params: JsonValue) -> int:
        self._next_id += 1
        self.send({"id": self._next_id, "method": method, "params": params})
        return self._next_id

    def request(self, method: str, params: JsonValue) -> JsonValue:
        """Return the reply, error or not."""
        request_id = self.start_request(method, params)
        return self.until(lambda message: message.get("id") == request_id and "method" not in message)

    def result(self, method: str, params: JsonValue) -> JsonValue:
        reply = self.request(method, params)
        assert "result" in reply, reply
        return reply["result"]

    def until(self, wanted: Callable[[JsonValue], bool]) -> JsonValue:
        """Return the next message that is ``wanted``, passing over others."""
        while True:
            try:
                message = self._arrived.get(timeout=SECONDS)
            except Empty:
                raise AssertionError(f"nothing wanted came; stderr: {self.stderr}") from None
            if message is None:
                raise AssertionError(f"the server ended; stderr: {self.stderr}")
            self.messages.append(message)
            if wanted(message):
                return message

    def until_method(self, method: str) -> JsonValue:
        return self.until(lambda message: message.get("method") == method)

    def initialize(self, experimental: bool = False) -> JsonValue:
        reply = self.result(
            "initialize",
            {
                "clientInfo": {"name": "tests", "title": None, "version": "1"},
                "capabilities": {"experimentalApi": experimental},
            },
        )
        self.send({"method": "initialized"})
        return reply

    def start_thread(self, **params: JsonValue) -> str:
        thread_id = self.result("thread/start", params)["thread"]["id"]
        assert isinstance(thread_id, str)
        return thread_id

    def turn(self, thread_id: str, text: str, **params: JsonValue) -> JsonValue:
        """Run a turn to its end and return it."""
        self.result("turn/start", {"threadId": thread_id, "input": [{"type": "text", "text": text}], **params})
        return self.until_method("turn/completed")["params"]["turn"]

    def items(self, thread_id: str) -> list[JsonValue]:
        """Return the items of all turns, as they are read back."""
        turns = self.read(thread_id)
        return [item for turn in turns for item in turn["items"]]

    def read(self, thread_id: str) -> list[JsonValue]:
        """Return the turns, as they are read back."""
        turns = self.result("thread/read", {"threadId": thread_id, "includeTurns": True})["thread"]["turns"]
        assert isinstance(turns, list)
        return turns

    def close(self) -> int:
        """End standard input and return the exit code."""
        assert self.child.stdin is not None
        self.child.stdin.close()
        return self.wait()

    def wait(self) -> int:
        code = self.child.wait(SECONDS)
        for reader in self._readers:
            reader.join(SECONDS)
        return code

    def _read(self) -> None:
        assert self.child.stdout is not None
        with self.child.stdout as lines:
            for line in lines:
                self._arrived.put(json.loads(line))
        self._arrived.put(None)

    def _read_stderr(self) -> None:
        assert self.child.stderr is not None
        with self.child.stderr as lines:
            for line in lines:
                self.stderr += line.decode(errors="replace")


@contextmanager
def app_server(home: Path, cwd: Path, argv: list[str] | None = None, **env: str) -> Iterator[AppServer]:
    """Run an app-server over ``home``; one that still runs at the end of the block is killed."""
    server = AppServer([*(argv or [AGENT]), "app-server"], environment(home, **env), cwd)
    try:
        yield server
    finally:
        if server.child.poll() is None:
            server.child.kill()
        server.wait()
        assert server.child.stdin is not None
        server.child.stdin.close()
