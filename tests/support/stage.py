"""An app-server under test with its home and its model, and the threads that are driven on it."""

import json
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import TypeAlias

from agent_core.testing.answer import answer, function_call
from agent_core.testing.server import ScriptedServer, Step
from agent_protocol.wire import JsonValue
from anyio import Event
from implementation import Implementation
from process_harness import AppServer, app_server, scripted_model, write_config

WAIT = "until [ -e go ]; do sleep 0.1; done"
"""What makes a command wait for a file."""
UNKNOWN_THREAD = "00000000-0000-7000-8000-000000000000"


Opener: TypeAlias = Callable[..., AbstractContextManager["Stage"]]
"""Opens a stage; takes the keyword arguments of :func:`staged`."""


class Script:
    """Answers of the model that tests add as they go."""

    def __init__(self) -> None:
        self._steps: deque[Step] = deque()

    def extend(self, steps: Iterable[Step]) -> None:
        self._steps.extend(steps)

    @property
    def is_used_up(self) -> bool:
        return not self._steps

    def __iter__(self) -> "Script":
        return self

    def __next__(self) -> Step:
        if not self._steps:
            raise StopIteration
        return self._steps.popleft()


class Stage:
    """One server process and the script of its model."""

    def __init__(
        self, implementation: Implementation, root: Path, server: AppServer, model: ScriptedServer, script: "Script"
    ) -> None:
        self.implementation = implementation
        self.root = root
        self.home = root / "home"
        self.server = server
        self.model = model
        self.script = script
        self.never = Event()
        """What an answer waits for that is not to end."""
        self._folders = 0

    @property
    def is_ours(self) -> bool:
        return self.implementation.name == "ours"

    def folder(self) -> Path:
        """Return a new empty directory."""
        self._folders += 1
        folder = self.root / f"work-{self._folders}"
        folder.mkdir()
        return folder

    def mend(self) -> None:
        """Give the home a configuration that works."""
        write_config(self.home, self.model.url)

    def error(self, method: str, params: JsonValue) -> JsonValue:
        """Send a request that must fail and return its error."""
        reply = self.server.request(method, params)
        assert "error" in reply, reply
        return reply["error"]

    def is_alive(self) -> bool:
        """Tell whether the server still answers."""
        return "result" in self.server.request("thread/loaded/list", {})

    def talk(self, **params: JsonValue) -> "Talk":
        """Start a thread in a directory of its own."""
        folder = self.folder()
        mark = len(self.server.messages)
        opened = self.server.result("thread/start", {"cwd": str(folder), **params})
        self.server.until_method("thread/started")
        return Talk(self, opened, folder, Record(self, mark))

    def fork(self, **params: JsonValue) -> "Talk":
        """Copy a thread; ``cwd`` of the copy is the source's unless it is given."""
        mark = len(self.server.messages)
        opened = self.server.result("thread/fork", params)
        self.server.until_method("thread/started")
        return Talk(self, opened, Path(opened["cwd"]), Record(self, mark))


class Record:
    """What the server said since a moment, up to the end of the turn that was waited for.

    Raw core events, which only the reference sends, are left out.
    """

    def __init__(self, stage: Stage, mark: int) -> None:
        self._stage = stage
        self._mark = mark
        self._end: int | None = None

    def close(self) -> None:
        """Leave out what is said from now on."""
        self._end = len(self._stage.server.messages)

    @property
    def messages(self) -> list[JsonValue]:
        said = self._stage.server.messages[self._mark : self._end]
        return [message for message in said if not str(message.get("method", "")).startswith("codex/event/")]

    @property
    def methods(self) -> list[str]:
        """Return the names in order; the reply to a request is called ``reply``."""
        return [message.get("method", "reply") for message in self.messages]

    def all(self, method: str) -> list[JsonValue]:
        """Return the params of every message called ``method``."""
        return [message["params"] for message in self.messages if message.get("method") == method]

    def one(self, method: str) -> JsonValue:
        """Return the params of the only message called ``method``."""
        (params,) = self.all(method)
        return params

    def items(self, method: str, kind: str) -> list[JsonValue]:
        """Return the items of this kind that messages called ``method`` carry."""
        return [params["item"] for params in self.all(method) if params["item"]["type"] == kind]

    def index(self, wanted: Callable[[JsonValue], bool]) -> int:
        """Return the place of the first message that is ``wanted``."""
        return next(place for place, message in enumerate(self.messages) if wanted(message))

    @property
    def status(self) -> str:
        """Return the status the turn ended with."""
        status = self.one("turn/completed")["turn"]["status"]
        assert isinstance(status, str)
        return status


