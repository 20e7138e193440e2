"""Whether a command may run, must be asked for, or is refused, before it is started."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from agent_protocol.shellquote import join
from agent_protocol.v2.common import AskForApproval
from agent_sandbox.policy import Policy

from agent_core.command.parse import canonical, heredoc_command, plain_commands, shell_script
from agent_core.command.safe import is_dangerous, is_known_safe

SandboxPermissions: TypeAlias = Literal["use_default", "require_escalated"]
"""What a call asks for: the turn's sandbox, or none."""

_Verdict = Literal["allow", "prompt", "forbid"]

_INTERPRETERS = (
    *("python3", "python3 -", "python3 -c", "python", "python -", "python -c", "py", "py -3", "pythonw", "pyw"),
    *("pypy", "pypy3", "git", "bash", "bash -lc", "sh", "sh -c", "sh -lc", "zsh", "zsh -lc"),
    *("/bin/zsh", "/bin/zsh -lc", "/bin/bash", "/bin/bash -lc", "env", "sudo", "node", "node -e"),
    *("pwsh", "pwsh -Command", "pwsh -c", "powershell", "powershell -Command", "powershell -c"),
    *("powershell.exe", "powershell.exe -Command", "powershell.exe -c"),
    *("perl", "perl -e", "ruby", "ruby -e", "php", "php -r", "lua", "lua -e", "osascript"),
)
_TOO_BROAD = frozenset(tuple(prefix.split()) for prefix in _INTERPRETERS)


@dataclass(frozen=True, slots=True)
class Skip:
    """The command may run without a question."""

    bypass_sandbox: bool
    amendment: tuple[str, ...] | None = None
    """The prefix to offer as a rule, should the sandbox deny the command and the user be asked after all."""


@dataclass(frozen=True, slots=True)
class NeedsApproval:
    """The user decides."""

    bypass_sandbox: bool
    reason: str | None = None
    amendment: tuple[str, ...] | None = None
    """The prefix to offer as a rule with the question."""


@dataclass(frozen=True, slots=True)
class Forbidden:
    """The command is not run; ``reason`` is for the model."""

    reason: str


CommandDecision: TypeAlias = Skip | NeedsApproval | Forbidden


def decide(
    argv: Sequence[str],
    *,
    approval_policy: AskForApproval,
    sandbox: Policy,
    sandbox_permissions: SandboxPermissions = "use_default",
    prefix_rule: Sequence[str] = (),
) -> CommandDecision:
    """Return what to do with a command; ``prefix_rule`` is the rule the model would like to be offered.

    A shell script of plain commands is as good as the worst of its commands.
    """
    commands, complex_script = _commands(argv)
    escalated = sandbox_permissions == "require_escalated"
    verdicts = [
        _verdict(command, complex_script, approval_policy, full_access=sandbox.full_write, escalated=escalated)
        for command in commands
    ]
    if "forbid" in verdicts:
        return Forbidden(f"`{join(argv)}` rejected: it removes files by force, and the approval policy is never")
    verdict: _Verdict = "prompt" if "prompt" in verdicts else "allow"
    amendment = _amendment(commands[verdicts.index(verdict)], complex_script, prefix_rule)
    if verdict == "prompt":
        return NeedsApproval(bypass_sandbox=escalated, amendment=amendment)
    return Skip(bypass_sandbox=escalated, amendment=amendment)


def escalation_refusal(approval_policy: AskForApproval, sandbox_permissions: SandboxPermissions) -> str | None:
    """Return why a call may not even ask to run without the sandbox, for the model; None when it may or does not."""
    if sandbox_permissions == "use_default" or approval_policy is AskForApproval.ON_REQUEST:
        return None
    return (
        f"sandbox_permissions=require_escalated cannot be asked for under the approval policy {approval_policy}; "
        "call again without it"
    )


def approval_key(
    argv: Sequence[str], cwd: str, sandbox_permissions: SandboxPermissions, *, tty: bool | None = None
) -> Hashable:
    """Return what is remembered when a command is approved for the session; ``tty`` is None for one-shot commands."""
    return ("command", canonical(argv), cwd, sandbox_permissions, tty)


def _commands(argv: Sequence[str]) -> tuple[list[list[str]], bool]:
    """Return the simple commands to be judged, and whether they come from a script that does more than call them."""
    script = shell_script(argv)
    if script is not None:
        commands = plain_commands(script)
        if commands is not None:
            return commands, False
        fed = heredoc_command(script)
        if fed is not None:
            return [fed], True
    return [list(argv)], False


def _verdict(
    command: Sequence[str],
    complex_script: bool,
    approval_policy: AskForApproval,
    *,
    full_access: bool,
    escalated: bool,
) -> _Verdict:
    if not complex_script and is_known_safe(command):
        return "allow"
    if is_dangerous(command):
        return "forbid" if approval_policy is AskForApproval.NEVER else "prompt"
    if approval_policy is AskForApproval.UNTRUSTED:
        return "prompt"
    if approval_policy is AskForApproval.ON_REQUEST and escalated and not full_access:
        return "prompt"
    return "allow"


def _amendment(command: Sequence[str], complex_script: bool, prefix_rule: Sequence[str]) -> tuple[str, ...] | None:
    if prefix_rule and tuple(prefix_rule) not in _TOO_BROAD:
        return tuple(prefix_rule)
    return None if complex_script else tuple(command)
