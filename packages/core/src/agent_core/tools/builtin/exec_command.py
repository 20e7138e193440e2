"""``exec_command`` and ``write_stdin``: commands that may go on running while the model does other things."""

import anyio
import msgspec
from agent_protocol.rollout.event import (
    Duration,
    EndStatus,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    TerminalInteractionEvent,
)
from agent_protocol.wire import JsonValue
from agent_sandbox.errors import SandboxError
from agent_sandbox.outcome import Denied, classify
from agent_sandbox.policy import Policy

from agent_core.context.frame import message
from agent_core.errors import ToolFailure
from agent_core.exec.env import UNIFIED_EXEC_VARIABLES
from agent_core.exec.manager import (
    EXEC_YIELD_MS,
    MOST_PROCESSES,
    WARN_FROM_PROCESSES,
    WRITE_YIELD_MS,
    ExecResult,
    StartRequest,
    StdinBlocked,
    StdinClosed,
    UnknownProcess,
)
from agent_core.exec.shell import shell_named
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


class ExecArguments(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``exec_command``."""

    cmd: str
    workdir: str | None = None
    shell: str | None = None
    login: bool = True
    tty: bool = False
    yield_time_ms: float = EXEC_YIELD_MS
    max_output_tokens: float | None = None
    sandbox_permissions: str = "use_default"
    justification: str | None = None
    prefix_rule: tuple[str, ...] = ()


class WriteArguments(msgspec.Struct, frozen=True, kw_only=True):
    """Arguments of ``write_stdin``."""

    session_id: float
    chars: str = ""
    yield_time_ms: float = WRITE_YIELD_MS
    max_output_tokens: float | None = None


class ExecCommand:
    """Runs a command; one that outlives the waiting time stays open for ``write_stdin``."""

    name = "exec_command"
    parallel = True

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Run a shell command. Returns its output, or what there is of it after yield_time_ms together with a "
            "session ID when the command still runs.",
            {
                "cmd": string("The command line to run."),
                "workdir": string("Directory to run in; the working directory of the turn when left out."),
                "shell": string("Shell to use in place of the user's own, such as bash or zsh."),
                "login": boolean("Run it as a login shell (default true)."),
                "tty": boolean("Give it a terminal, so that it can be written to (default false)."),
                "yield_time_ms": number("How long to wait for its end, in milliseconds (default 10000)."),
                "max_output_tokens": number("How much output to return, in tokens (default 10000)."),
                **APPROVAL_PARAMETERS,
            },
            ["cmd"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, ExecArguments)
        cwd = working_directory(context, arguments.workdir)
        shell = context.turn.shell if arguments.shell is None else shell_named(arguments.shell, context.turn.shell)
        argv = tuple(shell.argv(arguments.cmd, login=arguments.login))
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
            tty=arguments.tty,
        )

        report = _Report(context, ask)

        async def attempt(policy: Policy) -> ExecResult:
            request = StartRequest(
                call_id=call.call_id,
                argv=argv,
                cwd=cwd,
                policy_cwd=context.turn.cwd,
                env={**environment_under(policy, context.turn.environment), **UNIFIED_EXEC_VARIABLES},
                policy=policy,
                sink=report,
                tty=arguments.tty,
                yield_ms=int(arguments.yield_time_ms),
                max_output_tokens=_whole(arguments.max_output_tokens),
                process_id=report.process_id,
            )
            try:
                return await context.processes.start(request)
            except anyio.get_cancelled_exc_class():
                if report.process_id is not None:
                    # The model will never learn its id.
                    await context.processes.end(report.process_id)
                raise

        try:
            result = await run_command(context, ask, attempt, _was_denied)
        except Rejected as rejection:
            report.decline(rejection.reason)
            raise ToolFailure(f"exec_command failed: {rejection.reason}") from rejection
        except SandboxError as error:
            raise ToolFailure(f"exec_command failed: {error}") from error
        finally:
            report.close()
        if result.setup_failed:
            raise ToolFailure(f"exec_command failed: the sandbox could not be set up: {result.output.text().strip()}")
        open_count = len(context.processes.open_processes())
        crowded = (message("user", _crowded(open_count)),) if open_count >= WARN_FROM_PROCESSES else ()
        return ToolOutput(result.text(), before=crowded)


class WriteStdin:
    """Writes to a command that still runs, or looks what it has put out since."""

    name = "write_stdin"
    parallel = False

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Write to a running command, or with empty chars wait for more of its output.",
            {
                "session_id": number("The session ID that exec_command returned."),
                "chars": string("What to write; may hold control characters. Empty: only read."),
                "yield_time_ms": number("How long to wait for output, in milliseconds (default 250)."),
                "max_output_tokens": number("How much output to return, in tokens (default 10000)."),
            },
            ["session_id"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, WriteArguments)
        process_id = int(arguments.session_id)
        try:
            result = await context.processes.write(
                process_id,
                arguments.chars,
                int(arguments.yield_time_ms),
                _whole(arguments.max_output_tokens),
            )
        except UnknownProcess as error:
            raise ToolFailure(f"write_stdin failed: Unknown process id {process_id}") from error
        except (StdinClosed, StdinBlocked) as error:
            raise ToolFailure(f"write_stdin failed: {error}") from error
        context.emit(
            TerminalInteractionEvent(call_id=result.call_id, process_id=str(process_id), stdin=arguments.chars)
        )
        return ToolOutput(result.text())


class _Report:
    """Tells the log what the processes of one call do, under the turn that started them.

    A command that the sandbox kept from working may be run again. To whoever watches that is one command: it begins
    with the first attempt and ends with the last. So an end is held back while the call may still be followed up.
    """

    def __init__(self, context: ToolContext, ask: CommandAsk) -> None:
        self.process_id: int | None = None
        """Shared by all attempts; ``None`` until the first has started."""
        self._emit = context.emit_for
        self._turn_id = context.turn.turn_id
        self._ask = ask
        self._held: ExecCommandEndEvent | None = None
        self._is_closed = False

    def begin(self, process_id: int) -> None:
        self._held = None
        if self.process_id is not None:
            return
        self.process_id = process_id
        self._emit(
            self._turn_id,
            ExecCommandBeginEvent(
                call_id=self._ask.call_id,
                process_id=str(process_id),
                turn_id=self._turn_id,
                command=self._ask.argv,
                cwd=self._ask.cwd,
                parsed_cmd=self._ask.parsed,
                source="unified_exec_startup",
            ),
        )

    def output(self, chunk: bytes) -> None:
        self._emit(self._turn_id, ExecCommandOutputDeltaEvent(call_id=self._ask.call_id, stream="stdout", chunk=chunk))

    def end(self, exit_code: int, aggregated_output: str, duration_seconds: float) -> None:
        status: EndStatus = "completed" if exit_code == 0 else "failed"
        event = self._end(exit_code, aggregated_output, duration_seconds, status)
        if self._is_closed:
            self._emit(self._turn_id, event)
        else:
            self._held = event

    def decline(self, reason: str) -> None:
        """Let a refused second attempt be the end; a command that never began is not told of."""
        if self._held is not None:
            self._held = self._end(-1, reason, 0.0, "declined")

    def close(self) -> None:
        """Tell an end that was held back; a later one is told when it comes."""
        self._is_closed = True
        if self._held is not None:
            self._emit(self._turn_id, self._held)
            self._held = None

    def _end(self, exit_code: int, text: str, duration_seconds: float, status: EndStatus) -> ExecCommandEndEvent:
        return ExecCommandEndEvent(
            call_id=self._ask.call_id,
            process_id=str(self.process_id),
            turn_id=self._turn_id,
            command=self._ask.argv,
            cwd=self._ask.cwd,
            parsed_cmd=self._ask.parsed,
            source="unified_exec_startup",
            stdout=text,
            aggregated_output=text,
            exit_code=exit_code,
            duration=Duration.from_seconds(duration_seconds),
            formatted_output=text,
            status=status,
        )


def _was_denied(result: ExecResult) -> bool:
    if result.exit_code is None:
        return False
    outcome = classify(
        result.exit_code, result.output.text(), confined=result.confined, setup_failed=result.setup_failed
    )
    return isinstance(outcome, Denied)


def _crowded(count: int) -> str:
    return (
        f"Warning: {count} commands are still running, and at most {MOST_PROCESSES} are kept. "
        "End those that are not needed any more."
    )


def _whole(value: float | None) -> int | None:
    return None if value is None else int(value)
