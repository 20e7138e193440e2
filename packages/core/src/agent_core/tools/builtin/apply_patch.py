"""``apply_patch``: changes files by a patch, shown to the user before and after."""

import os

import anyio
import anyio.to_thread
import msgspec
from agent_protocol.rollout.event import (
    ApplyPatchApprovalRequestEvent,
    EndStatus,
    ExecCommandOutputDeltaEvent,
    PatchApplyBeginEvent,
    PatchApplyEndEvent,
)
from agent_protocol.v2.common import AskForApproval
from agent_protocol.wire import JsonValue
from agent_sandbox.errors import SandboxError
from agent_sandbox.outcome import Denied, classify
from agent_sandbox.policy import Policy
from msgspec import UNSET

from agent_core.errors import ToolFailure
from agent_core.exec import oneshot
from agent_core.exec.format import structured_text
from agent_core.patch.decision import Ask, Refuse, decide
from agent_core.patch.grammar import PatchError
from agent_core.patch.tool import LARK_GRAMMAR, apply_argv
from agent_core.patch.verify import VerifiedPatch, verify
from agent_core.tools.orchestrate import Rejected, put_question
from agent_core.tools.tool import (
    CustomCall,
    ToolCall,
    ToolContext,
    ToolOutput,
    arguments_of,
    function_spec,
    string,
)
from agent_core.turn.diff import show_diff

_TIMEOUT_MS = 60_000
_DESCRIPTION = (
    "Add, change, move or delete files with a patch. A patch starts with the line `*** Begin Patch` and ends with "
    "`*** End Patch`; between them stand one or more sections, each with a header: `*** Add File: PATH` followed by "
    "lines that start with `+`; `*** Delete File: PATH`; or `*** Update File: PATH`, optionally `*** Move to: PATH`, "
    "then changes. A change starts with `@@`, optionally followed by a line of the file above the place (such as a "
    "function header), then lines of the file that start with a blank (kept), `-` (removed) or `+` (added). Give "
    "about three unchanged lines around each change. Paths are relative to the working directory."
)


class PatchArguments(msgspec.Struct, frozen=True):
    """Arguments of ``apply_patch`` in function form."""

    input: str


class ApplyPatch:
    """Applies a patch, in a confined child so that the sandbox policy holds for it too."""

    name = "apply_patch"
    parallel = False

    def __init__(self, *, freeform: bool) -> None:
        self._freeform = freeform

    def spec(self) -> dict[str, JsonValue]:
        if self._freeform:
            return {
                "type": "custom",
                "name": self.name,
                "description": f"{_DESCRIPTION} Write the patch itself, not JSON.",
                "format": {"type": "grammar", "syntax": "lark", "definition": LARK_GRAMMAR},
            }
        return function_spec(self.name, _DESCRIPTION, {"input": string("The whole patch.")}, ["input"])

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        patch = call.input if isinstance(call, CustomCall) else arguments_of(call, PatchArguments).input
        return await apply_patch(context, call.call_id, patch, context.turn.cwd)


async def apply_patch(context: ToolContext, call_id: str, patch: str, cwd: str) -> ToolOutput:
    """Verify, ask, apply and report one patch; the next one waits.

    Raises:
        ToolFailure: the patch does not fit the files or may not be applied.
    """
    async with context.patching:
        try:
            verified = await anyio.to_thread.run_sync(verify, patch, cwd)
        except PatchError as error:
            raise ToolFailure(f"apply_patch verification failed: {error}") from error
        return await _apply(context, call_id, verified)


