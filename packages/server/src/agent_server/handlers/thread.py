"""Threads: start, resume, fork, read, list."""

from contextlib import ExitStack
from dataclasses import replace
from typing import TypeVar

from agent_core.face import ThreadFacts, ThreadOptions
from agent_protocol.errors import InvalidRequest
from agent_protocol.ids import canonical_uuid
from agent_protocol.v2.common import ApprovalsReviewer
from agent_protocol.v2.thread import (
    THREAD_FORK,
    THREAD_LIST,
    THREAD_LOADED_LIST,
    THREAD_READ,
    THREAD_RESUME,
    THREAD_START,
    THREAD_STARTED,
    Thread,
    ThreadForkParams,
    ThreadForkResponse,
    ThreadListParams,
    ThreadListResponse,
    ThreadLoadedListParams,
    ThreadLoadedListResponse,
    ThreadReadParams,
    ThreadReadResponse,
    ThreadResumeParams,
    ThreadResumeResponse,
    ThreadStartedNotification,
    ThreadStartParams,
    ThreadStartResponse,
)

from agent_server.binding import Services, handles
from agent_server.context import RequestContext
from agent_server.handlers.bulk import reply_with_turns
from agent_server.handlers.identity import thread_id
from agent_server.handlers.page import page_limit

Opened = TypeVar("Opened", ThreadStartResponse, ThreadResumeResponse, ThreadForkResponse)


class ThreadHandlers:
    """Opens threads for their clients and shows stored ones."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent
        self._hub = services.hub

    @handles(THREAD_START)
    async def start(self, ctx: RequestContext[ThreadStartResponse], params: ThreadStartParams) -> ThreadStartResponse:
        """Create a thread and subscribe the caller; everybody is told after the reply."""
        thread = await self._agent.start_thread(_start_options(params))
        channel = self._hub.channel(thread)
        channel.subscribe(ctx.connection)
        view = await thread.view(False)
        ctx.after_reply(lambda: self._hub.broadcast(THREAD_STARTED, ThreadStartedNotification(thread=view)))
        ctx.after_reply(channel.open)
        return _opened(ThreadStartResponse, view, thread.settings)

    @handles(THREAD_RESUME)
    async def resume(
        self, ctx: RequestContext[ThreadResumeResponse], params: ThreadResumeParams
    ) -> ThreadResumeResponse:
        """Load a stored thread or join a running one, and subscribe the caller; open questions follow the reply."""
        given = params.history is not None or params.path is not None
        thread = await self._agent.resume_thread(
            params.thread_id if given else thread_id(params.thread_id),
            _options(params),
            path=params.path,
            history=params.history,
        )
        channel = self._hub.channel(thread)
        with ExitStack() as refused:
            # Before the record is read, so that nothing falls between what is read and what is sent.
            if channel.subscribe(ctx.connection):
                refused.callback(channel.unsubscribe, ctx.connection)
            view = await thread.view(True)
            refused.pop_all()
        ctx.after_reply(channel.open)
        ctx.after_reply(lambda: channel.offer_questions(ctx.connection))
        return await reply_with_turns(ctx, _opened(ThreadResumeResponse, view, thread.settings))

    @handles(THREAD_FORK)
    async def fork(self, ctx: RequestContext[ThreadForkResponse], params: ThreadForkParams) -> ThreadForkResponse:
        """Copy a stored thread into a new one and subscribe the caller; everybody is told after the reply."""
        thread = await self._agent.fork_thread(
            params.thread_id if params.path is not None else thread_id(params.thread_id),
            _options(params),
            path=params.path,
        )
        channel = self._hub.channel(thread)
        channel.subscribe(ctx.connection)
        view = await thread.view(True)
        ctx.after_reply(lambda: self._hub.broadcast(THREAD_STARTED, ThreadStartedNotification(thread=view)))
        ctx.after_reply(channel.open)
        return await reply_with_turns(ctx, _opened(ThreadForkResponse, view, thread.settings))

    @handles(THREAD_READ)
    async def read(self, ctx: RequestContext[ThreadReadResponse], params: ThreadReadParams) -> ThreadReadResponse:
        """Show a thread without loading it or subscribing."""
        view = await self._agent.read_thread(thread_id(params.thread_id), params.include_turns)
        return await reply_with_turns(ctx, ThreadReadResponse(thread=view))

    @handles(THREAD_LIST)
    async def list(self, ctx: RequestContext[ThreadListResponse], params: ThreadListParams) -> ThreadListResponse:
        """Return one page of stored threads."""
        return await self._agent.list_threads(params)

    @handles(THREAD_LOADED_LIST)
    async def loaded(
        self, ctx: RequestContext[ThreadLoadedListResponse], params: ThreadLoadedListParams
    ) -> ThreadLoadedListResponse:
        """Return ids of loaded threads in the order of their text; the cursor is the last id of the page before."""
        ids = sorted(self._agent.loaded_threads())
        if ids and params.cursor is not None:
            after = _cursor(params.cursor)
            ids = [each for each in ids if each > after]
        page = ids[: page_limit(params.limit, len(ids))]
        return ThreadLoadedListResponse(data=page, next_cursor=page[-1] if len(page) < len(ids) else None)


def _cursor(text: str) -> str:
    try:
        return canonical_uuid(text)
    except ValueError as error:
        raise InvalidRequest(f"invalid cursor: {text}") from error


def _start_options(params: ThreadStartParams) -> ThreadOptions:
    return replace(
        _options(params),
        ephemeral=bool(params.ephemeral),
        dynamic_tools=params.dynamic_tools or (),
        experimental_raw_events=params.experimental_raw_events,
    )


def _options(params: ThreadStartParams | ThreadResumeParams | ThreadForkParams) -> ThreadOptions:
    personality = None if isinstance(params, ThreadForkParams) else params.personality
    return ThreadOptions(
        model=params.model,
        model_provider=params.model_provider,
        cwd=params.cwd,
        approval_policy=params.approval_policy,
        sandbox=params.sandbox,
        config=params.config or {},
        base_instructions=params.base_instructions,
        developer_instructions=params.developer_instructions,
        personality=None if personality is None else personality.value,
        persist_extended_history=params.persist_extended_history,
    )


def _opened(response: type[Opened], view: Thread, facts: ThreadFacts) -> Opened:
    return response(
        thread=view,
        model=facts.model,
        model_provider=facts.model_provider,
        cwd=facts.cwd,
        approval_policy=facts.approval_policy,
        sandbox=facts.sandbox,
        reasoning_effort=facts.reasoning_effort,
        approvals_reviewer=ApprovalsReviewer.USER,
    )
