"""``view_image``: puts an image file in front of the model."""

import os
import stat

import msgspec
from agent_protocol.rollout.event import ViewImageToolCallEvent
from agent_protocol.rollout.turn_item import LocalImageInput
from agent_protocol.wire import JsonValue

from agent_core.errors import ToolFailure
from agent_core.tools.tool import ToolCall, ToolContext, ToolOutput, arguments_of, function_spec, string


class ViewImageArguments(msgspec.Struct, frozen=True):
    """Arguments of ``view_image``."""

    path: str


class ViewImage:
    """Attaches an image file to the conversation; the model sees it with its next request."""

    name = "view_image"
    parallel = True

    def spec(self) -> dict[str, JsonValue]:
        return function_spec(
            self.name,
            "Look at an image file of this machine. The image is shown to you after the call.",
            {"path": string("Path of the image, absolute or relative to the working directory.")},
            ["path"],
        )

    async def run(self, context: ToolContext, call: ToolCall) -> ToolOutput:
        arguments = arguments_of(call, ViewImageArguments)
        if not context.turn.model.accepts_images:
            raise ToolFailure("view_image is not possible: this model takes no images")
        path = os.path.join(context.turn.cwd, arguments.path)
        try:
            mode = os.stat(path).st_mode
        except (OSError, ValueError) as error:
            raise ToolFailure(f"cannot look at {path}: {error}") from error
        if not stat.S_ISREG(mode):
            raise ToolFailure(f"cannot look at {path}: it is not a regular file")
        context.emit(ViewImageToolCallEvent(call_id=call.call_id, path=path))
        return ToolOutput("attached local image path", pending=((LocalImageInput(path=path),),))
