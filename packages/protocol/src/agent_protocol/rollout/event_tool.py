"""Events of the other tools: search, images, MCP, questions to the user, client-side tools."""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event_base import Duration, Event
from agent_protocol.rollout.response_item import WebSearchAction
from agent_protocol.wire import JsonValue, Record


class WebSearchBeginEvent(Event, frozen=True, kw_only=True):
    """A search of the provider starts."""

    call_id: str


class WebSearchEndEvent(Event, frozen=True, kw_only=True):
    """A search of the provider ended."""

    call_id: str
    query: str
    action: WebSearchAction


class ViewImageToolCallEvent(Event, frozen=True, kw_only=True):
    """The model looked at an image file."""

    call_id: str
    path: str


class McpInvocation(Record, frozen=True, kw_only=True):
    """A call of a tool of an MCP server."""

    server: str
    tool: str
    arguments: JsonValue = None


class McpCallResult(Record, frozen=True, kw_only=True):
    """What an MCP tool answered."""

    content: tuple[JsonValue, ...] = ()
    structured_content: JsonValue = msgspec.field(name="structuredContent", default=UNSET)
    is_error: bool | UnsetType = msgspec.field(name="isError", default=UNSET)
    meta: JsonValue = msgspec.field(name="_meta", default=UNSET)


class McpCallOutcome(Record, frozen=True, kw_only=True):
    """Either an answer or the text of a failure: exactly one member is set."""

    ok: McpCallResult | UnsetType = msgspec.field(name="Ok", default=UNSET)
    err: str | UnsetType = msgspec.field(name="Err", default=UNSET)


class McpToolCallBeginEvent(Event, frozen=True, kw_only=True):
    """A call of an MCP tool starts."""

    call_id: str
    invocation: McpInvocation


class McpToolCallEndEvent(Event, frozen=True, kw_only=True):
    """A call of an MCP tool ended."""

    call_id: str
    invocation: McpInvocation
    duration: Duration
    result: McpCallOutcome


class McpStartupStatus(Record, frozen=True, kw_only=True):
    """How far a server has come; ``error`` is set when it failed."""

    state: Literal["starting", "ready", "failed", "cancelled"]
    error: str | UnsetType = UNSET


class McpStartupUpdateEvent(Event, frozen=True, kw_only=True):
    """The state of one MCP server changed."""

    server: str
    status: McpStartupStatus


class McpStartupFailure(Record, frozen=True, kw_only=True):
    """A server that did not start."""

    server: str
    error: str


class McpStartupCompleteEvent(Event, frozen=True, kw_only=True):
    """All MCP servers have started, failed or been given up."""

    ready: tuple[str, ...] = ()
    failed: tuple[McpStartupFailure, ...] = ()
    cancelled: tuple[str, ...] = ()


class McpListToolsResponseEvent(Event, frozen=True, kw_only=True):
    """What the MCP servers of the session offer."""

    tools: dict[str, JsonValue]
    resources: dict[str, JsonValue]
    resource_templates: dict[str, JsonValue]
    auth_statuses: dict[str, str]


class ElicitationRequestEvent(Event, frozen=True, kw_only=True):
    """An MCP server asks the user something."""

    server_name: str
    id: str | int
    message: str


class QuestionOption(Record, frozen=True, kw_only=True):
    """One offered answer."""

    label: str
    description: str


class Question(Record, frozen=True, kw_only=True):
    """One question for the user."""

    id: str
    header: str
    question: str
    is_other: bool = msgspec.field(name="isOther", default=False)
    is_secret: bool = msgspec.field(name="isSecret", default=False)
    options: tuple[QuestionOption, ...] | UnsetType = UNSET


class RequestUserInputEvent(Event, frozen=True, kw_only=True):
    """The model asks the user."""

    call_id: str
    turn_id: str = ""
    questions: tuple[Question, ...]


class DynamicToolCallRequestEvent(Event, frozen=True, kw_only=True, rename="camel"):
    """The client must run one of its own tools."""

    call_id: str
    turn_id: str
    tool: str
    arguments: JsonValue


AgentStatusKind: TypeAlias = Literal["pending_init", "running", "shutdown", "not_found"]


class AgentStatusDetail(Record, frozen=True, kw_only=True):
    """A final status with its text: exactly one member is set."""

    completed: str | UnsetType | None = UNSET
    errored: str | UnsetType = UNSET


AgentStatus: TypeAlias = AgentStatusKind | AgentStatusDetail


class CollabAgentSpawnBeginEvent(Event, frozen=True, kw_only=True):
    """A child agent is about to be started."""

    call_id: str
    sender_thread_id: str
    prompt: str


class CollabAgentSpawnEndEvent(Event, frozen=True, kw_only=True):
    """A child agent was started, or could not be."""

    call_id: str
    sender_thread_id: str
    new_thread_id: str | None = None
    prompt: str
    status: AgentStatus


class CollabAgentInteractionBeginEvent(Event, frozen=True, kw_only=True):
    """Input is about to be sent to another agent."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str
    prompt: str


class CollabAgentInteractionEndEvent(Event, frozen=True, kw_only=True):
    """Input was sent to another agent."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str
    prompt: str
    status: AgentStatus


class CollabWaitingBeginEvent(Event, frozen=True, kw_only=True):
    """The agent waits for others."""

    sender_thread_id: str
    receiver_thread_ids: tuple[str, ...]
    call_id: str


class CollabWaitingEndEvent(Event, frozen=True, kw_only=True):
    """Waiting ended; ``statuses`` holds the agents that are final."""

    sender_thread_id: str
    call_id: str
    statuses: dict[str, AgentStatus]


class CollabCloseBeginEvent(Event, frozen=True, kw_only=True):
    """Another agent is about to be closed."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str


class CollabCloseEndEvent(Event, frozen=True, kw_only=True):
    """Another agent was closed; ``status`` is the one before."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str
    status: AgentStatus


class CollabResumeBeginEvent(Event, frozen=True, kw_only=True):
    """A stored agent is about to be loaded again."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str


class CollabResumeEndEvent(Event, frozen=True, kw_only=True):
    """A stored agent was loaded again."""

    call_id: str
    sender_thread_id: str
    receiver_thread_id: str
    status: AgentStatus
