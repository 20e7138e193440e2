"""``shell_command`` and ``shell``: one command, run to its end."""

from collections.abc import Callable

import anyio
import msgspec
from agent_protocol.rollout.event import (
    Duration,
    EndStatus,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
)
from agent_protocol.wire import JsonValue
from agent_sandbox.errors import SandboxError
from agent_sandbox.outcome import Denied, classify
from agent_sandbox.policy import Policy

from agent_core.errors import ToolFailure
from agent_core.exec import oneshot
from agent_core.exec.buffer import HeadBuffer
from agent_core.exec.format import CommandOutcome, plain_text, structured_text
from agent_core.exec.text import decode_output
from agent_core.tools.builtin.command import (
    APPROVAL_PARAMETERS,
    as_patch,
    command_ask,
    environment_under,
    working_directory,
)
from agent_core.tools.orchestrate import CommandAsk, Rejected, run_command
from agent_core.tools.tool import (
    ToolCall,
    ToolContext,
    ToolOutput,
    arguments_of,
    boolean,
    function_spec,
    number,
    string,
)
from agent_core.truncation import TruncationPolicy

Formatter = Callable[[CommandOutcome, TruncationPolicy], str]


class ShellCommandArguments(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``shell_command``."""

    command: str
    workdir: str | None = None
    login: bool = True
    timeout_ms: float | None = None
    timeout: float | None = None
    sandbox_permissions: str = "use_default"
    justification: str | None = None
    prefix_rule: tuple[str, ...] = ()


class ShellArguments(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``shell``."""

    command: tuple[str, ...]
    workdir: str | None = None
    timeout_ms: float | None = None
    timeout: float | None = None
    sandbox_permissions: str = "use_default"
    justification: str | None = None
    prefix_rule: tuple[str, ...] = ()


class ShellCommand:
    """Runs a script in the user's shell and answers in plain text."""

    name = "shell_command"
    parallel = True

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Run a shell script to its end and return its output.",
            {
                "command": string("The script to run."),
                "workdir": string("Directory to run in; the working directory of the turn when left out."),
                "login": boolean("Run it as a login shell (default true)."),
                "timeout_ms": number("How long it may take, in milliseconds (default 10000)."),
                **APPROVAL_PARAMETERS,
            },
            ["command"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, ShellCommandArguments)
        argv = tuple(context.turn.shell.argv(arguments.command, login=arguments.login))
        return await _run(context, call, argv, arguments, plain_text)


class Shell:
    """Runs a program by its arguments and answers in JSON; older models know it by several names."""

    parallel = True

    def __init__(self, name: str = "shell") -> None:
        self.name = name

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Run a program to its end and return its output.",
            {
                "command": {"type": "array", "items": {"type": "string"}, "description": "The program and arguments."},
                "workdir": string("Directory to run in; the working directory of the turn when left out."),
                "timeout_ms": number("How long it may take, in milliseconds (default 10000)."),
                **APPROVAL_PARAMETERS,
            },
            ["command"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, ShellArguments)
        if not arguments.command:
            raise ToolFailure("the command is empty: give the program and its arguments")
        return await _run(context, call, arguments.command, arguments, structured_text)


async def _run(
    context: ToolContext,
    call: ToolCall,
    argv: tuple[str, ...],
    arguments: ShellArguments | ShellCommandArguments,
    formatted: Formatter,
) -> ToolOutput:
    cwd = working_directory(context, arguments.workdir)
    patched = await as_patch(context, call, argv, cwd)
    if patched is not None:
        return patched
    ask = await command_ask(
        context,
        call,
        argv,
        cwd,
        permissions=arguments.sandbox_permissions,
        justification=arguments.justification,
        prefix_rule=arguments.prefix_rule,
    )
    given = arguments.timeout_ms if arguments.timeout_ms is not None else arguments.timeout

    async def attempt(policy: Policy) -> oneshot.OneShotResult:
        request = oneshot.OneShotRequest(
            argv=argv,
            cwd=cwd,
            policy_cwd=context.turn.cwd,
            env=environment_under(policy, context.turn.environment),
            policy=policy,
            timeout_ms=oneshot.DEFAULT_TIMEOUT_MS if given is None else max(int(given), 0),
        )
        return await _attempt(context, ask, request)

    context.emit(
        ExecCommandBeginEvent(
            call_id=call.call_id, turn_id=context.turn.turn_id, command=argv, cwd=cwd, parsed_cmd=ask.parsed
        )
    )
    try:
        outcome = (await run_command(context, ask, attempt, _was_denied)).outcome()
    except (Rejected, SandboxError) as error:
        status: EndStatus = "declined" if isinstance(error, Rejected) else "failed"
        _end(context, ask, CommandOutcome(-1, str(error), 0.0), str(error), status)
        raise ToolFailure(str(error)) from error
    text = formatted(outcome, context.turn.truncation)
    _end(context, ask, outcome, text, "completed" if outcome.exit_code == 0 else "failed")
    return ToolOutput(text)


async def _attempt(context: ToolContext, ask: CommandAsk, request: oneshot.OneShotRequest) -> oneshot.OneShotResult:
    """Run the command once and show its output; where it is stopped, its end too."""
    started, shown = context.clock.monotonic(), HeadBuffer()

    def show(stream: oneshot.Stream, chunk: bytes) -> None:
        shown.put(chunk)
        context.emit(ExecCommandOutputDeltaEvent(call_id=ask.call_id, stream=stream, chunk=chunk))

    try:
        return await oneshot.run(context.spawner, request, context.clock, show)
    except anyio.get_cancelled_exc_class():
        text = decode_output(shown.bytes())
        _end(context, ask, CommandOutcome(-1, text, context.clock.monotonic() - started), text, "failed")
        raise


def _was_denied(result: oneshot.OneShotResult) -> bool:
    outcome = classify(
        result.exit_code,
        result.aggregated,
        confined=result.confined,
        timed_out=result.timed_out,
        setup_failed=result.setup_failed,
    )
    return isinstance(outcome, Denied)


def _end(context: ToolContext, ask: CommandAsk, outcome: CommandOutcome, text: str, status: EndStatus) -> None:
    context.emit(
        ExecCommandEndEvent(
            call_id=ask.call_id,
            turn_id=context.turn.turn_id,
            command=ask.argv,
            cwd=ask.cwd,
            parsed_cmd=ask.parsed,
            stdout=outcome.output,
            aggregated_output=outcome.output,
            exit_code=outcome.exit_code,
            duration=Duration.from_seconds(outcome.duration_seconds),
            formatted_output=text,
            status=status,
        )
    )
