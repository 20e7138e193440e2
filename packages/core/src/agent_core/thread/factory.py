"""Makes threads: new ones, ones with a given history, ones that go on from a record."""

import logging
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import anyio.to_thread
import msgspec
from agent_protocol.rollout.codec import format_timestamp
from agent_protocol.rollout.line import BaseInstructions, SessionMeta
from agent_protocol.rollout.persistence import PersistenceMode
from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.v2.common import DangerFullAccessSandboxPolicy
from agent_protocol.version import VERSION
from agent_sandbox.launcher import Launcher
from agent_state.store import NewThread, ThreadStore, ThreadWriter
from msgspec import UNSET, UnsetType

from agent_core.auth.manager import AuthManager
from agent_core.config.config import Config
from agent_core.config.explicit import ExplicitSettings
from agent_core.config.load import load_config
from agent_core.config.stack import ConfigRequest
from agent_core.context.git import with_git_info
from agent_core.context.history import reconstruct
from agent_core.context.initial import initial_context
from agent_core.exec.shell import detect_shell
from agent_core.face import ThreadOptions
from agent_core.model.catalog import Catalog
from agent_core.model.client import ModelClient
from agent_core.model.connect import connect
from agent_core.model.providers import ModelProvider
from agent_core.setup import AgentSetup
from agent_core.thread.assemble import adjusted_model, directory, existing_directory, providers_of, settings_of
from agent_core.thread.history import History
from agent_core.thread.recorder import Recorder
from agent_core.thread.services import ThreadServices
from agent_core.thread.thread import Thread
from agent_core.turn.context import TurnSettings
from agent_core.turn.prepare import recorded

_logger = logging.getLogger(__name__)


