"""Turns: start and interrupt."""

from agent_core.face import TurnOverrides
from agent_protocol.errors import InvalidRequest
from agent_protocol.v2.collaboration import ModeKind
from agent_protocol.v2.turn import (
    TURN_INTERRUPT,
    TURN_START,
    TURN_STARTED,
    Turn,
    TurnInterruptParams,
    TurnInterruptResponse,
    TurnStartedNotification,
    TurnStartParams,
    TurnStartResponse,
    TurnStatus,
)

from agent_server.binding import Services, handles
from agent_server.context import RequestContext
from agent_server.handlers.identity import thread_id


class TurnHandlers:
    """Starts and stops the work of a thread."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent
        self._hub = services.hub

    @handles(TURN_START)
    async def start(self, ctx: RequestContext[TurnStartResponse], params: TurnStartParams) -> TurnStartResponse:
        """Start a turn: the reply, then ``turn/started`` to everybody, then whatever the turn does."""
        thread = self._agent.thread(thread_id(params.thread_id))
        channel = self._hub.channel(thread)

        def announce(turn_id: str) -> None:
            turn = _begun(turn_id)
            ctx.reply(TurnStartResponse(turn=turn))
            if channel.announce_turn(turn_id):
                self._hub.broadcast(TURN_STARTED, TurnStartedNotification(thread_id=params.thread_id, turn=turn))

        turn_id = await thread.start_turn(params.input, _overrides(params), announce)
        return TurnStartResponse(turn=_begun(turn_id))

    @handles(TURN_INTERRUPT)
    async def interrupt(
        self, ctx: RequestContext[TurnInterruptResponse], params: TurnInterruptParams
    ) -> TurnInterruptResponse:
        """Stop the running turn; the reply comes when it has stopped, just before its ``turn/completed``."""
        thread = self._agent.thread(thread_id(params.thread_id))
        await thread.interrupt(params.turn_id, lambda: ctx.reply(TurnInterruptResponse()))
        return TurnInterruptResponse()


def _begun(turn_id: str) -> Turn:
    return Turn(id=turn_id, items=[], status=TurnStatus.IN_PROGRESS)


def _overrides(params: TurnStartParams) -> TurnOverrides:
    mode = params.collaboration_mode
    if mode is not None and mode.mode is ModeKind.PLAN:
        raise InvalidRequest("collaborationMode: the plan mode is not available yet; leave it out or use default")
    return TurnOverrides(
        cwd=params.cwd,
        approval_policy=params.approval_policy,
        sandbox_policy=params.sandbox_policy,
        model=params.model if mode is None else mode.settings.model,
        effort=params.effort if mode is None else mode.settings.reasoning_effort,
        summary=params.summary,
        personality=None if params.personality is None else params.personality.value,
        output_schema=params.output_schema,
    )
