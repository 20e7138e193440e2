"""Questions of the core as requests to the client."""

from collections.abc import Sequence
from typing import Literal, TypeAlias, TypeVar

from msgspec import UNSET

from agent_protocol import shellquote
from agent_protocol.projection.command import command_actions, command_refused, file_change
from agent_protocol.projection.notice import Notice, Place, ProjectionState, completed
from agent_protocol.registry import AnyServerRequest, ServerRequest
from agent_protocol.rollout.event import (
    ApplyPatchApprovalRequestEvent,
    DynamicToolCallRequestEvent,
    EventMsg,
    ExecApprovalRequestEvent,
    Question,
    RequestUserInputEvent,
)
from agent_protocol.v2 import approval, tool
from agent_protocol.v2.item import PatchApplyStatus
from agent_protocol.wire import JsonValue, Wire

P = TypeVar("P", bound=Wire)

RequestEvent: TypeAlias = (
    ExecApprovalRequestEvent | ApplyPatchApprovalRequestEvent | RequestUserInputEvent | DynamicToolCallRequestEvent
)
Inquiry: TypeAlias = tuple[AnyServerRequest, Wire]
"""A server request and its params."""


def inquiry(event: EventMsg, place: Place) -> Inquiry | None:
    """Return what the client is asked because of ``event``, if it asks something."""
    match event:
        case ExecApprovalRequestEvent():
            return _inquiry(approval.ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL, _command(event, place))
        case ApplyPatchApprovalRequestEvent():
            return _inquiry(approval.ITEM_FILE_CHANGE_REQUEST_APPROVAL, _file_change(event, place))
        case RequestUserInputEvent():
            return _inquiry(tool.ITEM_TOOL_REQUEST_USER_INPUT, _user_input(event, place))
        case DynamicToolCallRequestEvent():
            return _inquiry(tool.ITEM_TOOL_CALL, _tool_call(event, place))
        case _:
            return None


def refused(
    event: ExecApprovalRequestEvent | ApplyPatchApprovalRequestEvent,
    status: Literal["declined", "failed"],
    place: Place,
    state: ProjectionState,
) -> Sequence[Notice]:
    """Return what is told at once when a question was answered with no (``declined``) or with an error (``failed``).

    The core's own end of the item follows as a second completion. Nothing is told about a part of a command that is
    already running.
    """
    if isinstance(event, ApplyPatchApprovalRequestEvent):
        return (completed(file_change(event.call_id, event.changes, PatchApplyStatus(status)), place),)
    if event.approval_id is not UNSET and event.call_id in state.open_commands:
        return ()
    return (completed(command_refused(event, status), place),)


def _inquiry(method: ServerRequest[P, JsonValue], params: P) -> Inquiry:
    return method, params


def _command(event: ExecApprovalRequestEvent, place: Place) -> approval.CommandExecutionRequestApprovalParams:
    return approval.CommandExecutionRequestApprovalParams(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.call_id,
        approval_id=event.approval_id,
        reason=event.reason,
        command=shellquote.join(event.command),
        cwd=event.cwd,
        command_actions=command_actions(event.parsed_cmd),
        proposed_execpolicy_amendment=event.proposed_execpolicy_amendment,
        started_at_ms=place.at_ms,
    )


def _file_change(event: ApplyPatchApprovalRequestEvent, place: Place) -> approval.FileChangeRequestApprovalParams:
    return approval.FileChangeRequestApprovalParams(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.call_id,
        reason=None if event.reason is UNSET else event.reason,
        grant_root=None if event.grant_root is UNSET else event.grant_root,
        started_at_ms=place.at_ms,
    )


def _user_input(event: RequestUserInputEvent, place: Place) -> tool.ToolRequestUserInputParams:
    return tool.ToolRequestUserInputParams(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.call_id,
        questions=[_question(question) for question in event.questions],
        is_blocking=True,
    )


def _question(question: Question) -> tool.ToolRequestUserInputQuestion:
    options = None
    if question.options is not UNSET:
        options = [
            tool.ToolRequestUserInputOption(label=option.label, description=option.description)
            for option in question.options
        ]
    return tool.ToolRequestUserInputQuestion(
        id=question.id,
        header=question.header,
        question=question.question,
        is_other=question.is_other,
        is_secret=question.is_secret,
        options=options,
    )


def _tool_call(event: DynamicToolCallRequestEvent, place: Place) -> tool.DynamicToolCallParams:
    return tool.DynamicToolCallParams(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        call_id=event.call_id,
        tool=event.tool,
        arguments=event.arguments,
    )
