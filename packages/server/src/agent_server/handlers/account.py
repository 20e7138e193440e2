"""The account: who is logged in."""

from agent_protocol.v2.account import ACCOUNT_READ, GetAccountParams, GetAccountResponse

from agent_server.binding import Services, handles
from agent_server.context import RequestContext


class AccountHandlers:
    """Shows the account."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent

    @handles(ACCOUNT_READ)
    async def read(self, ctx: RequestContext[GetAccountResponse], params: GetAccountParams) -> GetAccountResponse:
        """Return who is logged in."""
        return await self._agent.account(params.refresh_token)
