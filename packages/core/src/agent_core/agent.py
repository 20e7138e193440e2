"""All threads of one process: opening them, finding them, and what they share."""

import logging
import os
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Self

import anyio
import anyio.to_thread
import msgspec
from agent_protocol.ids import canonical_uuid
from agent_protocol.rollout.response_item import ResponseItem, decode_response_item
from agent_protocol.rollout.source import SourceKind
from agent_protocol.v2 import thread as wire
from agent_protocol.v2.account import GetAccountResponse
from agent_protocol.v2.common import SandboxPolicy
from agent_protocol.v2.config import ConfigReadParams, ConfigReadResponse
from agent_protocol.v2.model import Model
from agent_protocol.v2.notice import ConfigWarningNotification
from agent_protocol.v2.turn import Turn
from agent_protocol.version import VERSION
from agent_protocol.wire import JsonValue
from agent_sandbox.launcher import Launcher
from agent_sandbox.report import Report
from agent_sandbox.select import choose
from agent_state.file_store import FileThreadStore
from agent_state.index.location import index_location
from agent_state.indexed_store import IndexedThreadStore
from agent_state.store import SourceFilter, StoredThread, ThreadQuery, ThreadStore
from anyio.abc import TaskGroup, TaskStatus

from agent_core.auth.account import account_response
from agent_core.auth.credential import ChatgptAuth
from agent_core.auth.manager import AuthManager
from agent_core.config.config import Config
from agent_core.config.errors import ConfigError
from agent_core.config.home import agent_home
from agent_core.config.load import load_config
from agent_core.config.override import Override
from agent_core.config.read import config_read
from agent_core.config.stack import ConfigRequest
from agent_core.config.warning import broken_config, disabled_layers
from agent_core.errors import (
    AgentClosed,
    ArchiveNotFound,
    InputInvalid,
    RolloutNotFound,
    ThreadIdInvalid,
    ThreadNotLoaded,
    ThreadUnknown,
)
from agent_core.face import ThreadOptions
from agent_core.group import ungrouped
from agent_core.identity import Identity
from agent_core.model.catalog import Catalog
from agent_core.model.client import ModelClient
from agent_core.model.listing import model_rows
from agent_core.seams import Clock, IdSource, Randomness, SystemClock, SystemIds, system_randomness
from agent_core.setup import AgentSetup
from agent_core.thread.assemble import existing_directory, providers_of
from agent_core.thread.factory import ThreadFactory
from agent_core.thread.names import ThreadNames
from agent_core.thread.thread import Thread
from agent_core.thread.translate import sandbox_policy, stored_policy
from agent_core.thread.view import stored_view

_logger = logging.getLogger(__name__)

CLOSE_SECONDS = 10.0
"""How long the end of an agent may take before its tasks are cancelled."""


@asynccontextmanager
async def open_agent(
    *,
    cwd: Path,
    home: Path | None = None,
    overrides: Sequence[Override] = (),
    originator: str = "agent",
    source: SourceKind = "vscode",
    record: Path | None = None,
    environ: Mapping[str, str] = os.environ,
    model: ModelClient | None = None,
    identity: Identity | None = None,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    randomness: Randomness | None = None,
    report: Report | None = None,
) -> AsyncIterator["Agent"]:
    """Open an agent for the length of the block; leaving it interrupts and records what still runs.

    ``home`` defaults to ``AGENT_HOME``, else ``~/.agent``. ``record`` writes what the model says to a cassette.
    ``model``, ``clock``, ``ids`` and ``randomness`` stand in for the world, for tests and simulations; ``report`` says
    what this host can confine with, in place of a probe.

    Raises:
        ConfigError: the home cannot be used. A broken configuration is a warning here and an error of the
            threads that need it.
    """
    setup = AgentSetup(
        home=agent_home(environ) if home is None else home,
        cwd=existing_directory(str(cwd), cwd),
        overrides=tuple(overrides),
        identity=identity or Identity(originator, environ),
        source=source,
        record=record,
        environ=environ,
        model=model,
        clock=clock or SystemClock(),
        ids=ids or SystemIds(),
        randomness=randomness or system_randomness(),
    )
    with ungrouped():
        async with Launcher(report=report) as launcher, anyio.create_task_group() as tasks:
            agent = Agent(setup, launcher, tasks)
            await agent.prepare()
            try:
                yield agent
            finally:
                with anyio.move_on_after(CLOSE_SECONDS, shield=True):
                    await agent.aclose("the agent was closed")
                tasks.cancel_scope.cancel()


