"""Running one command outside any thread."""

from collections.abc import Sequence

from agent_protocol.registry import Method
from agent_protocol.v2.common import Int32, Int64, Params, SandboxPolicy
from agent_protocol.wire import Wire


class CommandExecParams(Params, frozen=True, kw_only=True):
    """The argument vector to run; ``timeout_ms`` is 10,000 when not given."""

    command: Sequence[str]
    timeout_ms: Int64 | None = None
    cwd: str | None = None
    sandbox_policy: SandboxPolicy | None = None


class CommandExecResponse(Wire, frozen=True, kw_only=True):
    """How the command ended and what it wrote."""

    exit_code: Int32
    stdout: str
    stderr: str


COMMAND_EXEC = Method("command/exec", CommandExecParams, CommandExecResponse, ordered=False)
