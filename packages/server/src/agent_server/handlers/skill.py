"""Skills."""

import os

from agent_protocol.errors import InvalidRequest
from agent_protocol.v2.skill import SKILLS_LIST, SkillsListEntry, SkillsListParams, SkillsListResponse

from agent_server.binding import Services, handles
from agent_server.context import RequestContext


class SkillHandlers:
    """Shows skills. None are loaded yet, so every list is empty."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent

    @handles(SKILLS_LIST)
    async def list(self, ctx: RequestContext[SkillsListResponse], params: SkillsListParams) -> SkillsListResponse:
        """Return the skills of each directory, in the order asked for. Extra roots have to be absolute."""
        for extra in params.per_cwd_extra_user_roots or ():
            relative = next((root for root in extra.extra_user_roots if not os.path.isabs(root)), None)
            if extra.cwd in params.cwds and relative is not None:
                raise InvalidRequest(f"perCwdExtraUserRoots: {relative} is not an absolute path")
        directories = params.cwds or (self._agent.cwd,)
        return SkillsListResponse(data=[SkillsListEntry(cwd=each, skills=[], errors=[]) for each in directories])
