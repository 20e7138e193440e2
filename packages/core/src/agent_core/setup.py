"""What an agent is made with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_protocol.rollout.source import SourceKind

from agent_core.config.override import Override
from agent_core.identity import Identity
from agent_core.model.client import ModelClient
from agent_core.seams import Clock, IdSource, Randomness


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetup:
    """What an agent is made with; ``model`` and what follows it are seams for tests and simulations."""

    home: Path
    cwd: Path
    overrides: Sequence[Override]
    identity: Identity
    source: SourceKind
    record: Path | None
    """A cassette to write what models are asked and answer."""
    environ: Mapping[str, str]
    model: ModelClient | None
    """Answers every provider's requests, in place of connections."""
    clock: Clock
    ids: IdSource
    randomness: Randomness
