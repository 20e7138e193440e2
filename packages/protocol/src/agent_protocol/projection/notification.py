"""Live events as notifications of the protocol."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

from agent_protocol.projection import delta, progress
from agent_protocol.projection.command import file_change
from agent_protocol.projection.failure import turn_error
from agent_protocol.projection.item import completed_item, review_item, started_item
from agent_protocol.projection.notice import Notice, Place, ProjectionState, completed, started
from agent_protocol.rollout.error_info import affects_turn_status
from agent_protocol.rollout.event import (
    AgentMessageContentDeltaEvent,
    AgentReasoningSectionBreakEvent,
    ApplyPatchApprovalRequestEvent,
    ContextCompactedEvent,
    DeprecationNoticeEvent,
    EnteredReviewModeEvent,
    ErrorEvent,
    EventMsg,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    ExecCommandOutputDeltaEvent,
    ExitedReviewModeEvent,
    ItemCompletedEvent,
    ModelRerouteEvent,
    PatchApplyBeginEvent,
    PatchApplyEndEvent,
    PlanDeltaEvent,
    PlanUpdateEvent,
    RawResponseItemEvent,
    ReasoningContentDeltaEvent,
    ReasoningRawContentDeltaEvent,
    StreamErrorEvent,
    TaskCompleteEvent,
    TaskStartedEvent,
    TerminalInteractionEvent,
    ThreadNameUpdatedEvent,
    TokenCountEvent,
    TurnAbortedEvent,
    TurnDiffEvent,
)
from agent_protocol.rollout.turn_item import ContextCompactionTurnItem
from agent_protocol.v2.item import PatchApplyStatus
from agent_protocol.v2.turn import TurnStatus
from agent_protocol.wire import JsonValue


def notifications(event: EventMsg, place: Place, state: ProjectionState) -> Sequence[Notice]:
    """Return what the subscribers of a thread are told about ``event``, in order.

    ``place.turn_id`` is the id the event was emitted under; ``state`` is the state before the event (see
    :func:`fold`). Entries of the raw history are always here; who did not ask for them must not get them.
    """
    project = _PROJECTIONS.get(type(event))
    if project is not None:
        return tuple(project(event, place, state))
    return tuple(_item_notices(event, place))


def fold(state: ProjectionState, event: EventMsg, turn_id: str) -> ProjectionState:
    """Return the state after ``event``, which was emitted under ``turn_id``."""
    if type(event) not in _FOLDED:
        return state
    match event:
        case TaskStartedEvent():
            return replace(announced(state, turn_id), last_error=None)
        case TaskCompleteEvent():
            return replace(state, last_error=None)
        case TurnAbortedEvent():
            return ProjectionState(announced_turn_id=state.announced_turn_id)
        case ErrorEvent(codex_error_info=info) if affects_turn_status(info) and state.announced_turn_id in (
            None,
            turn_id,
        ):
            return replace(state, last_error=turn_error(event))
        case ExecCommandBeginEvent(call_id=call_id):
            return replace(state, open_commands=state.open_commands | {call_id})
        case ExecCommandEndEvent(call_id=call_id):
            return replace(state, open_commands=state.open_commands - {call_id})
        case PatchApplyBeginEvent(call_id=call_id) | ApplyPatchApprovalRequestEvent(call_id=call_id):
            return replace(state, open_file_changes=state.open_file_changes | {call_id})
        case PatchApplyEndEvent(call_id=call_id):
            return replace(state, open_file_changes=state.open_file_changes - {call_id})
        case _:
            return state


def announced(state: ProjectionState, turn_id: str) -> ProjectionState:
    """Return the state after somebody else told the clients that the turn started."""
    return replace(state, announced_turn_id=turn_id)


def _item_notices(event: EventMsg, place: Place) -> Iterator[Notice]:
    if (item := started_item(event)) is not None:
        yield started(item, place)
    if (item := completed_item(event)) is not None:
        yield completed(item, place)
    if isinstance(event, ItemCompletedEvent) and isinstance(event.item, ContextCompactionTurnItem):
        yield progress.compacted(place)


def _file_change_started(
    event: PatchApplyBeginEvent | ApplyPatchApprovalRequestEvent, place: Place, state: ProjectionState
) -> Iterator[Notice]:
    if event.call_id not in state.open_file_changes:
        yield started(file_change(event.call_id, event.changes, PatchApplyStatus.IN_PROGRESS), place)


def _turn_ended(event: TaskCompleteEvent, place: Place, state: ProjectionState) -> Iterator[Notice]:
    status = TurnStatus.COMPLETED if state.last_error is None else TurnStatus.FAILED
    yield progress.turn_completed(place, status, state.last_error)


def _review_mode(event: EnteredReviewModeEvent | ExitedReviewModeEvent, place: Place) -> Iterator[Notice]:
    item = review_item(event, place.turn_id)
    yield started(item, place)
    yield completed(item, place)


_FOLDED = frozenset(
    {
        TaskStartedEvent,
        TaskCompleteEvent,
        TurnAbortedEvent,
        ErrorEvent,
        ExecCommandBeginEvent,
        ExecCommandEndEvent,
        PatchApplyBeginEvent,
        ApplyPatchApprovalRequestEvent,
        PatchApplyEndEvent,
    }
)
_PROJECTIONS: dict[type, Callable[[JsonValue, Place, ProjectionState], Iterable[Notice]]] = {
    AgentMessageContentDeltaEvent: lambda event, place, state: (delta.agent_message(event, place),),
    PlanDeltaEvent: lambda event, place, state: (delta.plan(event, place),),
    ReasoningContentDeltaEvent: lambda event, place, state: (delta.summary(event, place),),
    ReasoningRawContentDeltaEvent: lambda event, place, state: (delta.raw_reasoning(event, place),),
    AgentReasoningSectionBreakEvent: lambda event, place, state: (delta.summary_part(event, place),),
    ExecCommandOutputDeltaEvent: lambda event, place, state: (delta.output(event, place, state),),
    TerminalInteractionEvent: lambda event, place, state: (delta.terminal_interaction(event, place),),
    PatchApplyBeginEvent: _file_change_started,
    ApplyPatchApprovalRequestEvent: _file_change_started,
    TaskStartedEvent: lambda event, place, state: progress.turn_started(place, state),
    TaskCompleteEvent: _turn_ended,
    TurnAbortedEvent: lambda event, place, state: (progress.turn_completed(place, TurnStatus.INTERRUPTED, None),),
    ErrorEvent: lambda event, place, state: progress.failure(event, place),
    StreamErrorEvent: lambda event, place, state: (progress.retried(event, place),),
    TokenCountEvent: lambda event, place, state: progress.usage(event, place),
    TurnDiffEvent: lambda event, place, state: (progress.turn_diff(event, place),),
    PlanUpdateEvent: lambda event, place, state: (progress.turn_plan(event, place),),
    ContextCompactedEvent: lambda event, place, state: (progress.compacted(place),),
    ModelRerouteEvent: lambda event, place, state: (progress.rerouted(event, place),),
    DeprecationNoticeEvent: lambda event, place, state: (progress.deprecation(event),),
    ThreadNameUpdatedEvent: lambda event, place, state: (progress.name_updated(event),),
    EnteredReviewModeEvent: lambda event, place, state: _review_mode(event, place),
    ExitedReviewModeEvent: lambda event, place, state: _review_mode(event, place),
    RawResponseItemEvent: lambda event, place, state: (progress.raw_item(event, place),),
}
