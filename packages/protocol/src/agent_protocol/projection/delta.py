"""Parts of items that are still being made, as notices."""

from agent_protocol.projection.notice import Notice, Place, ProjectionState, notice
from agent_protocol.rollout.event import (
    AgentMessageContentDeltaEvent,
    AgentReasoningSectionBreakEvent,
    ExecCommandOutputDeltaEvent,
    PlanDeltaEvent,
    ReasoningContentDeltaEvent,
    ReasoningRawContentDeltaEvent,
    TerminalInteractionEvent,
)
from agent_protocol.v2 import item as v2


def agent_message(event: AgentMessageContentDeltaEvent, place: Place) -> Notice:
    """Return the notice of more text of a message."""
    params = v2.AgentMessageDeltaNotification(
        thread_id=place.thread_id, turn_id=place.turn_id, item_id=event.item_id, delta=event.delta
    )
    return notice(v2.ITEM_AGENT_MESSAGE_DELTA, params)


def plan(event: PlanDeltaEvent, place: Place) -> Notice:
    """Return the notice of more text of a plan."""
    params = v2.PlanDeltaNotification(
        thread_id=place.thread_id, turn_id=place.turn_id, item_id=event.item_id, delta=event.delta
    )
    return notice(v2.ITEM_PLAN_DELTA, params)


def summary(event: ReasoningContentDeltaEvent, place: Place) -> Notice:
    """Return the notice of more text of a reasoning summary."""
    params = v2.ReasoningSummaryTextDeltaNotification(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.item_id,
        delta=event.delta,
        summary_index=event.summary_index,
    )
    return notice(v2.ITEM_REASONING_SUMMARY_TEXT_DELTA, params)


def summary_part(event: AgentReasoningSectionBreakEvent, place: Place) -> Notice:
    """Return the notice that another reasoning summary begins."""
    params = v2.ReasoningSummaryPartAddedNotification(
        thread_id=place.thread_id, turn_id=place.turn_id, item_id=event.item_id, summary_index=event.summary_index
    )
    return notice(v2.ITEM_REASONING_SUMMARY_PART_ADDED, params)


def raw_reasoning(event: ReasoningRawContentDeltaEvent, place: Place) -> Notice:
    """Return the notice of more raw reasoning."""
    params = v2.ReasoningTextDeltaNotification(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.item_id,
        delta=event.delta,
        content_index=event.content_index,
    )
    return notice(v2.ITEM_REASONING_TEXT_DELTA, params)


def output(event: ExecCommandOutputDeltaEvent, place: Place, state: ProjectionState) -> Notice:
    """Return the notice of more output, of a file change where one is open under this id, else of a command."""
    text = event.chunk.decode("utf-8", "replace")
    if event.call_id in state.open_file_changes:
        return notice(
            v2.ITEM_FILE_CHANGE_OUTPUT_DELTA,
            v2.FileChangeOutputDeltaNotification(
                thread_id=place.thread_id, turn_id=place.turn_id, item_id=event.call_id, delta=text
            ),
        )
    return notice(
        v2.ITEM_COMMAND_EXECUTION_OUTPUT_DELTA,
        v2.CommandExecutionOutputDeltaNotification(
            thread_id=place.thread_id, turn_id=place.turn_id, item_id=event.call_id, delta=text
        ),
    )


def terminal_interaction(event: TerminalInteractionEvent, place: Place) -> Notice:
    """Return the notice that the model wrote to a running command."""
    params = v2.TerminalInteractionNotification(
        thread_id=place.thread_id,
        turn_id=place.turn_id,
        item_id=event.call_id,
        process_id=event.process_id,
        stdin=event.stdin,
    )
    return notice(v2.ITEM_COMMAND_EXECUTION_TERMINAL_INTERACTION, params)
