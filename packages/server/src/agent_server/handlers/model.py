"""Models: the catalogue."""

from agent_protocol.v2.model import MODEL_LIST, ModelListParams, ModelListResponse

from agent_server.binding import Services, handles
from agent_server.context import RequestContext
from agent_server.handlers.page import offset_page


class ModelHandlers:
    """Shows what models there are."""

    def __init__(self, services: Services) -> None:
        self._agent = services.agent

    @handles(MODEL_LIST)
    async def list(self, ctx: RequestContext[ModelListResponse], params: ModelListParams) -> ModelListResponse:
        """Return one page of the catalogue."""
        models = await self._agent.models(bool(params.include_hidden))
        page, next_cursor = offset_page(models, params.cursor, params.limit)
        return ModelListResponse(data=page, next_cursor=next_cursor)
