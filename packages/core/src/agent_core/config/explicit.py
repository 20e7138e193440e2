"""Settings a caller gives by name, such as command-line options and members of requests."""

from dataclasses import dataclass

from agent_protocol.rollout.setting import ApprovalPolicy, Personality

from agent_core.config.schema import SandboxMode


@dataclass(frozen=True, slots=True, kw_only=True)
class ExplicitSettings:
    """Settings above all layers and profiles; ``None`` leaves one to them."""

    profile: str | None = None
    model: str | None = None
    model_provider: str | None = None
    approval_policy: ApprovalPolicy | None = None
    sandbox_mode: SandboxMode | None = None
    writable_roots: tuple[str, ...] = ()
    """Absolute directories that may be written as well, beside the configured ones."""
    base_instructions: str | None = None
    developer_instructions: str | None = None
    personality: Personality | None = None
