"""Which tools a model is offered, and who answers a call."""

import logging
from collections.abc import Mapping, Sequence

from agent_protocol.rollout.response_item import CustomToolCallItem, FunctionCallItem
from agent_protocol.wire import JsonValue

from agent_core.errors import ToolFailure
from agent_core.tools.tool import CustomCall, FunctionCall, Tool, ToolContext, ToolOutput

_SHELL_FAMILY = frozenset({"shell", "container.exec", "local_shell", "shell_command"})


class ToolRegistry:
    """The tools of one thread: ``offered`` ones in order, and ``silent`` ones that are answered though not offered."""

    def __init__(self, offered: Sequence[Tool], silent: Sequence[Tool] = ()) -> None:
        self._offered = tuple(offered)
        self._tools: Mapping[str, Tool] = {tool.name: tool for tool in (*silent, *offered)}
        self._parallel = frozenset(tool.name for tool in offered if tool.parallel)

    def specs(self) -> list[dict[str, JsonValue]]:
        """Return the offered tools as they stand in a model request."""
        return [tool.spec() for tool in self._offered]

    def is_parallel(self, name: str) -> bool:
        """Tell whether calls of this name may run beside each other; a silent tool's never do."""
        return name in self._parallel

    async def run(self, context: ToolContext, item: FunctionCallItem | CustomToolCallItem) -> ToolOutput:
        """Answer one call; what goes wrong on the model's side becomes the output.

        Raises:
            ToolPayloadMismatch: a known tool was called in a form it does not have.
        """
        tool = self._tools.get(item.name)
        if isinstance(item, CustomToolCallItem):
            if tool is None:
                return ToolOutput(f"unsupported custom tool call: {item.name}")
            call: FunctionCall | CustomCall = CustomCall(item.name, item.call_id, item.input)
        else:
            if tool is None:
                return ToolOutput(f"unsupported call: {item.name}")
            call = FunctionCall(item.name, item.call_id, item.arguments)
        try:
            return await tool.run(context, call)
        except ToolFailure as failure:
            logging.getLogger(__name__).debug("tool %s failed: %s", item.name, failure.text)
            return ToolOutput(failure.text)


def aborted_output(name: str, elapsed: float) -> ToolOutput:
    """Return the output of a call the user stopped after ``elapsed`` seconds; the model's harness knows these words."""
    if name in _SHELL_FAMILY:
        return ToolOutput(f"Wall time: {elapsed:.1f} seconds\naborted by user")
    return ToolOutput(f"aborted by user after {elapsed:.1f}s")
