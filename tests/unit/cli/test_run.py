import io
import json
import os
import re
import signal
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
from agent_cli.opening import NothingToResume, Resume
from agent_cli.prompt import PromptError
from agent_cli.run import Options, SchemaInvalid, run
from agent_cli.view import Streams
from agent_cli.workspace import WorkspaceError
from agent_core.config.errors import ConfigError
from agent_core.errors import NameUnknown
from agent_core.model.errors import ModelError
from agent_core.testing.answer import WireEvent, answer, function_call, message
from agent_core.testing.model import ScriptedModel
from agent_protocol.errors import RemoteError
from agent_protocol.wire import JsonValue
from agent_sandbox.errors import SandboxUnavailable
from agent_sandbox.report import BackendReport, Report
from agent_state.file_store import FileThreadStore

pytestmark = pytest.mark.anyio


class Recorded:
    def __init__(self, stdin: bytes = b"") -> None:
        self.out = io.StringIO()
        self.err = io.StringIO()
        self.streams = Streams(stdin=io.BytesIO(stdin), stdout=self.out, stderr=self.err)

    @property
    def events(self) -> list[dict[str, JsonValue]]:
        return [json.loads(line) for line in self.out.getvalue().splitlines()]


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"AGENT_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}


@pytest.fixture
def options(tmp_path: Path, environ: Mapping[str, str]) -> Options:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    return Options(prompt="go", directory=str(project), sandbox="danger-full-access", environ=environ)


def rollouts(environ: Mapping[str, str]) -> list[Path]:
    return list(Path(environ["AGENT_HOME"]).rglob("rollout-*"))


def says(*texts: str) -> ScriptedModel:
    return ScriptedModel([answer(message(text)) for text in texts])


def command(text: str) -> list[WireEvent]:
    return function_call("exec_command", {"cmd": text, "login": False})


async def carried_out(options: Options, script: Sequence[list[WireEvent] | ModelError]) -> tuple[int, Recorded]:
    shown = Recorded()
    return await run(options, shown.streams, model=ScriptedModel(script)), shown


async def test_standard_output_carries_the_final_message_alone(options: Options) -> None:
    code, shown = await carried_out(options, [answer(message("looking"), command("echo hi")), answer(message("done"))])
    assert (code, shown.out.getvalue()) == (0, "done\n")
    assert all(text in shown.err.getvalue() for text in ("looking", "echo hi", "hi", "done"))


async def test_json_lines_tell_the_run_in_order(options: Options) -> None:
    script = [answer(command("echo hi; exit 3")), answer(message("done"))]
    code, shown = await carried_out(replace(options, as_json=True), script)
    assert code == 0
    assert [event["type"] for event in shown.events] == [
        "thread.started",
        "turn.started",
        "item.started",
        "item.completed",
        "item.completed",
        "turn.completed",
    ]
    done = shown.events[3]["item"]
    assert (done["exit_code"], done["status"], done["aggregated_output"]) == (3, "failed", "hi\n")
    assert shown.events[-1]["usage"] == {"input_tokens": 200, "cached_input_tokens": 0, "output_tokens": 40}
    assert shown.err.getvalue() == ""


async def test_a_failed_turn_ends_with_one_and_says_why(options: Options) -> None:
    code, shown = await carried_out(replace(options, as_json=True), [])
    assert code == 1
    assert [event["type"] for event in shown.events][-2:] == ["error", "turn.failed"]


async def test_the_last_message_goes_to_its_file(options: Options, tmp_path: Path) -> None:
    target = tmp_path / "last.txt"
    await carried_out(replace(options, last_message_file=target), [answer(message("bye"))])
    assert target.read_text() == "bye"
    code, shown = await carried_out(replace(options, last_message_file=target), [])
    assert (code, target.read_text()) == (1, "")
    assert str(target) in shown.err.getvalue()


async def test_a_last_message_that_cannot_be_written_does_not_change_the_exit_code(options: Options) -> None:
    code, shown = await carried_out(replace(options, last_message_file=Path("/nonexistent/x")), [answer(message("m"))])
    assert code == 0
    assert "/nonexistent/x" in shown.err.getvalue()


async def test_the_prompt_is_read_from_standard_input(options: Options) -> None:
    shown = Recorded(b"from the pipe")
    model = says("ok")
    assert await run(replace(options, prompt=None), shown.streams, model=model) == 0
    assert any("from the pipe" in str(item) for item in model.requests[0].input)


async def test_a_folder_outside_a_repository_is_refused_before_the_prompt_is_read(
    options: Options, tmp_path: Path
) -> None:
    shown = Recorded(b"unread")
    outside = replace(options, directory=str(tmp_path), prompt=None)
    with pytest.raises(WorkspaceError):
        await run(outside, shown.streams, model=says("ok"))
    assert shown.streams.stdin.tell() == 0
    assert await run(replace(outside, must_be_repository=False), shown.streams, model=says("ok")) == 0


