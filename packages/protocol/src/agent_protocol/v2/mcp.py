"""MCP servers: their state, tools and resources, reload and OAuth login."""

from collections.abc import Mapping, Sequence
from enum import StrEnum

from msgspec import UNSET, UnsetType, field

from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import Int64, Params, Uint32
from agent_protocol.wire import JsonValue, Wire


class McpServerOauthLoginParams(Params, frozen=True, kw_only=True):
    """Which server to log in to; ``timeout_secs`` bounds the wait for the browser."""

    name: str
    scopes: Sequence[str] | None = None
    timeout_secs: Int64 | None = None


class McpServerOauthLoginResponse(Wire, frozen=True, kw_only=True):
    """Where the user logs in."""

    authorization_url: str


class McpServerRefreshResponse(Wire, frozen=True, kw_only=True):
    """Loaded threads take up the new configuration with their next turn."""


class ListMcpServerStatusParams(Params, frozen=True, kw_only=True):
    """Which page of the servers."""

    cursor: str | None = None
    limit: Uint32 | None = None


class Tool(Wire, frozen=True, kw_only=True):
    """A tool as its MCP server describes it."""

    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    input_schema: JsonValue
    output_schema: JsonValue | UnsetType = UNSET
    annotations: JsonValue | UnsetType = UNSET
    icons: Sequence[JsonValue] | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class Resource(Wire, frozen=True, kw_only=True):
    """A resource as its MCP server describes it."""

    annotations: JsonValue | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    mime_type: str | UnsetType | None = UNSET
    name: str
    size: Int64 | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    uri: str
    icons: Sequence[JsonValue] | UnsetType | None = UNSET
    meta: JsonValue | UnsetType = field(name="_meta", default=UNSET)


class ResourceTemplate(Wire, frozen=True, kw_only=True):
    """A resource template as its MCP server describes it."""

    annotations: JsonValue | UnsetType = UNSET
    uri_template: str
    name: str
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    mime_type: str | UnsetType | None = UNSET


class McpAuthStatus(StrEnum):
    """How the server is authenticated."""

    UNSUPPORTED = "unsupported"
    NOT_LOGGED_IN = "notLoggedIn"
    BEARER_TOKEN = "bearerToken"
    OAUTH = "oAuth"


class McpServerStatus(Wire, frozen=True, kw_only=True):
    """What one MCP server offers."""

    name: str
    tools: Mapping[str, Tool]
    resources: Sequence[Resource]
    resource_templates: Sequence[ResourceTemplate]
    auth_status: McpAuthStatus


class ListMcpServerStatusResponse(Wire, frozen=True, kw_only=True):
    """One page of MCP servers."""

    data: Sequence[McpServerStatus]
    next_cursor: str | None = None


class McpServerOauthLoginCompletedNotification(Wire, frozen=True, kw_only=True):
    """An OAuth login ended."""

    name: str
    success: bool
    error: str | UnsetType | None = UNSET


MCP_SERVER_OAUTH_LOGIN = Method("mcpServer/oauth/login", McpServerOauthLoginParams, McpServerOauthLoginResponse)
CONFIG_MCP_SERVER_RELOAD: Method[None, McpServerRefreshResponse] = Method(
    "config/mcpServer/reload", None, McpServerRefreshResponse
)
MCP_SERVER_STATUS_LIST = Method(
    "mcpServerStatus/list", ListMcpServerStatusParams, ListMcpServerStatusResponse, ordered=False
)
MCP_SERVER_OAUTH_LOGIN_COMPLETED = Notification(
    "mcpServer/oauthLogin/completed", McpServerOauthLoginCompletedNotification
)
