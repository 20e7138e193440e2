"""The handshake: who the client is, what it can do, and what the server is."""

from collections.abc import Sequence
from typing import Annotated

from msgspec import UNSET, UnsetType

from agent_protocol.experimental import Since
from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import AbsolutePath, Params
from agent_protocol.wire import Wire


class ClientInfo(Params, frozen=True, kw_only=True):
    """The client's name and version."""

    name: str
    title: str | None = None
    version: str


class InitializeCapabilities(Params, frozen=True, kw_only=True):
    """What the client opts in to, and which notifications it does without."""

    experimental_api: bool = False
    opt_out_notification_methods: Sequence[str] | None = None


class InitializeParams(Params, frozen=True, kw_only=True):
    """The first request of a connection."""

    client_info: ClientInfo
    capabilities: InitializeCapabilities | None = None


class InitializeResponse(Wire, frozen=True, kw_only=True):
    """What the server is and where it keeps its files."""

    user_agent: str
    codex_home: Annotated[AbsolutePath | UnsetType, Since("newer")] = UNSET
    platform_family: Annotated[str | UnsetType, Since("newer")] = UNSET
    platform_os: Annotated[str | UnsetType, Since("newer")] = UNSET


INITIALIZE = Method("initialize", InitializeParams, InitializeResponse)
INITIALIZED: Notification[None] = Notification("initialized", None)
