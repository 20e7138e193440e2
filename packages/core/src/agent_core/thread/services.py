"""What a thread works with; it owns none of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from agent_protocol.rollout.source import SessionSource
from agent_protocol.wire import JsonValue
from agent_state.store import ThreadStore

from agent_core.exec.env import EnvironmentPolicy, command_environment
from agent_core.exec.shell import Shell
from agent_core.exec.spawn import Spawner
from agent_core.model.catalog import Catalog, ModelInfo
from agent_core.model.client import ModelClient
from agent_core.model.providers import ModelProvider, select_provider
from agent_core.seams import Clock, IdSource, Randomness
from agent_core.thread.translate import sandbox_policy
from agent_core.turn.context import TurnContext, TurnSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadServices:
    """Narrow handles on what the whole process shares, and the thread's own configuration."""

    store: ThreadStore
    spawner: Spawner
    catalog: Catalog
    providers: Mapping[str, ModelProvider]
    open_model: Callable[[ModelProvider], ModelClient]
    """Return the client of a provider; the caller does not close it."""
    adjust_model: Callable[[ModelInfo], ModelInfo]
    """Apply what the configuration says of every model."""
    clock: Clock
    ids: IdSource
    randomness: Randomness
    shell: Shell
    environ: Mapping[str, str]
    environment_policy: EnvironmentPolicy
    unified_exec: bool
    default_provider: str
    version: str
    source: SessionSource

    def provider(self, provider_id: str) -> ModelProvider:
        """Return a provider by id.

        Raises:
            ProviderInvalid: there is none of this id.
        """
        return select_provider(self.providers, provider_id)

    def turn_context(
        self, thread_id: str, turn_id: str, settings: TurnSettings, output_schema: JsonValue = None
    ) -> TurnContext:
        """Return the frozen settings of a turn."""
        policy = sandbox_policy(settings.sandbox_policy)
        return TurnContext(
            thread_id=thread_id,
            turn_id=turn_id,
            settings=settings,
            model=self.adjust_model(self.catalog.find(settings.model)),
            policy=policy,
            shell=self.shell,
            environment=command_environment(
                self.environment_policy, self.environ, thread_id=thread_id, network_allowed=policy.full_network
            ),
            output_schema=output_schema,
        )
