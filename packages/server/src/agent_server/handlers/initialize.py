"""``initialize``: who the client is and what it wants to see."""

import sys
from typing import Final

from agent_protocol.errors import InvalidRequest
from agent_protocol.v2.initialize import INITIALIZE, InitializeParams, InitializeResponse

from agent_server.binding import Reception, handles
from agent_server.connection import Capabilities, Connection, Handshake
from agent_server.context import RequestContext

_OS_NAMES: Final = {"darwin": "macos", "win32": "windows"}


class InitializeHandlers:
    """Opens a connection."""

    def __init__(self, reception: Reception) -> None:
        self._host = reception.host
        self._hub = reception.hub

    @handles(INITIALIZE)
    async def initialize(self, ctx: RequestContext[InitializeResponse], params: InitializeParams) -> InitializeResponse:
        """Store what the client can and wants, and answer who serves it. The connection counts from the reply on."""
        name = params.client_info.name
        if not _fits_header(name):
            raise InvalidRequest(f"clientInfo.name {name!r} is not a valid HTTP header value")
        stated = params.capabilities
        capabilities = Capabilities()
        if stated is not None:
            capabilities = Capabilities(
                experimental=stated.experimental_api,
                opt_outs=frozenset(stated.opt_out_notification_methods or ()),
            )
        user_agent = self._host.introduce(name, params.client_info.version)
        response = InitializeResponse(
            user_agent=user_agent,
            codex_home=self._host.home,
            platform_family="windows" if sys.platform == "win32" else "unix",
            platform_os=_OS_NAMES.get(sys.platform, sys.platform),
        )
        ctx.after_reply(lambda: self._open(ctx.connection, capabilities))
        ctx.reply(response)
        ctx.release()
        await self._warn()
        return response

    async def _warn(self) -> None:
        agent = await self._host.opened()
        from agent_protocol.v2.notice import CONFIG_WARNING

        for warning in agent.startup_warnings:
            self._hub.broadcast(CONFIG_WARNING, warning)

    def _open(self, connection: Connection, capabilities: Capabilities) -> None:
        connection.capabilities = capabilities
        connection.handshake = Handshake.DONE
        self._hub.join(connection)


def _fits_header(text: str) -> bool:
    """Tell whether an HTTP header can carry ``text``: no control characters but the tab."""
    return all(character == "\t" or (character >= " " and character != "\x7f") for character in text)
