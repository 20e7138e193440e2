"""What an agent is made with."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from agent_protocol.rollout.source import SourceKind

from agent_core.config.override import Override
from agent_core.identity import Identity
from agent_core.model.client import ModelClient
from agent_core.seams import Clock, IdSource, Randomness, SystemClock, SystemIds, system_randomness


@dataclass(frozen=True, slots=True, kw_only=True)
class AgentSetup:
    """What an agent is made with; ``model`` and what follows it are seams for tests and simulations."""

    home: Path
    cwd: Path
    overrides: Sequence[Override] = ()
    identity: Identity
    source: SourceKind = "vscode"
    record: Path | None = None
    """A cassette to write what models are asked and answer."""
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)
    model: ModelClient | None = None
    """Answers every provider's requests, in place of connections."""
    clock: Clock = field(default_factory=SystemClock)
    ids: IdSource = field(default_factory=SystemIds)
    randomness: Randomness = field(default_factory=system_randomness)
