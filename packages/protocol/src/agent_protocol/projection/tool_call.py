"""Calls of MCP tools and of other agents as items."""

from collections.abc import Mapping
from typing import TypeAlias

from msgspec import UNSET

from agent_protocol.rollout.event import (
    AgentStatus,
    CollabAgentInteractionBeginEvent,
    CollabAgentInteractionEndEvent,
    CollabAgentSpawnBeginEvent,
    CollabAgentSpawnEndEvent,
    CollabCloseBeginEvent,
    CollabCloseEndEvent,
    CollabResumeBeginEvent,
    CollabResumeEndEvent,
    CollabWaitingBeginEvent,
    CollabWaitingEndEvent,
    McpCallResult,
    McpToolCallBeginEvent,
    McpToolCallEndEvent,
)
from agent_protocol.v2 import item as v2

CollabBeginEvent: TypeAlias = (
    CollabAgentSpawnBeginEvent
    | CollabAgentInteractionBeginEvent
    | CollabWaitingBeginEvent
    | CollabCloseBeginEvent
    | CollabResumeBeginEvent
)
CollabEndEvent: TypeAlias = (
    CollabAgentSpawnEndEvent
    | CollabAgentInteractionEndEvent
    | CollabWaitingEndEvent
    | CollabCloseEndEvent
    | CollabResumeEndEvent
)

_STATUSES = {
    "pending_init": v2.CollabAgentStatus.PENDING_INIT,
    "running": v2.CollabAgentStatus.RUNNING,
    "shutdown": v2.CollabAgentStatus.SHUTDOWN,
    "not_found": v2.CollabAgentStatus.NOT_FOUND,
}
_FAILED = frozenset({v2.CollabAgentStatus.ERRORED, v2.CollabAgentStatus.NOT_FOUND})


def mcp_started(event: McpToolCallBeginEvent) -> v2.McpToolCallThreadItem:
    """Return the item of an MCP call that starts."""
    return v2.McpToolCallThreadItem(
        id=event.call_id,
        server=event.invocation.server,
        tool=event.invocation.tool,
        status=v2.McpToolCallStatus.IN_PROGRESS,
        arguments=event.invocation.arguments,
    )


def mcp_completed(event: McpToolCallEndEvent) -> v2.McpToolCallThreadItem:
    """Return the item of an MCP call that ended; a call the tool itself reports as failed keeps its result."""
    answer, problem = event.result.ok, event.result.err
    failed = answer is UNSET or answer.is_error is True
    return v2.McpToolCallThreadItem(
        id=event.call_id,
        server=event.invocation.server,
        tool=event.invocation.tool,
        status=v2.McpToolCallStatus.FAILED if failed else v2.McpToolCallStatus.COMPLETED,
        arguments=event.invocation.arguments,
        result=None if answer is UNSET else _mcp_result(answer),
        error=v2.McpToolCallError(message=problem or "") if answer is UNSET else None,
        duration_ms=event.duration.millis,
    )


def collab_started(event: CollabBeginEvent) -> v2.CollabAgentToolCallThreadItem:
    """Return the item of a call of other agents that starts."""
    prompt: str | None = None
    receivers: tuple[str, ...]
    match event:
        case CollabAgentSpawnBeginEvent():
            tool, receivers, prompt = v2.CollabAgentTool.SPAWN_AGENT, (), event.prompt
        case CollabAgentInteractionBeginEvent():
            tool, receivers, prompt = v2.CollabAgentTool.SEND_INPUT, (event.receiver_thread_id,), event.prompt
        case CollabWaitingBeginEvent():
            tool, receivers = v2.CollabAgentTool.WAIT, event.receiver_thread_ids
        case CollabCloseBeginEvent():
            tool, receivers = v2.CollabAgentTool.CLOSE_AGENT, (event.receiver_thread_id,)
        case CollabResumeBeginEvent():
            tool, receivers = v2.CollabAgentTool.RESUME_AGENT, (event.receiver_thread_id,)
    return v2.CollabAgentToolCallThreadItem(
        id=event.call_id,
        tool=tool,
        status=v2.CollabAgentToolCallStatus.IN_PROGRESS,
        sender_thread_id=event.sender_thread_id,
        receiver_thread_ids=receivers,
        prompt=prompt,
        agents_states={},
    )


def collab_completed(event: CollabEndEvent) -> v2.CollabAgentToolCallThreadItem:
    """Return the item of a call of other agents that ended; the agents are ordered by id."""
    prompt: str | None = None
    statuses: Mapping[str, AgentStatus]
    match event:
        case CollabAgentSpawnEndEvent(new_thread_id=child):
            tool, prompt = v2.CollabAgentTool.SPAWN_AGENT, event.prompt
            statuses = {} if child is None else {child: event.status}
        case CollabAgentInteractionEndEvent():
            tool, prompt = v2.CollabAgentTool.SEND_INPUT, event.prompt
            statuses = {event.receiver_thread_id: event.status}
        case CollabWaitingEndEvent():
            tool, statuses = v2.CollabAgentTool.WAIT, event.statuses
        case CollabCloseEndEvent():
            tool, statuses = v2.CollabAgentTool.CLOSE_AGENT, {event.receiver_thread_id: event.status}
        case CollabResumeEndEvent():
            tool, statuses = v2.CollabAgentTool.RESUME_AGENT, {event.receiver_thread_id: event.status}
    states = {agent: agent_state(statuses[agent]) for agent in sorted(statuses)}
    not_spawned = isinstance(event, CollabAgentSpawnEndEvent) and event.new_thread_id is None
    failed = not_spawned or any(state.status in _FAILED for state in states.values())
    return v2.CollabAgentToolCallThreadItem(
        id=event.call_id,
        tool=tool,
        status=v2.CollabAgentToolCallStatus.FAILED if failed else v2.CollabAgentToolCallStatus.COMPLETED,
        sender_thread_id=event.sender_thread_id,
        receiver_thread_ids=list(states),
        prompt=prompt,
        agents_states=states,
    )


def agent_state(status: AgentStatus) -> v2.CollabAgentState:
    """Return the protocol's form of an agent's status, with the text it ended with."""
    if isinstance(status, str):
        return v2.CollabAgentState(status=_STATUSES[status])
    if status.completed is not UNSET:
        return v2.CollabAgentState(status=v2.CollabAgentStatus.COMPLETED, message=status.completed)
    return v2.CollabAgentState(status=v2.CollabAgentStatus.ERRORED, message=status.errored or None)


def _mcp_result(answer: McpCallResult) -> v2.McpToolCallResult:
    structured = None if answer.structured_content is UNSET else answer.structured_content
    return v2.McpToolCallResult(content=answer.content, structured_content=structured)
