"""What all tools that run commands share: directories, escalation, patches in disguise, and what to ask."""

import os
import threading
from collections.abc import Mapping

import anyio.to_thread
from agent_protocol.v2.common import AskForApproval
from agent_protocol.wire import JsonValue
from agent_sandbox.policy import Policy

from agent_core.command.decision import SandboxPermissions, approval_key, decide, escalation_refusal
from agent_core.command.parsed import parse_command
from agent_core.context.frame import message
from agent_core.errors import ToolFailure
from agent_core.patch.detect import ImplicitInvocation, detect
from agent_core.tools.builtin.apply_patch import apply_patch
from agent_core.tools.orchestrate import CommandAsk
from agent_core.tools.tool import ToolCall, ToolContext, ToolOutput, string

APPROVAL_PARAMETERS: dict[str, JsonValue] = {
    "sandbox_permissions": string(
        "use_default (the default), or require_escalated to ask the user to run this command outside the sandbox."
    ),
    "justification": string("With require_escalated: one sentence that asks the user for it, with the reason."),
    "prefix_rule": {
        "type": "array",
        "items": {"type": "string"},
        "description": 'With require_escalated: a command prefix worth allowing from now on, such as ["git", "fetch"].',
    },
}


_reading = threading.Lock()
"""Held while a script is read: that may take seconds for a long one, and the parser serves one thread at a time."""


def working_directory(context: ToolContext, workdir: str | None) -> str:
    """Return the absolute directory to run in."""
    if workdir is None or not workdir.strip():
        return context.turn.cwd
    return _below(context.turn.cwd, workdir)


def environment_under(policy: Policy, environment: Mapping[str, str]) -> dict[str, str]:
    """Return a command's variables; the mark of a closed network is left out where ``policy`` opens it."""
    variables = dict(environment)
    if policy.full_network:
        variables.pop("CODEX_SANDBOX_NETWORK_DISABLED", None)
    return variables


async def command_ask(
    context: ToolContext,
    call: ToolCall,
    argv: tuple[str, ...],
    cwd: str,
    *,
    permissions: str,
    justification: str | None,
    prefix_rule: tuple[str, ...] = (),
    tty: bool | None = None,
) -> CommandAsk:
    """Return what the orchestrator needs to know of a command; ``tty`` is ``None`` for one that runs to its end.

    Raises:
        ToolFailure: it asks to leave the sandbox where the approval policy does not let it.
    """
    if permissions not in ("use_default", "require_escalated"):
        raise ToolFailure(f"sandbox_permissions is {permissions!r}; it must be use_default or require_escalated")
    wanted: SandboxPermissions = "require_escalated" if permissions == "require_escalated" else "use_default"
    approval_policy = AskForApproval(context.turn.settings.approval_policy)
    refusal = escalation_refusal(approval_policy, wanted)
    if refusal is not None:
        raise ToolFailure(refusal)

    def read() -> CommandAsk:
        with _reading:
            return CommandAsk(
                call_id=call.call_id,
                argv=argv,
                cwd=cwd,
                parsed=parse_command(argv),
                decision=decide(
                    argv,
                    approval_policy=approval_policy,
                    sandbox=context.turn.policy,
                    sandbox_permissions=wanted,
                    prefix_rule=prefix_rule,
                ),
                justification=justification,
                keys=(approval_key(argv, cwd, wanted, tty=tty),),
            )

    return await anyio.to_thread.run_sync(read)


async def as_patch(context: ToolContext, call: ToolCall, argv: tuple[str, ...], cwd: str) -> ToolOutput | None:
    """Carry out a command that is really a call of the patch tool; ``None`` for any other command."""
    try:
        found = detect(argv)
    except ImplicitInvocation as error:
        raise ToolFailure(f"apply_patch verification failed: {error}") from error
    if found is None:
        return None
    directory = cwd if found.workdir is None else _below(cwd, found.workdir)
    output = await apply_patch(context, call.call_id, found.patch, directory)
    warning = (
        f"Warning: apply_patch was requested via {call.name}. Call the apply_patch tool itself, or write the patch "
        "as one here-document."
    )
    return ToolOutput(output.content, before=(message("user", warning),))


def _below(base: str, path: str) -> str:
    return os.path.normpath(os.path.join(base, path))
