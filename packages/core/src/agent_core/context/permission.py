"""The message that tells the model what its commands may do and when the user is asked."""

import json
from collections.abc import Iterable, Sequence

from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    DangerFullAccessPolicy,
    ExternalSandboxPolicy,
    ReadOnlyPolicy,
    SandboxPolicy,
    WorkspaceWritePolicy,
)

from agent_core.context.frame import framed
from agent_core.context.prompt import prompt

MAX_PREFIXES = 100
MAX_PREFIX_CHARS = 5000

_SECTIONS: dict[type[SandboxPolicy], str] = {
    ReadOnlyPolicy: "permissions/sandbox_read_only",
    WorkspaceWritePolicy: "permissions/sandbox_workspace_write",
    DangerFullAccessPolicy: "permissions/sandbox_danger_full_access",
    ExternalSandboxPolicy: "permissions/sandbox_danger_full_access",
}


def permissions_block(
    sandbox: SandboxPolicy,
    approval: ApprovalPolicy,
    writable_roots: Sequence[str] = (),
    allowed_prefixes: Iterable[Sequence[str]] = (),
) -> str:
    """Return the framed block for a sandbox and an approval policy.

    ``writable_roots`` are those in force, in order; ``allowed_prefixes`` the command beginnings that need no question.
    """
    sections = [
        prompt(_SECTIONS[type(sandbox)]).format(network="enabled" if has_network(sandbox) else "restricted"),
        prompt(f"permissions/approval_{approval.replace('-', '_')}"),
    ]
    if approval == "on-request":
        sections[-1] += prefix_list(allowed_prefixes)
    if writable_roots:
        sections.append(_roots_sentence(writable_roots))
    return framed("permissions instructions", "\n".join(sections))


def has_network(sandbox: SandboxPolicy) -> bool:
    """Tell whether commands under this policy reach the network."""
    match sandbox:
        case DangerFullAccessPolicy():
            return True
        case WorkspaceWritePolicy():
            return sandbox.network_access
        case ExternalSandboxPolicy():
            return sandbox.network_access == "enabled"
        case _:
            return False


def prefix_list(prefixes: Iterable[Sequence[str]]) -> str:
    """Return one line per prefix, each after a line feed: the short ones first, and only as many as are readable."""
    ordered = sorted(
        {tuple(prefix) for prefix in prefixes}, key=lambda words: (len(words), sum(map(len, words)), words)
    )
    text = ""
    for number, words in enumerate(ordered):
        line = f"\n- {json.dumps(words, ensure_ascii=False)}"
        if number == MAX_PREFIXES or len(text) + len(line) > MAX_PREFIX_CHARS:
            return f"{text}\n- … and {len(ordered) - number} more"
        text += line
    return text


def _roots_sentence(roots: Sequence[str]) -> str:
    quoted = ", ".join(f"`{root}`" for root in dict.fromkeys(roots))
    return f"Writable {'directories are' if len(set(roots)) > 1 else 'directory is'} {quoted}."
