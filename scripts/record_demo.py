"""Record the demo's model again: run the demo's task against a scripted model server and keep what it answered.

    python scripts/record_demo.py

Needed after a change of what the model is told: instructions, context, tools, or the demo's project.
"""

import io
import sys
from dataclasses import replace

import anyio
from agent_cli.demo.play import options_of
from agent_cli.demo.stage import cassette, staged
from agent_cli.run import run
from agent_cli.view import Streams
from agent_core.testing.answer import answer, custom_call, function_call, message, reasoning
from agent_core.testing.server import ScriptedServer, Stream

PATCH = """\
*** Begin Patch
*** Update File: basket.py
@@
     gross = sum(prices)
-    return gross - gross * discount_percent // 10
+    return gross - gross * discount_percent // 100
*** End Patch
"""
FINAL = """\
`total` took the discount off ten times over: it divided the percentage by 10 in place of 100. I
corrected that line in `basket.py`, and all four tests pass now."""
PLAN = ("Run the tests", "Read the code", "Fix it", "Run the tests again")


def plan(done: int) -> list[dict[str, str]]:
    """Return the plan with its first ``done`` steps completed and the next one begun."""
    states = ["completed"] * done + ["in_progress"] + ["pending"] * len(PLAN)
    return [{"step": step, "status": state} for step, state in zip(PLAN, states, strict=False)]


def script() -> list[Stream]:
    """Return the model's answers, one per request."""
    answers = [
        answer(
            reasoning("**Finding the failing test**"),
            message("I will run the tests to see which one fails."),
            function_call("update_plan", {"plan": plan(0)}),
            function_call("exec_command", {"cmd": "./run-tests", "login": False}),
        ),
        answer(function_call("exec_command", {"cmd": "cat basket.py", "login": False})),
        answer(
            reasoning(
                "**Reading the discount**",
                "A tenth of the price times the percentage is taken off: ten times too much.",
            ),
            message("The discount divides by 10 where a percentage needs 100. I will correct that."),
            function_call("update_plan", {"plan": plan(2)}),
            custom_call("apply_patch", PATCH),
        ),
        answer(function_call("exec_command", {"cmd": "./run-tests", "login": False}, call_id="call_again")),
        answer(function_call("update_plan", {"plan": plan(4)})),
        answer(message(FINAL)),
    ]
    return [Stream(parts=parts) for parts in answers]


async def main() -> int:
    """Write the cassette and return the exit code of the run."""
    streams = Streams(stdin=io.BytesIO(), stdout=io.StringIO(), stderr=sys.stderr)
    with staged(keep=False) as stage:
        async with ScriptedServer(script()) as server:
            overrides = (
                'model_provider="scripted"',
                f'model_providers.scripted={{name="Scripted", base_url="{server.url}"}}',
            )
            options = replace(options_of(stage, color="never", confined=True, overrides=overrides), record=cassette())
            return await run(options, streams)


if __name__ == "__main__":
    raise SystemExit(anyio.run(main))
