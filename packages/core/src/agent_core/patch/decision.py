"""Whether a verified patch may be applied, and how."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent_protocol.v2.common import AskForApproval
from agent_sandbox.policy import ResolvedPolicy


@dataclass(frozen=True, slots=True)
class Apply:
    """The patch may be applied without a question; ``confined`` says whether under the sandbox."""

    confined: bool


@dataclass(frozen=True, slots=True)
class Ask:
    """The user decides. ``confined`` says whether an approved patch can do its work under the sandbox:

    it cannot when it writes where the sandbox does not let it, so the approval lifts the sandbox.
    """

    confined: bool


@dataclass(frozen=True, slots=True)
class Refuse:
    """The patch is not applied; ``reason`` is for the model."""

    reason: str


PatchDecision = Apply | Ask | Refuse


def decide(
    paths: Sequence[str], *, approval_policy: AskForApproval, sandbox: ResolvedPolicy, can_confine: bool
) -> PatchDecision:
    """Return what to do with a patch that touches ``paths``, all absolute.

    ``sandbox`` is the turn's policy resolved against the turn's directory; ``can_confine`` tells whether this host
    can enforce it. Paths are compared by name, no link is followed: the sandbox enforces what is assumed here.
    """
    if not paths:
        return Refuse("the patch holds no changes")
    full_access = sandbox.policy.full_write
    outside = [path for path in paths if not sandbox.can_write(path)]
    confined = not outside and not full_access
    if approval_policy is AskForApproval.UNTRUSTED:
        return Ask(confined)
    if not outside or approval_policy is AskForApproval.ON_FAILURE:
        if full_access:
            return Apply(confined=False)
        return Apply(confined=True) if can_confine else Ask(confined)
    if approval_policy is AskForApproval.NEVER:
        return Refuse(
            f"the patch writes to {outside[0]}, where the sandbox policy ({sandbox.policy.mode}) allows no writing, "
            "and the approval policy is never"
        )
    return Ask(confined=False)
