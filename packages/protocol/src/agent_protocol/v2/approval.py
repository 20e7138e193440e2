"""The questions a client answers before a command runs or a file changes."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Since
from agent_protocol.registry import ServerRequest
from agent_protocol.v2.common import Int64
from agent_protocol.v2.item import CommandAction
from agent_protocol.wire import Record, Wire


class CommandExecutionRequestApprovalParams(Wire, frozen=True, kw_only=True):
    """The command that waits. Members without a value are left out."""

    thread_id: str
    turn_id: str
    item_id: str
    approval_id: str | UnsetType | None = UNSET
    reason: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    cwd: str | UnsetType | None = UNSET
    command_actions: Sequence[CommandAction] | UnsetType | None = UNSET
    proposed_execpolicy_amendment: Sequence[str] | UnsetType | None = UNSET
    started_at_ms: Annotated[Int64 | UnsetType, Since("newer")] = UNSET


class CommandExecutionApprovalKind(StrEnum):
    """The answers that carry nothing else."""

    ACCEPT = "accept"
    ACCEPT_FOR_SESSION = "acceptForSession"
    DECLINE = "decline"
    CANCEL = "cancel"


class ExecpolicyAmendment(Record, frozen=True, kw_only=True):
    """The command prefix, as words, that the client allows from now on."""

    execpolicy_amendment: Sequence[str]


class AcceptWithExecpolicyAmendment(Wire, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Accept the command and remember a rule that allows others like it."""

    accept_with_execpolicy_amendment: ExecpolicyAmendment


CommandExecutionApprovalDecision: TypeAlias = CommandExecutionApprovalKind | AcceptWithExecpolicyAmendment
"""May the command run?"""


class CommandExecutionRequestApprovalResponse(Wire, frozen=True, kw_only=True):
    """The answer to a command approval."""

    decision: CommandExecutionApprovalDecision


class FileChangeRequestApprovalParams(Wire, frozen=True, kw_only=True):
    """The file change that waits."""

    thread_id: str
    turn_id: str
    item_id: str
    reason: str | None = None
    grant_root: str | None = None
    started_at_ms: Annotated[Int64 | UnsetType, Since("newer")] = UNSET


class FileChangeApprovalDecision(StrEnum):
    """May the files change?"""

    ACCEPT = "accept"
    ACCEPT_FOR_SESSION = "acceptForSession"
    DECLINE = "decline"
    CANCEL = "cancel"


class FileChangeRequestApprovalResponse(Wire, frozen=True, kw_only=True):
    """The answer to a file change approval."""

    decision: FileChangeApprovalDecision


ITEM_COMMAND_EXECUTION_REQUEST_APPROVAL = ServerRequest(
    "item/commandExecution/requestApproval",
    CommandExecutionRequestApprovalParams,
    CommandExecutionRequestApprovalResponse,
)
ITEM_FILE_CHANGE_REQUEST_APPROVAL = ServerRequest(
    "item/fileChange/requestApproval", FileChangeRequestApprovalParams, FileChangeRequestApprovalResponse
)
