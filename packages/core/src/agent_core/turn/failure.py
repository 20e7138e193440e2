"""What a client is told when a turn cannot go on."""

from agent_protocol.rollout.error_info import CodexErrorInfo
from agent_sandbox.errors import SandboxError

from agent_core.errors import AgentError, InputInvalid
from agent_core.model.errors import ModelError


def failure_text(error: BaseException) -> str:
    """Return what to tell the user about ``error``."""
    text = str(error)
    if isinstance(error, AgentError | SandboxError | OSError) and text:
        return text
    return f"internal error: {type(error).__name__}: {text}" if text else f"internal error: {type(error).__name__}"


def failure_info(error: BaseException) -> CodexErrorInfo:
    """Return the machine-readable class of ``error``."""
    if isinstance(error, ModelError):
        return error.info
    if isinstance(error, SandboxError):
        return "sandbox_error"
    if isinstance(error, InputInvalid):
        return "bad_request"
    return "other"
