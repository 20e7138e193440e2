"""Notifications to lines a person reads: `step` is a pure function of an explicit state."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from agent_protocol.v2.common import (
    DangerFullAccessSandboxPolicy,
    ReadOnlySandboxPolicy,
    SandboxPolicy,
    WorkspaceWriteSandboxPolicy,
)
from agent_protocol.v2.item import (
    AddPatchChangeKind,
    AgentMessageThreadItem,
    CommandExecutionThreadItem,
    DeletePatchChangeKind,
    FileChangeThreadItem,
    FileUpdateChange,
    ImageViewThreadItem,
    ItemCompletedNotification,
    ItemStartedNotification,
    McpToolCallThreadItem,
    ReasoningThreadItem,
    ThreadItem,
    WebSearchThreadItem,
)
from agent_protocol.v2.notice import ConfigWarningNotification, DeprecationNoticeNotification, ErrorNotification
from agent_protocol.v2.thread import ThreadTokenUsageUpdatedNotification
from agent_protocol.v2.turn import (
    TurnCompletedNotification,
    TurnPlanStep,
    TurnPlanStepStatus,
    TurnPlanUpdatedNotification,
    TurnStatus,
)

from agent_cli.render.paint import PLAIN, Paint
from agent_cli.render.text import duration, error_sentence

Lines: TypeAlias = Sequence[str]

SHOWN_OUTPUT_LINES = 20
RULE = "--------"
_MARKS = {TurnPlanStepStatus.COMPLETED: "✓", TurnPlanStepStatus.IN_PROGRESS: "→", TurnPlanStepStatus.PENDING: "•"}


@dataclass(frozen=True, slots=True)
class State:
    """What later lines depend on."""

    paint: Paint = PLAIN
    begun: str | None = None
    """The command whose heading is the last thing shown."""
    tokens: int = 0
    """Input that was not cached, and output, of the whole thread."""
    activity: str = ""
    """What runs now, for a status line; empty while the model thinks."""
    final_message: str | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """The settings of a run, shown at its head."""

    version: str
    workdir: str
    model: str
    provider: str
    approval: str
    sandbox: SandboxPolicy
    reasoning_effort: str | None
    reasoning_summaries: str | None
    thread_id: str


def heading(facts: Facts, prompt: str, paint: Paint) -> Lines:
    """Return the lines that open a run."""
    rows = {
        "workdir": facts.workdir,
        "model": facts.model,
        "provider": facts.provider,
        "approval": facts.approval,
        "sandbox": sandbox_summary(facts.sandbox),
        "reasoning effort": facts.reasoning_effort or "none",
        "reasoning summaries": facts.reasoning_summaries or "auto",
        "session id": facts.thread_id,
    }
    settings = [f"{paint(name + ':', 'bold')} {value}" for name, value in rows.items()]
    return [f"agent {facts.version}", RULE, *settings, RULE, paint("user", "cyan"), *prompt.splitlines()]


def sandbox_summary(policy: SandboxPolicy) -> str:
    """Return a policy in a few words: its mode, what may be written besides, whether the network is open."""
    match policy:
        case ReadOnlySandboxPolicy():
            return "read-only"
        case WorkspaceWriteSandboxPolicy():
            roots = ["workdir", *policy.writable_roots]
            network = " (network access enabled)" if policy.network_access else ""
            return f"workspace-write [{', '.join(roots)}]{network}"
        case DangerFullAccessSandboxPolicy():
            return "danger-full-access"
        case _:
            return "external sandbox"


def step(state: State, notification: object) -> tuple[State, Lines]:
    """Return the state after ``notification`` (the params struct of one) and the lines to show for it."""
    paint = state.paint
    match notification:
        case ItemStartedNotification(item=CommandExecutionThreadItem() as item):
            lines = [paint("exec", "magenta", "italic"), f"{paint(item.command, 'bold')} in {item.cwd}"]
            return replace(state, begun=item.id, activity=item.command), lines
        case ItemStartedNotification(item=McpToolCallThreadItem() as item):
            return replace(state, activity=f"{item.server}.{item.tool}"), []
        case ItemCompletedNotification(item=item):
            return _shown(_finished(state, item), _completed(state, item))
        case TurnPlanUpdatedNotification(plan=plan, explanation=explanation):
            return _shown(state, _plan(plan, explanation, paint))
        case ThreadTokenUsageUpdatedNotification(token_usage=usage):
            total = usage.total
            return replace(state, tokens=total.input_tokens - total.cached_input_tokens + total.output_tokens), []
        case ErrorNotification(error=error, will_retry=will_retry):
            style = ("yellow",) if will_retry else ("red", "bold")
            prefix = "" if will_retry else "ERROR: "
            return _shown(state, [paint(prefix + error_sentence(error), *style)])
        case ConfigWarningNotification() | DeprecationNoticeNotification():
            details = f" ({notification.details})" if notification.details else ""
            return _shown(state, [paint("warning:", "yellow", "bold") + f" {notification.summary}{details}"])
        case TurnCompletedNotification(turn=turn):
            interrupted = [paint("interrupted", "yellow")] if turn.status is TurnStatus.INTERRUPTED else []
            return _shown(replace(state, activity=""), interrupted)
        case _:
            return state, []


def closing(state: State, thread: str) -> Lines:
    """Return the lines that end a run; ``thread`` is the name or the id it can be resumed by."""
    return [
        state.paint("tokens used", "magenta", "italic"),
        f"{state.tokens:,}",
        state.paint(f"to go on: {resume_command(thread)}", "dim"),
    ]


def resume_command(thread: str) -> str:
    """Return what to type to go on with a thread, given its name or id."""
    return f"agent exec resume {shlex.quote(thread)} PROMPT"


def _shown(state: State, lines: Lines) -> tuple[State, Lines]:
    return (replace(state, begun=None), lines) if lines else (state, lines)


def _finished(state: State, item: ThreadItem) -> State:
    if isinstance(item, AgentMessageThreadItem):
        return replace(state, final_message=item.text)
    if isinstance(item, CommandExecutionThreadItem | McpToolCallThreadItem):
        return replace(state, activity="")
    return state


def _completed(state: State, item: ThreadItem) -> Lines:
    paint = state.paint
    match item:
        case AgentMessageThreadItem(text=text):
            return [paint("agent", "magenta", "italic"), *text.splitlines()]
        case ReasoningThreadItem(summary=summary):
            thoughts = [line for part in summary for line in part.splitlines()]
            return (
                [paint("thinking", "magenta", "italic"), *(paint(line, "italic") for line in thoughts)]
                if thoughts
                else []
            )
        case CommandExecutionThreadItem():
            return _command(item, continues=state.begun == item.id, paint=paint)
        case FileChangeThreadItem():
            return _file_changes(item, paint)
        case McpToolCallThreadItem():
            took = f" in {duration(item.duration_ms)}" if item.duration_ms is not None else ""
            reason = f": {item.error.message}" if item.error is not None else ""
            style = "green" if item.status == "completed" else "red"
            return [f"{paint('tool', 'magenta')} {item.server}.{item.tool} {paint(item.status, style)}{took}{reason}"]
        case WebSearchThreadItem(query=query):
            return [f"{paint('searched', 'magenta')} {query}"] if query else []
        case ImageViewThreadItem(path=path):
            return [f"{paint('viewed', 'magenta')} {path}"]
        case _:
            return []


def _command(item: CommandExecutionThreadItem, *, continues: bool, paint: Paint) -> Lines:
    took = f" in {duration(item.duration_ms)}" if item.duration_ms is not None else ""
    subject = "" if continues else f"{paint('exec', 'magenta', 'italic')} {paint(item.command, 'bold')}"
    if item.status == "declined":
        verdict = paint("declined", "red") + ":"
    elif item.exit_code == 0:
        verdict = paint(f"succeeded{took}", "green") + ":"
    else:
        verdict = paint(f"exited {item.exit_code}{took}", "red") + ":"
    output = (item.aggregated_output or "").splitlines()
    shown = [paint(line, "dim") for line in output[:SHOWN_OUTPUT_LINES]]
    hidden = len(output) - len(shown)
    more = [paint(f"… {hidden} more line{'s' if hidden > 1 else ''}", "dim", "italic")] if hidden > 0 else []
    return [f"{subject} {verdict}", *shown, *more]


def _file_changes(item: FileChangeThreadItem, paint: Paint) -> Lines:
    style = "green" if item.status == "completed" else "red"
    lines = [f"{paint('file update', 'magenta', 'italic')} {paint(item.status, style)}"]
    for change in item.changes:
        lines += [_change_title(change), *(_diff_line(line, paint) for line in _diff_lines(change))]
    return lines


def _change_title(change: FileUpdateChange) -> str:
    if isinstance(change.kind, AddPatchChangeKind):
        return f"A {change.path}"
    if isinstance(change.kind, DeletePatchChangeKind):
        return f"D {change.path}"
    target = change.kind.move_path
    return f"R {change.path} -> {target}" if target else f"M {change.path}"


def _diff_lines(change: FileUpdateChange) -> Lines:
    if isinstance(change.kind, AddPatchChangeKind):
        return ["+" + line for line in change.diff.splitlines()]
    if isinstance(change.kind, DeletePatchChangeKind):
        return ["-" + line for line in change.diff.splitlines()]
    return change.diff.splitlines()


def _diff_line(line: str, paint: Paint) -> str:
    if line.startswith("+"):
        return paint(line, "green")
    if line.startswith("-"):
        return paint(line, "red")
    return paint(line, "cyan") if line.startswith("@@") else line


def _plan(plan: Sequence[TurnPlanStep], explanation: str | None, paint: Paint) -> Lines:
    why = [paint(explanation, "italic")] if explanation else []
    return [paint("plan", "magenta", "italic"), *why, *(f"  {_MARKS[entry.status]} {entry.step}" for entry in plan)]
