"""Configuration: what is in effect."""

from agent_protocol.v2.config import CONFIG_READ, ConfigReadParams, ConfigReadResponse

from agent_server.binding import Services, handles
from agent_server.context import RequestContext


class ConfigHandlers:
    """Shows the configuration."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent

    @handles(CONFIG_READ)
    async def read(self, ctx: RequestContext[ConfigReadResponse], params: ConfigReadParams) -> ConfigReadResponse:
        """Return the effective configuration and where its values come from."""
        return await self._agent.config_read(params)
