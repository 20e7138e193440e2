"""What a turn is made of: its tools and its model requests."""

from collections.abc import Sequence

from agent_protocol.rollout.response_item import (
    CustomToolCallOutputItem,
    FunctionCallOutputItem,
    ResponseItem,
)
from msgspec import structs

from agent_core.context.history import for_request
from agent_core.context.metadata import turn_metadata
from agent_core.context.output import plain_outputs
from agent_core.model.catalog import fitting_effort
from agent_core.model.request import ModelRequest, Reasoning, TurnState
from agent_core.tools.builtin.apply_patch import ApplyPatch
from agent_core.tools.builtin.exec_command import ExecCommand, WriteStdin
from agent_core.tools.builtin.plan import UpdatePlan
from agent_core.tools.builtin.shell import Shell, ShellCommand
from agent_core.tools.builtin.view_image import ViewImage
from agent_core.tools.registry import ToolRegistry
from agent_core.tools.tool import Tool
from agent_core.truncation import TruncationPolicy, truncate, truncate_parts
from agent_core.turn.context import TurnContext

_RECORDED_SCALE = 1.2
"""Outputs are cut by their tools; recording cuts again with this much room, so that it normally changes nothing."""


def tools_for(context: TurnContext, *, unified_exec: bool) -> ToolRegistry:
    """Return the tools of a turn: those offered to its model, and the names older habits may call."""
    patch_form = context.model.patch_tool
    shell: list[Tool] = [ExecCommand(), WriteStdin()] if unified_exec else [ShellCommand()]
    patch: list[Tool] = [ApplyPatch(freeform=patch_form == "freeform")] if patch_form is not None else []
    offered = [*shell, UpdatePlan(), *patch, ViewImage()]
    silent: list[Tool] = [
        ExecCommand(),
        WriteStdin(),
        ShellCommand(),
        Shell("shell"),
        Shell("container.exec"),
        ApplyPatch(freeform=False),
    ]
    return ToolRegistry(offered, silent)


def model_request(
    context: TurnContext, history: Sequence[ResponseItem], tools: ToolRegistry, state: TurnState
) -> ModelRequest:
    """Return the request that asks the model to go on with ``history``."""
    settings, model = context.settings, context.model
    reasoning = None
    if model.supports_reasoning_summaries:
        reasoning = Reasoning(effort=settings.effort or fitting_effort(model, None), summary=settings.summary)
    verbosity = settings.verbosity or model.default_verbosity if model.supports_verbosity else None
    return ModelRequest(
        thread_id=context.thread_id,
        turn_id=context.turn_id,
        model=model.slug,
        instructions=settings.base_instructions,
        input=_input(history, context),
        tools=tools.specs(),
        parallel_tool_calls=model.supports_parallel_tool_calls,
        reasoning=reasoning,
        verbosity=verbosity,
        output_schema=context.output_schema,
        turn_metadata=turn_metadata(context.turn_id, _sandbox_tag(context)),
        turn_state=state,
    )


def _input(history: Sequence[ResponseItem], context: TurnContext) -> list[ResponseItem]:
    items = for_request(history, images=context.model.accepts_images)
    return plain_outputs(items) if context.model.patch_tool == "freeform" else items


def recorded(item: ResponseItem, policy: TruncationPolicy) -> ResponseItem:
    """Return ``item`` as the history keeps it: an output is cut to what the model may read."""
    if not isinstance(item, FunctionCallOutputItem | CustomToolCallOutputItem):
        return item
    roomy = policy.scaled(_RECORDED_SCALE)
    output = item.output
    kept = truncate(output, roomy) if isinstance(output, str) else tuple(truncate_parts(output, roomy))
    return item if kept == output else structs.replace(item, output=kept)


def _sandbox_tag(context: TurnContext) -> str:
    match context.policy.mode.value:
        case "danger-full-access":
            return "none"
        case "external-sandbox":
            return "external"
        case _:
            return "seccomp"
