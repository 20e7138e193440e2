"""Begin, end, failures, usage and settings of a turn, as notices."""

from collections.abc import Iterator

from msgspec import UNSET, Raw

from agent_protocol.projection.failure import turn_error
from agent_protocol.projection.notice import Notice, Place, ProjectionState, notice
from agent_protocol.projection.usage import rate_limits, token_usage
from agent_protocol.rollout.error_info import affects_turn_status
from agent_protocol.rollout.event import (
    DeprecationNoticeEvent,
    ErrorEvent,
    ModelRerouteEvent,
    PlanUpdateEvent,
    RawResponseItemEvent,
    StreamErrorEvent,
    ThreadNameUpdatedEvent,
    TokenCountEvent,
    TurnDiffEvent,
)
from agent_protocol.rollout.response_item import encode_response_item
from agent_protocol.v2 import account, model, response_item, thread, turn
from agent_protocol.v2 import notice as v2_notice

_STEP_STATUSES = {
    "pending": turn.TurnPlanStepStatus.PENDING,
    "in_progress": turn.TurnPlanStepStatus.IN_PROGRESS,
    "completed": turn.TurnPlanStepStatus.COMPLETED,
}


def turn_started(place: Place, state: ProjectionState) -> Iterator[Notice]:
    """Yield the notice that a turn began, unless it was announced already."""
    if state.announced_turn_id != place.turn_id:
        begun = turn.Turn(id=place.turn_id, items=[], status=turn.TurnStatus.IN_PROGRESS)
        yield notice(turn.TURN_STARTED, turn.TurnStartedNotification(thread_id=place.thread_id, turn=begun))


def turn_completed(place: Place, status: turn.TurnStatus, error: turn.TurnError | None) -> Notice:
    """Return the notice that a turn ended."""
    ended = turn.Turn(id=place.turn_id, items=[], status=status, error=error)
    return notice(turn.TURN_COMPLETED, turn.TurnCompletedNotification(thread_id=place.thread_id, turn=ended))


def failure(event: ErrorEvent, place: Place) -> Iterator[Notice]:
    """Yield the notice of a failure that ends the turn; a failed rollback has its own answer."""
    if affects_turn_status(event.codex_error_info):
        yield _error(event, place, will_retry=False)


def retried(event: StreamErrorEvent, place: Place) -> Notice:
    """Return the notice of a failure that is tried again."""
    return _error(event, place, will_retry=True)


def usage(event: TokenCountEvent, place: Place) -> Iterator[Notice]:
    """Yield the notices of usage, when it is known, and of limits."""
    if event.info is not None:
        yield notice(
            thread.THREAD_TOKEN_USAGE_UPDATED,
            thread.ThreadTokenUsageUpdatedNotification(
                thread_id=place.thread_id, turn_id=place.turn_id, token_usage=token_usage(event.info)
            ),
        )
    if event.rate_limits is not None:
        yield notice(
            account.ACCOUNT_RATE_LIMITS_UPDATED,
            account.AccountRateLimitsUpdatedNotification(rate_limits=rate_limits(event.rate_limits)),
        )


def turn_diff(event: TurnDiffEvent, place: Place) -> Notice:
    """Return the notice of the turn's diff so far."""
    params = turn.TurnDiffUpdatedNotification(thread_id=place.thread_id, turn_id=place.turn_id, diff=event.unified_diff)
    return notice(turn.TURN_DIFF_UPDATED, params)


def turn_plan(event: PlanUpdateEvent, place: Place) -> Notice:
    """Return the notice of the to-do list."""
    params = turn.TurnPlanUpdatedNotification(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        explanation=event.explanation,
        plan=[turn.TurnPlanStep(step=step.step, status=_STEP_STATUSES[step.status]) for step in event.plan],
    )
    return notice(turn.TURN_PLAN_UPDATED, params)


def compacted(place: Place) -> Notice:
    """Return the older notice that the history was compacted."""
    params = thread.ContextCompactedNotification(thread_id=place.thread_id, turn_id=place.turn_id)
    return notice(thread.THREAD_COMPACTED, params)


def rerouted(event: ModelRerouteEvent, place: Place) -> Notice:
    """Return the notice that another model answered."""
    params = model.ModelReroutedNotification(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        from_model=event.from_model,
        to_model=event.to_model,
        reason=model.ModelRerouteReason.HIGH_RISK_CYBER_ACTIVITY,
    )
    return notice(model.MODEL_REROUTED, params)


def deprecation(event: DeprecationNoticeEvent) -> Notice:
    """Return the notice that a setting in use will go away."""
    details = None if event.details is UNSET else event.details
    params = v2_notice.DeprecationNoticeNotification(summary=event.summary, details=details)
    return notice(v2_notice.DEPRECATION_NOTICE, params)


def name_updated(event: ThreadNameUpdatedEvent) -> Notice:
    """Return the notice of a thread's new name."""
    params = thread.ThreadNameUpdatedNotification(thread_id=event.thread_id, thread_name=event.thread_name)
    return notice(thread.THREAD_NAME_UPDATED, params)


def raw_item(event: RawResponseItemEvent, place: Place) -> Notice:
    """Return the notice of an entry of the model-facing history."""
    params = response_item.RawResponseItemCompletedNotification(
        thread_id=place.thread_id, turn_id=place.turn_id, item=Raw(encode_response_item(event.item))
    )
    return notice(response_item.RAW_RESPONSE_ITEM_COMPLETED, params)


def _error(event: ErrorEvent | StreamErrorEvent, place: Place, *, will_retry: bool) -> Notice:
    params = v2_notice.ErrorNotification(
        error=turn_error(event), will_retry=will_retry, thread_id=place.thread_id, turn_id=place.turn_id
    )
    return notice(v2_notice.ERROR, params)
