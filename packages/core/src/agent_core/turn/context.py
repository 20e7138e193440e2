"""The settings of one turn, frozen when it starts."""

from collections.abc import Mapping
from dataclasses import dataclass

from agent_protocol.rollout import line
from agent_protocol.rollout.setting import (
    ApprovalPolicy,
    CollaborationMode,
    CollaborationSettings,
    Personality,
    ReasoningEffort,
    ReasoningSummary,
    SandboxPolicy,
)
from agent_protocol.wire import JsonValue
from agent_sandbox.policy import Policy
from msgspec import UNSET

from agent_core.context.facts import ContextFacts
from agent_core.exec.shell import Shell
from agent_core.model.catalog import ModelInfo
from agent_core.truncation import TruncationPolicy


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnSettings:
    """What a thread's turns are made with until somebody changes it."""

    model: str
    model_provider: str
    cwd: str
    approval_policy: ApprovalPolicy
    sandbox_policy: SandboxPolicy
    effort: ReasoningEffort | None
    summary: ReasoningSummary
    personality: Personality | None
    base_instructions: str
    developer_instructions: str | None
    user_instructions: str | None
    verbosity: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class TurnContext:
    """One turn: who it is, what it may do, and what its model can."""

    thread_id: str
    turn_id: str
    settings: TurnSettings
    model: ModelInfo
    policy: Policy
    shell: Shell
    environment: Mapping[str, str]
    """The variables a command of this turn gets."""
    output_schema: JsonValue = None
    """JSON schema of the final answer, or ``None``."""

    @property
    def cwd(self) -> str:
        """The absolute working directory."""
        return self.settings.cwd

    @property
    def window(self) -> int | None:
        """The usable context window in tokens."""
        return self.model.effective_context_window

    @property
    def truncation(self) -> TruncationPolicy:
        """How much of a tool's output the model reads."""
        return TruncationPolicy(self.model.truncation_mode, self.model.truncation_limit)

    def facts(self) -> ContextFacts:
        """Return what the model is told of these settings. Looks at the disk for the writable roots."""
        settings = self.settings
        return ContextFacts(
            cwd=self.cwd,
            shell=self.shell.name,
            sandbox_policy=settings.sandbox_policy,
            approval_policy=settings.approval_policy,
            writable_roots=[str(root.path) for root in self.policy.resolve(self.cwd).writable_roots],
            developer_instructions=settings.developer_instructions,
            user_instructions=settings.user_instructions,
            model=settings.model,
            model_instructions=settings.base_instructions,
        )

    def line(self) -> line.TurnContext:
        """Return the settings as the record keeps them."""
        settings = self.settings
        return line.TurnContext(
            turn_id=self.turn_id,
            cwd=self.cwd,
            approval_policy=settings.approval_policy,
            sandbox_policy=settings.sandbox_policy,
            model=settings.model,
            personality=settings.personality or UNSET,
            collaboration_mode=CollaborationMode(
                mode="default",
                settings=CollaborationSettings(model=settings.model, reasoning_effort=settings.effort),
            ),
            effort=settings.effort or UNSET,
            summary=settings.summary,
            user_instructions=settings.user_instructions or UNSET,
            developer_instructions=settings.developer_instructions or UNSET,
            final_output_json_schema=UNSET if self.output_schema is None else self.output_schema,
            truncation_policy=line.TruncationPolicy(mode=self.model.truncation_mode, limit=self.model.truncation_limit),
        )
