"""What the messages at the head of a conversation are made from."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent_protocol.rollout.setting import ApprovalPolicy, SandboxPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class ContextFacts:
    """The settings of a turn as far as the model is told about them."""

    cwd: str
    shell: str
    """The bare name of the shell, such as ``bash``."""
    sandbox_policy: SandboxPolicy
    approval_policy: ApprovalPolicy
    writable_roots: Sequence[str] = ()
    """The directories commands may write under the sandbox policy, in order."""
    allowed_prefixes: Sequence[Sequence[str]] = ()
    """Beginnings of commands that the user allowed for good."""
    developer_instructions: str | None = None
    user_instructions: str | None = None
    """The instructions found in files, fixed when the session began."""
    collaboration_instructions: str | None = None
    """What the collaboration mode adds."""
    personality_instructions: str | None = None
    """What the personality adds, where the base instructions do not have it already."""
    model: str = ""
    model_instructions: str | None = None
    """The instructions this model would have begun with."""
