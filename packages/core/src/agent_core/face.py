"""The values that cross the core's public face: what callers pass in and what observers receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from agent_protocol.rollout.event import EventMsg
from agent_protocol.rollout.setting import Personality
from agent_protocol.v2.common import AskForApproval, ReasoningEffort, ReasoningSummary, SandboxMode, SandboxPolicy
from agent_protocol.wire import JsonValue

Decision = Literal["approved", "approved_for_session", "denied", "abort"]
"""An answer to an approval request, in the words of the stored records."""


@dataclass(frozen=True, slots=True)
class ThreadOptions:
    """What a caller may set when a thread is started or resumed; ``None`` leaves it to the configuration."""

    model: str | None = None
    model_provider: str | None = None
    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox: SandboxMode | None = None
    config: Mapping[str, JsonValue] = field(default_factory=dict)
    """Dotted configuration keys and their values."""
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
    ephemeral: bool = False
    dynamic_tools: Sequence[JsonValue] = ()
    experimental_raw_events: bool = False
    persist_extended_history: bool = False


@dataclass(frozen=True, slots=True)
class TurnOverrides:
    """Settings a turn changes for itself and every later turn; ``None`` keeps the present one."""

    cwd: str | None = None
    approval_policy: AskForApproval | None = None
    sandbox_policy: SandboxPolicy | None = None
    model: str | None = None
    effort: ReasoningEffort | None = None
    summary: ReasoningSummary | None = None
    personality: Personality | None = None
    output_schema: JsonValue = None
    """JSON schema of the final answer; holds for this turn only."""


@dataclass(frozen=True, slots=True)
class ThreadFacts:
    """The live settings of a thread, as ``thread/start`` answers them."""

    model: str
    model_provider: str
    cwd: str
    approval_policy: AskForApproval
    sandbox: SandboxPolicy
    reasoning_effort: ReasoningEffort | None


@dataclass(frozen=True, slots=True)
class LoggedEvent:
    """One event of a thread's log."""

    seq: int
    """Counts from 1 within the loaded thread."""
    at_ms: int
    """Unix time in milliseconds."""
    turn_id: str
    """The turn it belongs to; empty for what happens outside turns."""
    msg: EventMsg
