"""Approve, confine, run; and where the sandbox stood in the way and the policy allows, ask once more."""

from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import anyio.lowlevel
from agent_protocol.rollout.event import ExecApprovalRequestEvent, ParsedCommand
from agent_sandbox.policy import Policy
from msgspec import UNSET

from agent_core.approvals.broker import Question
from agent_core.command.decision import CommandDecision, Forbidden, NeedsApproval
from agent_core.errors import AgentError
from agent_core.tools.tool import ToolContext

T = TypeVar("T")


class Rejected(AgentError):
    """The command or patch may not run: the user or the policy said so."""

    def __init__(self, reason: str, *, by_user: bool) -> None:
        self.reason = reason
        self.by_user = by_user
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandAsk:
    """A command that wants to run."""

    call_id: str
    argv: tuple[str, ...]
    cwd: str
    parsed: tuple[ParsedCommand, ...]
    decision: CommandDecision
    """What the policy says of it."""
    justification: str | None
    keys: Sequence[Hashable]
    """What an approval for the session covers."""


async def run_command(
    context: ToolContext,
    ask: CommandAsk,
    attempt: Callable[[Policy], Awaitable[T]],
    was_denied: Callable[[T], bool],
) -> T:
    """Run ``attempt`` under the turn's policy once it is allowed to; return the result of the last attempt.

    ``was_denied`` tells whether the sandbox kept an attempt from succeeding.

    Raises:
        Rejected: it may not run, or not again without the sandbox.
    """
    policy, decision = context.turn.policy, ask.decision
    if isinstance(decision, Forbidden):
        raise Rejected(decision.reason, by_user=False)
    approved = False
    if isinstance(decision, NeedsApproval):
        await _ask(context, ask, decision.reason or ask.justification, decision.amendment)
        approved = True
    first = Policy.danger_full_access() if decision.bypass_sandbox else policy
    result = await attempt(first)
    if not first.confines or not was_denied(result):
        return result
    if context.turn.settings.approval_policy not in ("untrusted", "on-failure"):
        return result
    if not approved:
        reason = "The sandbox kept this command from working. Run it again without the sandbox?"
        await _ask(context, ask, reason, decision.amendment)
    return await attempt(Policy.danger_full_access())


async def put_question(context: ToolContext, question: Question, keys: Sequence[Hashable], *, rejection: str) -> None:
    """Ask the user; return when the answer is yes.

    Raises:
        Rejected: the answer is no. An answer that ends the turn cancels the calling task instead.
    """
    decision = await context.approvals.ask(context.turn.turn_id, question, keys)
    if decision == "abort":
        context.abort_turn()
        await anyio.lowlevel.checkpoint()
    if decision in ("denied", "abort"):
        raise Rejected(rejection, by_user=True)


async def _ask(context: ToolContext, ask: CommandAsk, reason: str | None, amendment: tuple[str, ...] | None) -> None:
    question = ExecApprovalRequestEvent(
        call_id=ask.call_id,
        turn_id=context.turn.turn_id,
        command=ask.argv,
        cwd=ask.cwd,
        reason=reason or UNSET,
        proposed_execpolicy_amendment=amendment or UNSET,
        parsed_cmd=ask.parsed,
    )
    await put_question(context, question, ask.keys, rejection="exec command rejected by user")
