"""One run of `agent exec`: a client of the server in this process."""

import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import anyio
import anyio.to_thread
import msgspec
from agent_core.agent import Agent, open_agent
from agent_core.config.override import parse_override
from agent_core.errors import AgentError
from agent_core.model.client import ModelClient
from agent_protocol.client import AgentClient, Subscription, connect_direct
from agent_protocol.errors import ConnectionLost, RemoteError
from agent_protocol.v2.item import (
    ITEM_COMPLETED,
    ITEM_STARTED,
    AgentMessageThreadItem,
    ItemCompletedNotification,
)
from agent_protocol.v2.notice import CONFIG_WARNING, DEPRECATION_NOTICE, ERROR
from agent_protocol.v2.thread import (
    THREAD_TOKEN_USAGE_UPDATED,
)
from agent_protocol.v2.turn import (
    TURN_COMPLETED,
    TURN_INTERRUPT,
    TURN_PLAN_UPDATED,
    TURN_START,
    TURN_STARTED,
    TurnCompletedNotification,
    TurnInterruptParams,
    TurnStartParams,
    TurnStatus,
)
from agent_protocol.v2.user_input import TextUserInput
from agent_protocol.version import VERSION
from agent_protocol.wire import JsonValue
from agent_sandbox.errors import SandboxError
from agent_sandbox.report import Report
from agent_server.server import Server
from agent_state.errors import StateError

from agent_cli.failure import sentence
from agent_cli.opening import NothingToResume, Resume, facts_of, open_thread
from agent_cli.prompt import PromptError, resolve_prompt
from agent_cli.view import HumanView, JsonView, Streams, View
from agent_cli.workspace import WorkspaceError, require_repository, working_directory

