"""Commands and file changes as items."""

from collections.abc import Iterable, Mapping
from typing import Literal

from agent_protocol import shellquote
from agent_protocol.rollout.event import (
    AddFile,
    DeleteFile,
    ExecApprovalRequestEvent,
    ExecCommandBeginEvent,
    ExecCommandEndEvent,
    FileChange,
    ListFilesCommand,
    ParsedCommand,
    PatchApplyEndEvent,
    ReadCommand,
    SearchCommand,
    UnknownCommand,
    UpdateFile,
)
from agent_protocol.v2 import item as v2


def command_started(event: ExecCommandBeginEvent) -> v2.CommandExecutionThreadItem:
    """Return the item of a command that starts."""
    return v2.CommandExecutionThreadItem(
        id=event.call_id,
        command=shellquote.join(event.command),
        cwd=event.cwd,
        process_id=event.process_id or None,
        status=v2.CommandExecutionStatus.IN_PROGRESS,
        command_actions=command_actions(event.parsed_cmd),
    )


def command_completed(event: ExecCommandEndEvent) -> v2.CommandExecutionThreadItem:
    """Return the item of a command that ended; empty output is ``None``."""
    return v2.CommandExecutionThreadItem(
        id=event.call_id,
        command=shellquote.join(event.command),
        cwd=event.cwd,
        process_id=event.process_id or None,
        status=v2.CommandExecutionStatus(event.status),
        command_actions=command_actions(event.parsed_cmd),
        aggregated_output=event.aggregated_output or None,
        exit_code=event.exit_code,
        duration_ms=event.duration.millis,
    )


def command_refused(
    event: ExecApprovalRequestEvent, status: Literal["declined", "failed"]
) -> v2.CommandExecutionThreadItem:
    """Return the item of a command that will not run, as it is when the answer arrives."""
    return v2.CommandExecutionThreadItem(
        id=event.call_id,
        command=shellquote.join(event.command),
        cwd=event.cwd,
        status=v2.CommandExecutionStatus(status),
        command_actions=command_actions(event.parsed_cmd),
    )


def command_actions(parsed: Iterable[ParsedCommand]) -> list[v2.CommandAction]:
    """Return what a command does, in the protocol's form."""
    return [_command_action(part) for part in parsed]


def file_change(
    call_id: str, changes: Mapping[str, FileChange], status: v2.PatchApplyStatus
) -> v2.FileChangeThreadItem:
    """Return the item of a file change; the changes are ordered by path."""
    ordered = [_file_update(path, changes[path]) for path in sorted(changes)]
    return v2.FileChangeThreadItem(id=call_id, changes=ordered, status=status)


def file_change_completed(event: PatchApplyEndEvent) -> v2.FileChangeThreadItem:
    """Return the item of a patch that was applied, failed or was refused."""
    return file_change(event.call_id, event.changes, v2.PatchApplyStatus(event.status))


def _command_action(part: ParsedCommand) -> v2.CommandAction:
    match part:
        case ReadCommand():
            return v2.ReadCommandAction(command=part.cmd, name=part.name, path=part.path)
        case ListFilesCommand():
            return v2.ListFilesCommandAction(command=part.cmd, path=part.path)
        case SearchCommand():
            return v2.SearchCommandAction(command=part.cmd, query=part.query, path=part.path)
        case UnknownCommand():
            return v2.UnknownCommandAction(command=part.cmd)


def _file_update(path: str, change: FileChange) -> v2.FileUpdateChange:
    match change:
        case AddFile(content=content):
            return v2.FileUpdateChange(path=path, kind=v2.AddPatchChangeKind(), diff=content)
        case DeleteFile(content=content):
            return v2.FileUpdateChange(path=path, kind=v2.DeletePatchChangeKind(), diff=content)
        case UpdateFile(unified_diff=diff, move_path=move_path):
            kind = v2.UpdatePatchChangeKind(move_path=move_path)
            moved = "" if move_path is None else f"\n\nMoved to: {move_path}"
            return v2.FileUpdateChange(path=path, kind=kind, diff=diff + moved)
