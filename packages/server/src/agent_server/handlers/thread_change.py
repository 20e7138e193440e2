"""Changes to threads: archive, unarchive, roll back, rename."""

from agent_protocol.errors import InvalidRequest
from agent_protocol.v2.thread import (
    THREAD_ARCHIVE,
    THREAD_ARCHIVED,
    THREAD_NAME_SET,
    THREAD_ROLLBACK,
    THREAD_UNARCHIVE,
    THREAD_UNARCHIVED,
    ThreadArchivedNotification,
    ThreadArchiveParams,
    ThreadArchiveResponse,
    ThreadRollbackParams,
    ThreadRollbackResponse,
    ThreadSetNameParams,
    ThreadSetNameResponse,
    ThreadUnarchivedNotification,
    ThreadUnarchiveParams,
    ThreadUnarchiveResponse,
)

from agent_server.binding import Services, handles
from agent_server.context import RequestContext
from agent_server.handlers.identity import thread_id


class ThreadChangeHandlers:
    """Puts threads away and brings them back, takes turns back, gives names."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent
        self._hub = services.hub

    @handles(THREAD_ARCHIVE)
    async def archive(
        self, ctx: RequestContext[ThreadArchiveResponse], params: ThreadArchiveParams
    ) -> ThreadArchiveResponse:
        """Unload a thread and put its record away; its subscribers hear the end of its turn before the reply."""
        canonical = thread_id(params.thread_id)
        await self._agent.archive_thread(canonical)
        self._hub.drop(canonical)
        told = ThreadArchivedNotification(thread_id=canonical)
        ctx.after_reply(lambda: self._hub.broadcast(THREAD_ARCHIVED, told))
        return ThreadArchiveResponse()

    @handles(THREAD_UNARCHIVE)
    async def unarchive(
        self, ctx: RequestContext[ThreadUnarchiveResponse], params: ThreadUnarchiveParams
    ) -> ThreadUnarchiveResponse:
        """Bring an archived thread back; it is not loaded."""
        view = await self._agent.unarchive_thread(thread_id(params.thread_id))
        told = ThreadUnarchivedNotification(thread_id=view.id)
        ctx.after_reply(lambda: self._hub.broadcast(THREAD_UNARCHIVED, told))
        return ThreadUnarchiveResponse(thread=view)

    @handles(THREAD_ROLLBACK)
    async def roll_back(
        self, ctx: RequestContext[ThreadRollbackResponse], params: ThreadRollbackParams
    ) -> ThreadRollbackResponse:
        """Take turns back; the new token usage is told before the reply, which holds the turns that remain."""
        if params.num_turns < 1:
            raise InvalidRequest("numTurns: at least one turn has to be taken back")
        thread = self._agent.thread(thread_id(params.thread_id))
        await thread.roll_back(params.num_turns)
        return ThreadRollbackResponse(thread=await thread.view(True))

    @handles(THREAD_NAME_SET)
    async def name(
        self, ctx: RequestContext[ThreadSetNameResponse], params: ThreadSetNameParams
    ) -> ThreadSetNameResponse:
        """Give a loaded thread a name: the reply first, then ``thread/name/updated``, or ``error``."""
        name = params.name.strip()
        if not name:
            raise InvalidRequest("name: it is empty")
        thread = self._agent.thread(thread_id(params.thread_id))
        ctx.reply(ThreadSetNameResponse())
        await thread.rename(name)
        return ThreadSetNameResponse()
