"""Notifications to JSON events: `step` is a pure function of an explicit state."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from agent_protocol.v2.item import (
    AddPatchChangeKind,
    AgentMessageThreadItem,
    CollabAgentToolCallThreadItem,
    CommandExecutionThreadItem,
    FileChangeThreadItem,
    FindInPageWebSearchAction,
    ItemCompletedNotification,
    ItemStartedNotification,
    McpToolCallThreadItem,
    OpenPageWebSearchAction,
    OtherWebSearchAction,
    ReasoningThreadItem,
    SearchWebSearchAction,
    ThreadItem,
    UpdatePatchChangeKind,
    WebSearchAction,
    WebSearchThreadItem,
)
from agent_protocol.v2.notice import ConfigWarningNotification, ErrorNotification
from agent_protocol.v2.thread import ThreadTokenUsageUpdatedNotification
from agent_protocol.v2.turn import (
    TurnCompletedNotification,
    TurnPlanStepStatus,
    TurnPlanUpdatedNotification,
    TurnStartedNotification,
    TurnStatus,
)

from agent_cli.render.event import (
    AgentMessage,
    CollabAgent,
    CollabToolCall,
    CommandExecution,
    Event,
    Failure,
    FileChange,
    FileChanges,
    Item,
    ItemCompleted,
    ItemStarted,
    ItemUpdated,
    McpToolCall,
    Notice,
    Reasoning,
    SearchAction,
    StreamError,
    Todo,
    TodoList,
    ToolResult,
    TurnCompleted,
    TurnFailed,
    TurnStarted,
    Usage,
    WebSearch,
)
from agent_cli.render.text import error_sentence, snake

NOTHING_USED = Usage()


@dataclass(frozen=True, slots=True)
class State:
    """What later events depend on."""

    next_item: int = 0
    open: Mapping[str, Item] = field(default_factory=dict)
    """Items that were started and not completed, by their id on the wire."""
    todo: TodoList | None = None
    usage: Usage = NOTHING_USED


def step(state: State, notification: object) -> tuple[State, Sequence[Event]]:
    """Return the state after ``notification`` (the params struct of one) and the events it causes, in order."""
    match notification:
        case TurnStartedNotification():
            return state, [TurnStarted()]
        case ItemStartedNotification(item=item):
            return _started(state, item)
        case ItemCompletedNotification(item=item):
            return _completed(state, item)
        case TurnPlanUpdatedNotification(plan=plan):
            todos = [Todo(text=entry.step, completed=entry.status is TurnPlanStepStatus.COMPLETED) for entry in plan]
            return _planned(state, todos)
        case ThreadTokenUsageUpdatedNotification(token_usage=usage):
            total = Usage(
                input_tokens=usage.total.input_tokens,
                cached_input_tokens=usage.total.cached_input_tokens,
                output_tokens=usage.total.output_tokens,
            )
            return replace(state, usage=total), []
        case ErrorNotification(error=error):
            return state, [StreamError(message=error_sentence(error))]
        case ConfigWarningNotification(summary=summary, details=details):
            text = f"{summary} ({details})" if details else summary
            state, name = _number(state)
            return state, [ItemCompleted(item=Notice(id=name, message=text))]
        case TurnCompletedNotification():
            return _ended(state, notification)
        case _:
            return state, []


def _number(state: State) -> tuple[State, str]:
    return replace(state, next_item=state.next_item + 1), f"item_{state.next_item}"


def _started(state: State, item: ThreadItem) -> tuple[State, Sequence[Event]]:
    if not isinstance(
        item,
        CommandExecutionThreadItem | McpToolCallThreadItem | CollabAgentToolCallThreadItem | WebSearchThreadItem,
    ):
        return state, []
    state, name = _number(state)
    shown = _item(item, name)
    return replace(state, open={**state.open, item.id: shown}), [ItemStarted(item=shown)]


def _completed(state: State, item: ThreadItem) -> tuple[State, Sequence[Event]]:
    if isinstance(item, ReasoningThreadItem):
        return _thought(state, item)
    if item.id in state.open:
        name = state.open[item.id].id
        state = replace(state, open={key: value for key, value in state.open.items() if key != item.id})
        return state, [ItemCompleted(item=_item(item, name))]
    if not isinstance(item, _SHOWN):
        return state, []
    state, name = _number(state)
    return state, [ItemCompleted(item=_item(item, name))]


def _thought(state: State, item: ReasoningThreadItem) -> tuple[State, Sequence[Event]]:
    events: list[Event] = []
    for text in filter(None, item.summary):
        state, name = _number(state)
        events.append(ItemCompleted(item=Reasoning(id=name, text=text)))
    return state, events


def _planned(state: State, todos: Sequence[Todo]) -> tuple[State, Sequence[Event]]:
    if state.todo is not None:
        todo = TodoList(id=state.todo.id, items=todos)
        return replace(state, todo=todo), [ItemUpdated(item=todo)]
    state, name = _number(state)
    todo = TodoList(id=name, items=todos)
    return replace(state, todo=todo), [ItemStarted(item=todo)]


def _ended(state: State, notification: TurnCompletedNotification) -> tuple[State, Sequence[Event]]:
    events: list[Event] = []
    if state.todo is not None:
        events.append(ItemCompleted(item=state.todo))
    for item in state.open.values():
        if isinstance(item, CommandExecution):
            left = CommandExecution(
                id=item.id, command=item.command, aggregated_output="", exit_code=None, status="completed"
            )
            events.append(ItemCompleted(item=left))
    turn = notification.turn
    if turn.status is TurnStatus.COMPLETED:
        events.append(TurnCompleted(usage=state.usage))
    elif turn.status is TurnStatus.FAILED:
        message = error_sentence(turn.error) if turn.error is not None else "the turn failed"
        events.append(TurnFailed(error=Failure(message=message)))
    return replace(state, open={}, todo=None), events


_SHOWN = (
    AgentMessageThreadItem
    | CommandExecutionThreadItem
    | FileChangeThreadItem
    | McpToolCallThreadItem
    | CollabAgentToolCallThreadItem
    | WebSearchThreadItem
)


def _item(item: ThreadItem, name: str) -> Item:
    match item:
        case AgentMessageThreadItem(text=text):
            return AgentMessage(id=name, text=text)
        case CommandExecutionThreadItem():
            return _command(item, name)
        case FileChangeThreadItem():
            return _file_changes(item, name)
        case McpToolCallThreadItem():
            return _mcp_call(item, name)
        case CollabAgentToolCallThreadItem():
            return _collab_call(item, name)
        case WebSearchThreadItem():
            action = None if item.action is None else _search_action(item.action)
            return WebSearch(id=item.id, query=item.query, action=action)
        case _:
            raise TypeError(f"{type(item).__name__} has no JSON event")


def _command(item: CommandExecutionThreadItem, name: str) -> CommandExecution:
    status: Mapping[str, Literal["in_progress", "completed", "failed", "declined"]] = {
        "inProgress": "in_progress",
        "completed": "completed",
        "failed": "failed",
        "declined": "declined",
    }
    return CommandExecution(
        id=name,
        command=item.command,
        aggregated_output=item.aggregated_output or "",
        exit_code=item.exit_code,
        status=status[item.status],
    )


def _file_changes(item: FileChangeThreadItem, name: str) -> FileChanges:
    changes = []
    for change in item.changes:
        updated = isinstance(change.kind, UpdatePatchChangeKind)
        added = isinstance(change.kind, AddPatchChangeKind)
        changes.append(FileChange(path=change.path, kind="update" if updated else "add" if added else "delete"))
    return FileChanges(id=name, changes=changes, status="completed" if item.status == "completed" else "failed")


def _progress(status: str) -> Literal["in_progress", "completed", "failed"]:
    return "in_progress" if status == "inProgress" else "completed" if status == "completed" else "failed"


def _mcp_call(item: McpToolCallThreadItem, name: str) -> McpToolCall:
    result = item.result
    return McpToolCall(
        id=name,
        server=item.server,
        tool=item.tool,
        arguments=item.arguments,
        result=None
        if result is None
        else ToolResult(content=result.content, structured_content=result.structured_content),
        error=None if item.error is None else Failure(message=item.error.message),
        status=_progress(item.status),
    )


def _collab_call(item: CollabAgentToolCallThreadItem, name: str) -> CollabToolCall:
    return CollabToolCall(
        id=name,
        tool=snake(item.tool),
        sender_thread_id=item.sender_thread_id,
        receiver_thread_ids=item.receiver_thread_ids,
        prompt=item.prompt,
        agents_states={
            key: CollabAgent(status=snake(state.status), message=state.message)
            for key, state in item.agents_states.items()
        },
        status=_progress(item.status),
    )


def _search_action(action: WebSearchAction) -> SearchAction:
    match action:
        case SearchWebSearchAction(query=query, queries=queries):
            return SearchAction(type="search", query=query, queries=queries)
        case OpenPageWebSearchAction(url=url):
            return SearchAction(type="open_page", url=url)
        case FindInPageWebSearchAction(url=url, pattern=pattern):
            return SearchAction(type="find_in_page", url=url, pattern=pattern)
        case OtherWebSearchAction():
            return SearchAction(type="other")
