"""Answers of clients to approval requests, as decisions of the core."""

from typing import Final

from agent_core.face import Decision
from agent_protocol.v2.approval import (
    AcceptWithExecpolicyAmendment,
    CommandExecutionApprovalKind,
    CommandExecutionRequestApprovalResponse,
    FileChangeApprovalDecision,
    FileChangeRequestApprovalResponse,
)

from agent_server.questions import Answer, Answered

_COMMAND: Final[dict[CommandExecutionApprovalKind, Decision]] = {
    CommandExecutionApprovalKind.ACCEPT: "approved",
    CommandExecutionApprovalKind.ACCEPT_FOR_SESSION: "approved_for_session",
    CommandExecutionApprovalKind.DECLINE: "denied",
    CommandExecutionApprovalKind.CANCEL: "abort",
}
_FILE_CHANGE: Final[dict[FileChangeApprovalDecision, Decision]] = {
    FileChangeApprovalDecision.ACCEPT: "approved",
    FileChangeApprovalDecision.ACCEPT_FOR_SESSION: "approved_for_session",
    FileChangeApprovalDecision.DECLINE: "denied",
    FileChangeApprovalDecision.CANCEL: "abort",
}


def decision(answer: Answer) -> Decision:
    """Return what the user decided; an error or an unreadable answer is a denial.

    An accepted rule for later commands counts as an acceptance of this one: rules are not kept yet.
    """
    match answer:
        case Answered(CommandExecutionRequestApprovalResponse(decision=AcceptWithExecpolicyAmendment())):
            return "approved"
        case Answered(CommandExecutionRequestApprovalResponse(decision=CommandExecutionApprovalKind() as kind)):
            return _COMMAND[kind]
        case Answered(FileChangeRequestApprovalResponse(decision=kind)):
            return _FILE_CHANGE[kind]
        case _:
            return "denied"