async def test_the_output_schema_is_sent_and_a_bad_one_starts_no_turn(options: Options, tmp_path: Path) -> None:
    schema = tmp_path / "schema.json"
    schema.write_text('{"type": "object"}')
    model = says("{}")
    assert await run(replace(options, output_schema_file=schema), Recorded().streams, model=model) == 0
    assert model.requests[0].output_schema == {"type": "object"}
    schema.write_text("{")
    for path in (schema, tmp_path / "absent"):
        shown = Recorded()
        with pytest.raises(SchemaInvalid):
            await run(replace(options, output_schema_file=path), shown.streams, model=says("ok"))
        assert shown.out.getvalue() == ""


async def test_a_blank_prompt_leaves_no_record(options: Options, environ: Mapping[str, str]) -> None:
    with pytest.raises(PromptError):
        await run(replace(options, prompt=" "), Recorded().streams, model=says("ok"))
    assert not rollouts(environ)


async def test_a_run_is_resumed_with_its_history_and_its_usage(options: Options) -> None:
    code, shown = await carried_out(replace(options, as_json=True, prompt="first"), [answer(message("one"))])
    thread_id = shown.events[0]["thread_id"]
    for resume in (Resume(thread_id), Resume(None), Resume(None, everywhere=True)):
        model = says("two")
        again = Recorded()
        options = replace(options, as_json=True, prompt="next", resume=resume)
        assert await run(options, again.streams, model=model) == code == 0
        assert again.events[0]["thread_id"] == thread_id
        assert any("first" in str(item) for item in model.requests[0].input)
        assert again.events[-1]["usage"]["input_tokens"] > 100


async def test_a_run_is_resumed_by_its_name_and_says_so(options: Options, environ: Mapping[str, str]) -> None:
    first, other = Recorded(), Recorded()
    for shown in (first, other):
        await run(options, shown.streams, model=says("one"))
    (thread_id,) = re.findall(r"agent exec resume (\S+) ", first.err.getvalue())
    store = FileThreadStore(Path(environ["AGENT_HOME"]))
    await store.rename(thread_id, "my thread")
    again = Recorded()
    model = says("two")
    await run(replace(options, prompt="next", resume=Resume("my thread")), again.streams, model=model)
    assert any("go" in str(item) for item in model.requests[0].input)
    assert "agent exec resume 'my thread' " in again.err.getvalue()
    assert again.out.getvalue() == "two\n"


async def test_what_cannot_be_resumed_is_an_error_and_no_new_thread(
    options: Options, environ: Mapping[str, str]
) -> None:
    unknown = replace(options, resume=Resume("01890000-0000-7000-8000-000000000000"))
    for each, error in (
        (unknown, RemoteError),
        (replace(options, resume=Resume("no-such-name")), NameUnknown),
        (replace(options, resume=Resume(None)), NothingToResume),
    ):
        with pytest.raises(error):
            await run(each, Recorded().streams, model=says("ok"))
    assert not rollouts(environ)


async def test_a_broken_configuration_stops_the_run(options: Options, environ: Mapping[str, str]) -> None:
    (Path(environ["AGENT_HOME"]) / "config.toml").write_text("model = [")
    with pytest.raises((ConfigError, RemoteError)):
        await run(options, Recorded().streams, model=says("ok"))


async def test_overrides_reach_the_run(options: Options) -> None:
    model = says("ok")
    await run(replace(options, overrides=('model="chosen"',)), Recorded().streams, model=model)
    await run(
        replace(options, overrides=('model="chosen"',), model="wins"), Recorded().streams, model=(other := says("ok"))
    )
    assert (model.requests[0].model, other.requests[0].model) == ("chosen", "wins")


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 0), (signal.SIGTERM, 143)])
async def test_a_signal_interrupts_the_turn_and_ends_the_run_in_order(
    options: Options, number: signal.Signals, expected: int
) -> None:
    shown = Recorded()
    code: list[int] = []

    async def carry_out() -> None:
        script = ScriptedModel([[*answer(message("begun"))[:-1], anyio.Event()]])
        code.append(await run(replace(options, as_json=True), shown.streams, model=script))

    with anyio.fail_after(20):
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(carry_out)
            while "begun" not in shown.out.getvalue():
                await anyio.lowlevel.checkpoint()
            os.kill(os.getpid(), number)
    assert code == [expected]
    assert shown.events[-1]["type"] == "item.completed"


async def test_a_host_that_can_confine_nothing_refuses_the_run_before_the_model_is_asked(options: Options) -> None:
    model = says("never heard")
    report = Report(
        system="Linux",
        kernel="4",
        machine="x86_64",
        is_root=False,
        backends=(
            BackendReport(name="bubblewrap", works=False, reason="it is not installed"),
            BackendReport(name="landlock", works=False, reason="the kernel is too old"),
        ),
    )
    with pytest.raises(SandboxUnavailable, match="the kernel is too old"):
        await run(replace(options, sandbox="read-only"), Recorded().streams, model=model, report=report)
    assert not model.requests
    assert await run(options, Recorded().streams, model=model, report=report) == 0
