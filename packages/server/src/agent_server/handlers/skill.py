"""Skills."""

from agent_protocol.v2.skill import SKILLS_LIST, SkillsListEntry, SkillsListParams, SkillsListResponse

from agent_server.binding import Services, handles
from agent_server.context import RequestContext


class SkillHandlers:
    """Shows skills. None are loaded yet, so every list is empty."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent

    @handles(SKILLS_LIST)
    async def list(self, ctx: RequestContext[SkillsListResponse], params: SkillsListParams) -> SkillsListResponse:
        """Return the skills of each directory, in the order asked for."""
        directories = params.cwds or (self._agent.cwd,)
        return SkillsListResponse(data=[SkillsListEntry(cwd=each, skills=[], errors=[]) for each in directories])