class Agent:
    """The threads of one process and what they share. Made by :func:`open_agent`."""

    def __init__(self, setup: AgentSetup, launcher: Launcher, tasks: TaskGroup) -> None:
        self._setup = setup
        self._launcher = launcher
        self._tasks = tasks
        self._store: ThreadStore = _store(setup)
        self._auth = AuthManager(setup.home, setup.environ)
        self._catalog = Catalog()
        self._threads: dict[str, Thread] = {}
        self._opening = anyio.Lock()
        self._is_closed = False
        self._config: Config
        self._factory: ThreadFactory
        self.startup_warnings: list[ConfigWarningNotification] = []
        """What the configuration wants every client to know."""

    @property
    def home(self) -> str:
        """The absolute path of the home in use."""
        return str(self._setup.home)

    @property
    def cwd(self) -> str:
        """The directory that requests without one refer to."""
        return str(self._setup.cwd)

    @property
    def names(self) -> ThreadNames:
        """What stored threads are called."""
        return ThreadNames(self._store)

    async def prepare(self) -> None:
        """Read the configuration; what is wrong with it becomes a warning and the defaults hold."""
        try:
            self._config = await anyio.to_thread.run_sync(load_config, self._request(self._setup.cwd))
            providers_of(self._config, self._setup.environ, VERSION)
        except ConfigError as error:
            self.startup_warnings.append(broken_config(error))
            request = ConfigRequest(
                home=self._setup.home, cwd=self._setup.cwd, env=self._setup.environ, ignore_files=True
            )
            self._config = await anyio.to_thread.run_sync(load_config, request)
        self._tasks.start_soon(self._store.run)
        self._factory = ThreadFactory(
            self._setup, self._store, self._launcher, self._auth, self._catalog, self._config.model_provider
        )
        left_out = disabled_layers(self._config.stack)
        if left_out is not None:
            self.startup_warnings.append(left_out)

    def introduce(self, client_name: str, client_version: str) -> str:
        """Note who connected and return the user agent text; the first client names the originator for good."""
        return self._setup.identity.introduce(client_name, client_version)

    async def require_confinement(self, policy: SandboxPolicy) -> None:
        """Return when this host can enforce ``policy``.

        Raises:
            SandboxUnavailable: it cannot; the error says why and what to do.
        """
        choose(sandbox_policy(stored_policy(policy)), "auto", await self._launcher.report())

    async def opened(self) -> Self:
        """Return the agent itself: it is open, unlike what :mod:`agent_core.host` makes."""
        return self

    async def start_thread(self, options: ThreadOptions) -> Thread:
        """Create a thread and run it.

        Raises:
            ConfigError: the configuration or an option cannot be used.
            InputInvalid: the directory does not exist, or the client brings tools of its own.
            AgentClosed: the agent takes no more work.
        """
        self._check_open()
        if options.dynamic_tools:
            raise InputInvalid("dynamicTools: tools of the client cannot be called yet; leave them out")
        return await self._run(await self._factory.new(options))

    async def resume_thread(
        self, thread_id: str, options: ThreadOptions, *, path: str | None, history: Sequence[JsonValue] | None
    ) -> Thread:
        """Load a stored thread, or return the loaded one as it is; ``history`` wins over ``path`` over the id.

        Raises:
            ThreadIdInvalid: the id is not one, and neither path nor history is given.
            RolloutNotFound: nothing is stored under this id.
            InputInvalid: the history is empty or no history, or the path is not the loaded thread's.
            ConfigError: the configuration or an option cannot be used.
            StateError: the record cannot be read, or another process writes it.
            AgentClosed: the agent takes no more work.
        """
        self._check_open()
        loaded = self._threads.get(_canonical(thread_id) or "")
        if loaded is not None:
            return self._still_loaded(loaded, path, history)
        if history is not None:
            return await self._run(await self._factory.with_history(_items(history), options))
        async with self._opening:
            source = Path(path) if path is not None else await self._find(thread_id)
            stored = await self._store.summary(source)
            if stored.thread_id in self._threads:
                return self._still_loaded(self._threads[stored.thread_id], path, None)
            return await self._run(await self._factory.reopened(source, options))

    async def fork_thread(self, thread_id: str, options: ThreadOptions, *, path: str | None) -> Thread:
        """Load a new thread that begins as a copy of a stored one; ``path`` wins over the id.

        The source may be loaded, here or elsewhere, and a turn of it may run; it goes on undisturbed.

        Raises:
            ThreadIdInvalid: the id is not one, and no path is given.
            RolloutNotFound: nothing is stored under this id.
            InputInvalid, ConfigError, StateError, AgentClosed: as ``resume_thread``.
        """
        self._check_open()
        source = Path(path) if path is not None else await self._find(thread_id)
        meta = await self._store.meta(source)
        if meta.id in self._threads:
            await self._threads[meta.id].flush()
        return await self._run(await self._factory.forked(source, meta, options))

    async def archive_thread(self, thread_id: str) -> None:
        """Put a stored thread away; a loaded one is unloaded first, its running turn recorded as interrupted.

        Raises:
            ThreadIdInvalid: the text is not a thread id.
            RolloutNotFound: nothing is stored under this id.
            StateError: the record is written elsewhere, or cannot be moved.
        """
        async with self._opening:
            path = await self._find(thread_id)
            loaded = self._threads.pop(_canonical(thread_id) or "", None)
            if loaded is not None:
                with anyio.move_on_after(CLOSE_SECONDS):
                    await loaded.aclose()
            await self._store.archive(path)

    async def unarchive_thread(self, thread_id: str) -> wire.Thread:
        """Bring an archived thread back among the others, without loading it.

        Raises:
            ThreadIdInvalid: the text is not a thread id.
            ArchiveNotFound: nothing is archived under this id.
            StateError: the record cannot be moved.
        """
        async with self._opening:
            path = await self._store.unarchive(await self._find(thread_id, archived=True))
        return self._stored(await self._store.summary(path), wire.NotLoadedThreadStatus())

    def loaded_threads(self) -> Sequence[str]:
        """Return the ids of the loaded threads."""
        return tuple(self._threads)

    def thread(self, thread_id: str) -> Thread:
        """Return a loaded thread.

        Raises:
            ThreadIdInvalid: the text is not a thread id.
            ThreadNotLoaded: no thread of this id is loaded.
        """
        canonical = _canonical(thread_id)
        if canonical is None:
            raise ThreadIdInvalid(thread_id)
        if canonical not in self._threads:
            raise ThreadNotLoaded(thread_id)
        return self._threads[canonical]

    async def read_thread(self, thread_id: str, include_turns: bool) -> wire.Thread:
        """Return a stored or loaded thread without loading it.

        Raises:
            ThreadIdInvalid: the text is not a thread id.
            ThreadUnknown: it is neither loaded nor stored.
            NotMaterialised, EphemeralThread, StateError: see :meth:`Thread.view`.
        """
        canonical = _canonical(thread_id)
        if canonical is None:
            raise ThreadIdInvalid(thread_id)
        if canonical in self._threads:
            return await self._threads[canonical].view(include_turns)
        path = await self._store.find(canonical)
        if path is None:
            raise ThreadUnknown(thread_id)
        stored = await self._store.summary(path)
        turns = await self._store.turns(path) if include_turns else ()
        return self._stored(stored, wire.NotLoadedThreadStatus(), turns)

    async def list_threads(self, params: wire.ThreadListParams) -> wire.ThreadListResponse:
        """Return one page of stored threads, newest first.

        Raises:
            CursorInvalid: the cursor is not one.
        """
        limit = 25 if params.limit is None else params.limit
        providers = params.model_providers
        kinds: Sequence[SourceFilter] = tuple(kind.value for kind in params.source_kinds or ())
        query = ThreadQuery(
            page_size=min(max(limit, 1), 100),
            cursor=params.cursor,
            sort_key="updated_at" if params.sort_key is wire.ThreadSortKey.UPDATED_AT else "created_at",
            source_kinds=kinds or ("cli", "vscode"),
            model_providers=[self._config.model_provider] if providers is None else providers,
            default_provider=self._config.model_provider,
            cwd=params.cwd,
            archived=bool(params.archived),
        )
        page = await self._store.list(query)
        return wire.ThreadListResponse(
            data=[self._stored(stored, self._status(stored.thread_id)) for stored in page.threads],
            next_cursor=page.next_cursor,
        )

    async def config_read(self, params: ConfigReadParams) -> ConfigReadResponse:
        """Return the effective configuration.

        Raises:
            ConfigError: it cannot be read.
        """
        cwd = None if params.cwd is None else (self._setup.cwd / params.cwd).resolve()
        request = self._request(cwd)

        def read() -> ConfigReadResponse:
            return config_read(request, include_layers=params.include_layers)

        return await anyio.to_thread.run_sync(read)

    async def models(self, include_hidden: bool) -> Sequence[Model]:
        """Return the models a user may choose."""
        auth = await self._auth.auth()
        return model_rows(self._catalog, include_hidden=include_hidden, chatgpt=isinstance(auth, ChatgptAuth))

    async def account(self, refresh: bool) -> GetAccountResponse:
        """Return who is logged in; there is nothing to refresh for an API key.

        Raises:
            AuthFileInvalid: the stored login cannot be used.
        """
        known = providers_of(self._config, self._setup.environ, VERSION)
        auth = await self._auth.reload()
        return account_response(auth, requires_openai_auth=known[self._config.model_provider].requires_openai_auth)

    async def aclose(self, reason: str) -> None:
        """Interrupt and record running turns, end their processes, flush. May be called more than once."""
        _logger.debug("closing: %s", reason)
        self._is_closed = True
        threads, self._threads = list(self._threads.values()), {}
        async with anyio.create_task_group() as tasks:
            for thread in threads:
                tasks.start_soon(thread.aclose)
        await self._store.aclose()
        await self._factory.aclose()

    def _check_open(self) -> None:
        if self._is_closed:
            raise AgentClosed

    def _still_loaded(self, loaded: Thread, path: str | None, history: Sequence[JsonValue] | None) -> Thread:
        if history is not None:
            raise InputInvalid(f"history: thread {loaded.id} is loaded and has its own")
        if path is not None and Path(path) != loaded.path:
            raise InputInvalid(f"path: thread {loaded.id} is loaded from {loaded.path}, not from {path}")
        return loaded

    async def _find(self, thread_id: str, archived: bool = False) -> Path:
        canonical = _canonical(thread_id)
        if canonical is None:
            raise ThreadIdInvalid(thread_id)
        path = await self._store.find(canonical, archived)
        if path is None:
            raise ArchiveNotFound(thread_id) if archived else RolloutNotFound(thread_id)
        return path

    async def _run(self, thread: Thread) -> Thread:
        await self._tasks.start(self._live, thread)
        self._threads[thread.id] = thread
        self._tasks.start_soon(self._factory.warm_up, thread)
        return thread

    async def _live(self, thread: Thread, *, task_status: TaskStatus[None]) -> None:
        """Run a thread; one that breaks ends alone."""
        try:
            await thread.run(task_status=task_status)
        except* Exception as group:
            _logger.error("thread %s broke", thread.id, exc_info=group)
        finally:
            if self._threads.get(thread.id) is thread:
                del self._threads[thread.id]

    def _request(self, cwd: Path | None) -> ConfigRequest:
        return ConfigRequest(home=self._setup.home, cwd=cwd, overrides=self._setup.overrides, env=self._setup.environ)

    def _stored(self, stored: StoredThread, status: wire.ThreadStatus, turns: Sequence[Turn] = ()) -> wire.Thread:
        return stored_view(stored, turns=turns, status=status, default_provider=self._config.model_provider)

    def _status(self, thread_id: str) -> wire.ThreadStatus:
        loaded = self._threads.get(thread_id)
        return wire.NotLoadedThreadStatus() if loaded is None else loaded.status


def _store(setup: AgentSetup) -> ThreadStore:
    location = index_location(setup.home, setup.environ)
    if location is None:
        return FileThreadStore(setup.home, now=setup.clock.now)
    return IndexedThreadStore(setup.home, location, now=setup.clock.now)


def _canonical(thread_id: str) -> str | None:
    try:
        return canonical_uuid(thread_id)
    except ValueError:
        return None


def _items(history: Sequence[JsonValue]) -> list[ResponseItem]:
    items = [decode_response_item(msgspec.json.encode(item)) for item in history]
    if not items:
        raise InputInvalid("history: it is empty; leave it out to resume the stored thread")
    return items
