"""Events of commands and patches, and the questions asked before them."""

from typing import Literal, TypeAlias

import msgspec
from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event_base import Duration, Event
from agent_protocol.wire import Record

CommandSource: TypeAlias = Literal["agent", "user_shell", "unified_exec_startup", "unified_exec_interaction"]
EndStatus: TypeAlias = Literal["completed", "failed", "declined"]


class ReadCommand(Record, frozen=True, kw_only=True, tag_field="type", tag="read"):
    """The command shows a file; ``name`` is the short form of ``path``."""

    cmd: str
    name: str
    path: str


class ListFilesCommand(Record, frozen=True, kw_only=True, tag_field="type", tag="list_files"):
    """The command lists files."""

    cmd: str
    path: str | None = None


class SearchCommand(Record, frozen=True, kw_only=True, tag_field="type", tag="search"):
    """The command searches in files."""

    cmd: str
    query: str | None = None
    path: str | None = None


class UnknownCommand(Record, frozen=True, kw_only=True, tag_field="type", tag="unknown"):
    """Any other command."""

    cmd: str


ParsedCommand: TypeAlias = ReadCommand | ListFilesCommand | SearchCommand | UnknownCommand


class AddFile(Record, frozen=True, kw_only=True, tag_field="type", tag="add"):
    """A file is made, with this content."""

    content: str


class DeleteFile(Record, frozen=True, kw_only=True, tag_field="type", tag="delete"):
    """A file is removed; ``content`` is what it held."""

    content: str


class UpdateFile(Record, frozen=True, kw_only=True, tag_field="type", tag="update"):
    """A file is changed and perhaps moved."""

    unified_diff: str
    move_path: str | None = None


FileChange: TypeAlias = AddFile | DeleteFile | UpdateFile


class ExecCommandBeginEvent(Event, frozen=True, kw_only=True):
    """A command starts. ``process_id`` is set for processes that can be written to later."""

    call_id: str
    process_id: str | UnsetType = UNSET
    turn_id: str
    command: tuple[str, ...]
    cwd: str
    parsed_cmd: tuple[ParsedCommand, ...] = ()
    source: CommandSource = "agent"
    interaction_input: str | UnsetType = UNSET


class ExecCommandOutputDeltaEvent(Event, frozen=True, kw_only=True):
    """More output; ``chunk`` is base64 on the wire."""

    call_id: str
    stream: Literal["stdout", "stderr"]
    chunk: bytes


class TerminalInteractionEvent(Event, frozen=True, kw_only=True):
    """The model wrote to a running command; ``call_id`` is the call that started it."""

    call_id: str
    process_id: str
    stdin: str


class ExecCommandEndEvent(Event, frozen=True, kw_only=True):
    """A command ended, or was refused before it began (exit code -1)."""

    call_id: str
    process_id: str | UnsetType = UNSET
    turn_id: str
    command: tuple[str, ...]
    cwd: str
    parsed_cmd: tuple[ParsedCommand, ...] = ()
    source: CommandSource = "agent"
    interaction_input: str | UnsetType = UNSET
    stdout: str = ""
    stderr: str = ""
    aggregated_output: str = ""
    exit_code: int
    duration: Duration
    formatted_output: str = ""
    status: EndStatus


class NetworkApprovalContext(Record, frozen=True, kw_only=True):
    """The connection a command wants to make."""

    host: str
    protocol: str


class ExecApprovalRequestEvent(Event, frozen=True, kw_only=True):
    """May this command run? ``approval_id`` is set for one part of a larger command."""

    call_id: str
    approval_id: str | UnsetType = UNSET
    turn_id: str = ""
    command: tuple[str, ...]
    cwd: str
    reason: str | UnsetType = UNSET
    network_approval_context: NetworkApprovalContext | UnsetType = UNSET
    proposed_execpolicy_amendment: tuple[str, ...] | UnsetType = UNSET
    parsed_cmd: tuple[ParsedCommand, ...] = ()


class ApplyPatchApprovalRequestEvent(Event, frozen=True, kw_only=True):
    """May these files be changed?"""

    call_id: str
    turn_id: str = ""
    changes: dict[str, FileChange]
    reason: str | UnsetType = UNSET
    grant_root: str | UnsetType = UNSET


class PatchApplyBeginEvent(Event, frozen=True, kw_only=True):
    """A patch is about to be applied."""

    call_id: str
    turn_id: str = ""
    auto_approved: bool
    changes: dict[str, FileChange]


class PatchApplyEndEvent(Event, frozen=True, kw_only=True):
    """A patch was applied, failed, or was refused."""

    call_id: str
    turn_id: str = ""
    stdout: str = ""
    stderr: str = ""
    success: bool
    changes: dict[str, FileChange] = msgspec.field(default_factory=dict)
    status: EndStatus
