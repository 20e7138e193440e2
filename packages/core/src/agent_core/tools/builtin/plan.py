"""``update_plan``: the model's visible to-do list."""

from typing import Literal

import msgspec
from agent_protocol.rollout.event import PlanStep, PlanUpdateEvent
from agent_protocol.wire import JsonValue

from agent_core.tools.tool import ToolCall, ToolContext, ToolOutput, arguments_of, function_spec, string


class StepArgument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One step as the model writes it."""

    step: str
    status: Literal["pending", "in_progress", "completed"]


class PlanArguments(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Arguments of ``update_plan``."""

    explanation: str | None = None
    plan: tuple[StepArgument, ...]


class UpdatePlan:
    """Shows the model's plan to the user; the model sees only that it was taken."""

    name = "update_plan"
    parallel = False

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Show or revise the plan of the task. Send every step each time, in order. "
            "Keep exactly one step in_progress until all are completed.",
            {
                "explanation": string("Why the plan changed, when it did."),
                "plan": {
                    "type": "array",
                    "description": "All steps of the plan.",
                    "items": {
                        "type": "object",
                        "properties": {
                            "status": string("One of: pending, in_progress, completed."),
                            "step": string("What the step does, in a few words."),
                        },
                        "required": ["step", "status"],
                        "additionalProperties": False,
                    },
                },
            },
            ["plan"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, PlanArguments)
        steps = tuple(PlanStep(step=item.step, status=item.status) for item in arguments.plan)
        context.emit(PlanUpdateEvent(explanation=arguments.explanation, plan=steps))
        return ToolOutput("Plan updated")