class Talk:
    """A thread that was started on a stage."""

    def __init__(self, stage: Stage, opened: JsonValue, folder: Path, record: Record) -> None:
        self.stage = stage
        self.opened = opened
        self.folder = folder
        self.record = record

    @property
    def id(self) -> str:
        thread_id = self.opened["thread"]["id"]
        assert isinstance(thread_id, str)
        return thread_id

    def begin(self, *script: Step, text: str = "go", **params: JsonValue) -> Record:
        """Start a turn that the model answers with ``script`` and return when it is answered."""
        self.stage.script.extend(script)
        record = self.mark()
        self.stage.server.result(
            "turn/start", {"threadId": self.id, "input": [{"type": "text", "text": text}], **params}
        )
        return record

    def finish(self, record: Record) -> Record:
        """Wait for the end of the turn, which must have used up its script."""
        self.stage.server.until(self.is_end)
        record.close()
        assert self.stage.script.is_used_up
        return record

    def run(self, *script: Step, text: str = "go", **params: JsonValue) -> Record:
        """Run a whole turn."""
        return self.finish(self.begin(*script, text=text, **params))

    def run_command(self, command: str, *script: Step, call_id: str = "c1") -> Record:
        """Run a turn whose model first calls ``command``, which begins when its item was shown.

        What a command puts out earlier may be lost there.
        """
        waiting = {"cmd": f"{WAIT}; {command}"}
        record = self.begin(answer(function_call("exec_command", waiting, call_id=call_id)), *script)
        self.stage.server.until(lambda each: each.get("params", {}).get("item", {}).get("id") == call_id)
        (self.folder / "go").touch()
        return self.finish(record)

    def is_end(self, message: JsonValue) -> bool:
        return bool(message.get("method") == "turn/completed" and message["params"]["threadId"] == self.id)

    def mark(self) -> Record:
        """Record from now on."""
        return Record(self.stage, len(self.stage.server.messages))

    def asked(self, method: str) -> JsonValue:
        """Wait for a question of this kind."""
        return self.stage.server.until(lambda message: message.get("method") == method and "id" in message)

    def answer(self, question: JsonValue, decision: JsonValue) -> None:
        """Answer a question with a decision."""
        self.stage.server.send({"id": question["id"], "result": {"decision": decision}})

    def turns(self) -> Sequence[JsonValue]:
        """Return the turns as they are read back."""
        return self.stage.server.read(self.id)


def record_of(talk: Talk) -> list[JsonValue]:
    """Return the lines of the thread's record."""
    return [json.loads(line) for line in Path(talk.opened["thread"]["path"]).read_text().splitlines()]


@contextmanager
def staged(
    implementation: Implementation,
    root: Path,
    *,
    initialize: bool = True,
    experimental: bool = True,
    config: str | None = None,
    auth: JsonValue = None,
    **env: str,
) -> Iterator[Stage]:
    """Run an implementation over a home of its own, with a model that follows the stage's script.

    ``config`` replaces the configuration that works; ``auth`` is a stored login.
    """
    script = Script()
    root.mkdir(exist_ok=True)
    with scripted_model(script) as model:
        write_config(root / "home", model.url)
        if config is not None:
            (root / "home/config.toml").write_text(config)
        if auth is not None:
            (root / "home/auth.json").write_text(json.dumps(auth))
        with app_server(root / "home", root, list(implementation.argv), **env) as server:
            stage = Stage(implementation, root, server, model, script)
            if initialize:
                server.initialize(experimental)
            yield stage