async def _apply(context: ToolContext, call_id: str, verified: VerifiedPatch) -> ToolOutput:
    try:
        policy, asked = await _permission(context, call_id, verified)
    except Rejected as rejection:
        _begin(context, call_id, verified, auto_approved=False)
        _end(context, call_id, verified, "declined", stderr=rejection.reason)
        raise ToolFailure(rejection.reason) from rejection
    await anyio.to_thread.run_sync(context.diff.note, verified.changes)
    _begin(context, call_id, verified, auto_approved=not asked)
    try:
        result = await _carry_out(context, call_id, verified, policy)
        if policy.confines and not asked and _was_denied(result) and _may_leave_sandbox(context):
            await _ask(context, call_id, verified, "The sandbox kept this patch from being applied. Apply it without?")
            result = await _carry_out(context, call_id, verified, Policy.danger_full_access())
    except Rejected as rejection:
        _end(context, call_id, verified, "declined", stderr=rejection.reason)
        raise ToolFailure(rejection.reason) from rejection
    except SandboxError as error:
        _end(context, call_id, verified, "failed", stderr=str(error))
        raise ToolFailure(f"the patch could not be applied: {error}") from error
    status: EndStatus = "completed" if result.exit_code == 0 else "failed"
    _end(context, call_id, verified, status, stdout=result.stdout, stderr=result.stderr)
    await show_diff(context.diff, context.emit)
    return ToolOutput(structured_text(result.outcome(), context.turn.truncation))


async def _permission(context: ToolContext, call_id: str, verified: VerifiedPatch) -> tuple[Policy, bool]:
    policy = context.turn.policy
    decision = decide(
        verified.paths,
        approval_policy=AskForApproval(context.turn.settings.approval_policy),
        sandbox=policy.resolve(context.turn.cwd),
        can_confine=True,
    )
    if isinstance(decision, Refuse):
        raise Rejected(decision.reason, by_user=False)
    asked = isinstance(decision, Ask)
    if asked:
        await _ask(context, call_id, verified)
    return (policy if decision.confined else Policy.danger_full_access()), asked


async def _ask(context: ToolContext, call_id: str, verified: VerifiedPatch, reason: str | None = None) -> None:
    question = ApplyPatchApprovalRequestEvent(
        call_id=call_id, turn_id=context.turn.turn_id, changes=dict(verified.changes), reason=reason or UNSET
    )
    keys = [("apply_patch", path) for path in verified.paths]
    await put_question(context, question, keys, rejection="patch rejected by user")


def _may_leave_sandbox(context: ToolContext) -> bool:
    return context.turn.settings.approval_policy in ("untrusted", "on-failure")


def _was_denied(result: oneshot.OneShotResult) -> bool:
    outcome = classify(result.exit_code, result.aggregated, confined=result.confined, setup_failed=result.setup_failed)
    return isinstance(outcome, Denied)


async def _carry_out(
    context: ToolContext, call_id: str, verified: VerifiedPatch, policy: Policy
) -> oneshot.OneShotResult:
    def show(stream: oneshot.Stream, chunk: bytes) -> None:
        context.emit(ExecCommandOutputDeltaEvent(call_id=call_id, stream=stream, chunk=chunk))

    request = oneshot.OneShotRequest(
        argv=apply_argv(verified.patch, verified.cwd),
        cwd=verified.cwd,
        policy_cwd=context.turn.cwd,
        env={"PATH": os.defpath},
        policy=policy,
        timeout_ms=_TIMEOUT_MS,
        stdin=verified.patch.encode(),
    )
    try:
        return await oneshot.run(context.spawner, request, context.clock, show)
    except anyio.get_cancelled_exc_class():
        _end(context, call_id, verified, "failed", stderr="stopped before it was done")
        raise


def _begin(context: ToolContext, call_id: str, verified: VerifiedPatch, *, auto_approved: bool) -> None:
    context.emit(
        PatchApplyBeginEvent(
            call_id=call_id,
            turn_id=context.turn.turn_id,
            auto_approved=auto_approved,
            changes=dict(verified.changes),
        )
    )


def _end(
    context: ToolContext,
    call_id: str,
    verified: VerifiedPatch,
    status: EndStatus,
    *,
    stdout: str = "",
    stderr: str = "",
) -> None:
    context.emit(
        PatchApplyEndEvent(
            call_id=call_id,
            turn_id=context.turn.turn_id,
            stdout=stdout,
            stderr=stderr,
            success=status == "completed",
            changes=dict(verified.changes),
            status=status,
        )
    )