class ThreadFactory:
    """Makes threads, and the model clients they share. Made threads do not run yet."""

    def __init__(
        self,
        setup: AgentSetup,
        store: ThreadStore,
        launcher: Launcher,
        auth: AuthManager,
        catalog: Catalog,
        default_provider: str,
    ) -> None:
        self._setup = setup
        self._store = store
        self._launcher = launcher
        self._auth = auth
        self._catalog = catalog
        self._default_provider = default_provider
        self._shell = detect_shell()
        self._models: dict[bytes, ModelClient] = {}

    async def new(self, options: ThreadOptions) -> Thread:
        """Return a thread with nothing in it but the initial context.

        Raises:
            ConfigError: the configuration or an option cannot be used.
            InputInvalid: the directory does not exist.
        """
        config, settings = await self._configured(options, self._setup.cwd)
        thread_id = self._setup.ids.uuid7()
        writer = None if options.ephemeral else self._writer(thread_id, settings)
        thread = self._thread(thread_id, self._services(config), settings, options, writer)
        thread.seed()
        return thread

    async def with_history(self, items: Sequence[ResponseItem], options: ThreadOptions) -> Thread:
        """Return a new thread that begins with ``items``, recorded at once; raises as ``new`` does.

        Raises:
            StateError: the record cannot be written.
        """
        config, settings = await self._configured(options, self._setup.cwd)
        thread_id = self._setup.ids.uuid7()
        writer = self._writer(thread_id, settings)
        thread = self._thread(thread_id, self._services(config), settings, options, writer)
        thread.adopt(items)
        await writer.materialise()
        return thread

    async def reopened(self, source: Path, options: ThreadOptions) -> Thread:
        """Return the thread that goes on from the record at ``source``; raises as ``new`` does.

        Raises:
            StateError: the record cannot be read or written, or another process writes it.
        """
        writer = await self._store.open(source)
        try:
            return await self._continued(writer, options)
        except BaseException:
            await writer.aclose()
            raise

    async def forked(self, source: Path, meta: SessionMeta, options: ThreadOptions) -> Thread:
        """Return a new thread that begins as a copy of the one recorded at ``source``; raises as ``new`` does.

        What is copied is what stands in the record now; its writer, if it has one, is not disturbed.

        Raises:
            StateError: the record cannot be read, or the copy not written.
        """
        _, settings = await self._configured(options, existing_directory(meta.cwd, self._setup.cwd), meta)
        new = self._new_record(self._setup.ids.uuid7(), settings, forked_from=meta.id)
        writer = await self._store.fork(new, source)
        try:
            thread = await self._continued(writer, options)
            thread.seed()
            await thread.flush()
        except BaseException:
            await writer.aclose()
            raise
        return thread

    async def _continued(self, writer: ThreadWriter, options: ThreadOptions) -> Thread:
        stored = await self._store.history(writer.path)
        meta = stored.meta
        config, settings = await self._configured(options, existing_directory(meta.cwd, self._setup.cwd), meta)
        services = self._services(config)
        context = services.turn_context(meta.id, "", settings)
        record = partial(recorded, policy=context.truncation)
        items = await anyio.to_thread.run_sync(reconstruct, stored.items, initial_context(context.facts()), record)
        model = None if stored.context is None else stored.context.model
        thread = self._thread(meta.id, services, settings, options, writer, History(items, stored.usage), model)
        if model is not None and model != settings.model:
            thread.warn(f"This thread was recorded with the model {model} and goes on with {settings.model}.")
        return thread

    async def warm_up(self, thread: Thread) -> None:
        """Load what the first turn will need, while the user still types; what goes wrong the turn will tell."""
        try:
            await self._model(thread.provider).prepare()
            if not isinstance(thread.settings.sandbox, DangerFullAccessSandboxPolicy):
                await self._launcher.prepare()
        except Exception:
            _logger.debug("thread %s could not be prepared", thread.id, exc_info=True)

    async def aclose(self) -> None:
        """Close the connections to models."""
        models, self._models = list(self._models.values()), {}
        for model in models:
            await model.aclose()

    async def _configured(
        self, options: ThreadOptions, fallback: Path, meta: SessionMeta | None = None
    ) -> tuple[Config, TurnSettings]:
        cwd = directory(options.cwd, fallback if options.cwd is None else self._setup.cwd)
        explicit = ExplicitSettings(
            model=options.model,
            model_provider=options.model_provider,
            approval_policy=None if options.approval_policy is None else options.approval_policy.value,
            sandbox_mode=None if options.sandbox is None else options.sandbox.value,
            base_instructions=options.base_instructions,
            developer_instructions=options.developer_instructions,
            personality=options.personality,
        )
        request = ConfigRequest(
            home=self._setup.home,
            cwd=cwd,
            overrides=(*self._setup.overrides, *options.config.items()),
            explicit=explicit,
            env=self._setup.environ,
        )
        config = await anyio.to_thread.run_sync(load_config, request)
        return config, await anyio.to_thread.run_sync(settings_of, config, self._catalog, meta)

    def _writer(self, thread_id: str, settings: TurnSettings) -> ThreadWriter:
        return self._store.create(self._new_record(thread_id, settings))

    def _new_record(self, thread_id: str, settings: TurnSettings, forked_from: str | UnsetType = UNSET) -> NewThread:
        now = self._setup.clock.now()
        meta = SessionMeta(
            id=thread_id,
            forked_from_id=forked_from,
            timestamp=format_timestamp(now),
            cwd=settings.cwd,
            originator=self._setup.identity.originator,
            cli_version=VERSION,
            source=self._setup.source,
            model_provider=settings.model_provider,
            base_instructions=BaseInstructions(text=settings.base_instructions),
        )
        return NewThread(meta=meta, created_at=now, finish_meta=with_git_info)

    def _thread(
        self,
        thread_id: str,
        services: ThreadServices,
        settings: TurnSettings,
        options: ThreadOptions,
        writer: ThreadWriter | None,
        history: History | None = None,
        recorded_model: str | None = None,
    ) -> Thread:
        mode: PersistenceMode = "extended" if options.persist_extended_history else "limited"
        return Thread(
            thread_id=thread_id,
            settings=settings,
            services=services,
            recorder=Recorder(writer, mode),
            history=history or History(),
            recorded_model=recorded_model,
            raw_events=options.experimental_raw_events,
        )

    def _services(self, config: Config) -> ThreadServices:
        return ThreadServices(
            store=self._store,
            spawner=self._launcher,
            catalog=self._catalog,
            providers=providers_of(config, self._setup.environ, VERSION),
            open_model=self._model,
            adjust_model=partial(adjusted_model, config),
            clock=self._setup.clock,
            ids=self._setup.ids,
            randomness=self._setup.randomness,
            shell=self._shell,
            environ=self._setup.environ,
            environment_policy=config.shell_environment,
            unified_exec=config.features.enabled("unified_exec"),
            default_provider=self._default_provider,
            version=VERSION,
            source=self._setup.source,
        )

    def _model(self, provider: ModelProvider) -> ModelClient:
        if self._setup.model is not None:
            return self._setup.model
        # Threads may know one provider by different settings.
        key = msgspec.json.encode(provider)
        client = self._models.get(key)
        if client is None:
            identity = self._setup.identity
            client = self._models[key] = connect(
                provider,
                environ=self._setup.environ,
                headers={"originator": identity.originator, "user-agent": identity.user_agent},
                stored=self._auth.credential,
                record=self._setup.record,
            )
        return client