ORIGINATOR = "agent_exec"
SHOWN = (
    CONFIG_WARNING,
    DEPRECATION_NOTICE,
    ERROR,
    ITEM_COMPLETED,
    ITEM_STARTED,
    THREAD_TOKEN_USAGE_UPDATED,
    TURN_COMPLETED,
    TURN_PLAN_UPDATED,
    TURN_STARTED,
)
_UNSHOWN = (
    "item/agentMessage/delta",
    "item/commandExecution/outputDelta",
    "item/fileChange/outputDelta",
    "item/reasoning/summaryTextDelta",
    "item/reasoning/textDelta",
    "turn/diff/updated",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """What `agent exec` was asked to do; ``None`` leaves a setting to the configuration."""

    prompt: str | None
    resume: Resume | None = None
    directory: str | None = None
    must_be_repository: bool = True
    model: str | None = None
    overrides: tuple[str, ...] = ()
    sandbox: str | None = None
    as_json: bool = False
    color: str = "auto"
    last_message_file: Path | None = None
    output_schema_file: Path | None = None
    record: Path | None = None
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    """Where AGENT_HOME and keys are read from."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a turn ended."""

    status: TurnStatus
    final_message: str | None
    """What the agent said last in a turn that was completed."""
    signal_number: int | None = None
    """The signal that ended it, if one did."""

    @property
    def exit_code(self) -> int:
        """The exit code of the run."""
        if self.signal_number == signal.SIGTERM:
            return 128 + signal.SIGTERM
        return 1 if self.status is TurnStatus.FAILED else 0


class SchemaInvalid(Exception):
    """The file of ``--output-schema`` cannot be used."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the output schema {path} cannot be used: {reason}")


async def run(
    options: Options, streams: Streams, *, model: ModelClient | None = None, report: Report | None = None
) -> int:
    """Carry out a run and return its exit code.

    ``model`` answers in place of the configured provider; ``report`` says what this host can confine with, in place of
    a probe.

    Raises one of ``IMPOSSIBLE`` for what makes a run impossible.
    """
    directory = working_directory(options.directory)
    async with open_agent(
        cwd=directory,
        overrides=[parse_override(text) for text in options.overrides],
        originator=ORIGINATOR,
        source="exec",
        record=options.record,
        environ=options.environ,
        model=model,
        report=report,
    ) as agent:
        if options.must_be_repository:
            require_repository(directory)
        async with Server(agent) as server, connect_direct(server) as client:
            with client.subscribe(*SHOWN) as shown:
                await client.initialize(ORIGINATOR, VERSION, opt_out=_UNSHOWN)
                outcome = await _one_turn(client, agent, shown, directory, options, streams)
    return outcome.exit_code


async def _one_turn(
    client: AgentClient,
    agent: Agent,
    shown: Subscription[JsonValue],
    directory: Path,
    options: Options,
    streams: Streams,
) -> Outcome:
    names = agent.names
    thread = await open_thread(
        client, names, directory, resume=options.resume, model=options.model, sandbox_mode=options.sandbox
    )
    await agent.require_confinement(thread.sandbox)
    prompt = await anyio.to_thread.run_sync(
        resolve_prompt, options.prompt, streams.stdin, streams.note, abandon_on_cancel=True
    )
    schema = None if options.output_schema_file is None else _read_schema(options.output_schema_file)
    view: View = JsonView(streams) if options.as_json else HumanView(streams, color=options.color)
    view.open(await facts_of(client, thread), prompt)
    started = await client.request(
        TURN_START,
        TurnStartParams(thread_id=thread.thread.id, input=[TextUserInput(text=prompt)], output_schema=schema),
    )
    turn = TurnInterruptParams(thread_id=thread.thread.id, turn_id=started.turn.id)
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(view.animate)
        async with _interruptible(client, turn, streams) as received:
            outcome = await _follow(shown, turn, view)
        tasks.cancel_scope.cancel()
    outcome = replace(outcome, signal_number=received[0] if received else None)
    if options.last_message_file is not None:
        _write_last_message(options.last_message_file, outcome.final_message, streams)
    view.close(outcome.final_message, await names.word_for(thread.thread.id))
    return outcome


async def _follow(shown: Subscription[JsonValue], turn: TurnInterruptParams, view: View) -> Outcome:
    said: str | None = None
    async for notification in shown:
        if getattr(notification, "thread_id", turn.thread_id) != turn.thread_id:
            continue
        view.show(notification)
        match notification:
            case ItemCompletedNotification(item=AgentMessageThreadItem(text=text)):
                said = text
            case TurnCompletedNotification(turn=ended) if ended.id == turn.turn_id:
                return Outcome(ended.status, said if ended.status is TurnStatus.COMPLETED else None)
            case _:
                pass
    raise ConnectionLost("the server ended before the turn did")


@asynccontextmanager
async def _interruptible(
    client: AgentClient, turn: TurnInterruptParams, streams: Streams
) -> AsyncIterator[Sequence[int]]:
    """Interrupt ``turn`` at the first signal; yields the signals received. A second one ends the run at once."""
    received: list[int] = []

    async def obey() -> None:
        with anyio.open_signal_receiver(signal.SIGINT, signal.SIGTERM) as signals:
            async for number in signals:
                if received:
                    raise KeyboardInterrupt
                received.append(number)
                streams.note("interrupting; once more to end at once")
                tasks.start_soon(interrupt)

    async def interrupt() -> None:
        with suppress(RemoteError):
            await client.request(TURN_INTERRUPT, turn)

    async with anyio.create_task_group() as tasks:
        tasks.start_soon(obey)
        yield received
        tasks.cancel_scope.cancel()


def _read_schema(path: Path) -> JsonValue:
    try:
        return msgspec.json.decode(path.read_bytes())
    except OSError as error:
        raise SchemaInvalid(path, error.strerror or str(error)) from error
    except msgspec.DecodeError as error:
        raise SchemaInvalid(path, str(error)) from error


def _write_last_message(path: Path, message: str | None, streams: Streams) -> None:
    if message is None:
        streams.note(f"warning: there is no final message, so {path} is empty")
    try:
        path.write_text(message or "", encoding="utf-8")
    except OSError as error:
        streams.note(f"error: the final message could not be written to {path}: {error.strerror}")


def execute(options: Options) -> int:
    """Carry out a run on the process's own streams and return the exit code."""
    streams = Streams(sys.stdin.buffer, sys.stdout, sys.stderr)
    code = 1
    try:
        code = anyio.run(run, options, streams)
    except* IMPOSSIBLE as group:
        streams.note(f"error: {sentence(group)}")
    except* KeyboardInterrupt:
        code = 128 + signal.SIGINT
    return code


IMPOSSIBLE = (
    AgentError,
    ConnectionLost,
    NothingToResume,
    OSError,
    PromptError,
    RemoteError,
    SandboxError,
    SchemaInvalid,
    StateError,
    WorkspaceError,
)
