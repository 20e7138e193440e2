"""What the protocol offers: client methods, notifications and server requests, found by wire name.

The tables name only the module of ``agent_protocol.v2`` that declares a constant, so looking up one method
imports one resource. The constant is the wire name in capitals: ``thread/name/set`` is ``THREAD_NAME_SET``.
"""

import re
from collections.abc import Collection, Iterator, Mapping
from functools import cached_property
from importlib import import_module
from typing import Final, Generic, TypeAlias, TypeVar

from msgspec import Struct
from msgspec.json import Decoder

from agent_protocol.wire import JsonValue

P = TypeVar("P")
R = TypeVar("R")


class Method(Struct, Generic[P, R], frozen=True, dict=True):
    """A request a client may send.

    ``params`` is ``None`` for a method that takes none. An ``experimental`` method is refused to clients that did
    not opt in. Where ``ordered`` is false, later requests of the connection need not wait for the reply.
    """

    name: str
    params: type[P] | None
    result: type[R]
    experimental: bool = False
    ordered: bool = True

    @cached_property
    def params_decoder(self) -> Decoder[P] | None:
        """Decodes params; built on first use. ``None`` for a method that takes none."""
        return None if self.params is None else Decoder(self.params)

    @cached_property
    def result_decoder(self) -> Decoder[R]:
        """Decodes a result; built on first use."""
        return Decoder(self.result)


class ServerRequest(Struct, Generic[P, R], frozen=True, dict=True):
    """A question the server asks its clients, with the struct of the answer."""

    name: str
    params: type[P]
    result: type[R]

    @cached_property
    def params_decoder(self) -> Decoder[P]:
        """Decodes params; built on first use."""
        return Decoder(self.params)

    @cached_property
    def result_decoder(self) -> Decoder[R]:
        """Decodes a result; built on first use."""
        return Decoder(self.result)


class Notification(Struct, Generic[P], frozen=True, dict=True):
    """A message that is not answered. ``params`` is ``None`` for one that carries none."""

    name: str
    params: type[P] | None

    @cached_property
    def params_decoder(self) -> Decoder[P] | None:
        """Decodes params; built on first use. ``None`` for a notification that carries none."""
        return None if self.params is None else Decoder(self.params)


AnyMethod: TypeAlias = Method[JsonValue, JsonValue]
AnyServerRequest: TypeAlias = ServerRequest[JsonValue, JsonValue]
AnyNotification: TypeAlias = Notification[JsonValue]

_METHODS: Final[Mapping[str, str]] = {
    "initialize": "initialize",
    "thread/start": "thread",
    "thread/resume": "thread",
    "thread/fork": "thread",
    "thread/archive": "thread",
    "thread/name/set": "thread",
    "thread/unarchive": "thread",
    "thread/compact/start": "thread",
    "thread/backgroundTerminals/clean": "thread",
    "thread/rollback": "thread",
    "thread/list": "thread",
    "thread/loaded/list": "thread",
    "thread/read": "thread",
    "skills/list": "skill",
    "skills/remote/list": "skill",
    "skills/remote/export": "skill",
    "skills/config/write": "skill",
    "app/list": "app",
    "turn/start": "turn",
    "turn/steer": "turn",
    "turn/interrupt": "turn",
    "review/start": "review",
    "model/list": "model",
    "experimentalFeature/list": "feature",
    "collaborationMode/list": "collaboration",
    "mcpServer/oauth/login": "mcp",
    "config/mcpServer/reload": "mcp",
    "mcpServerStatus/list": "mcp",
    "account/login/start": "account",
    "account/login/cancel": "account",
    "account/logout": "account",
    "account/rateLimits/read": "account",
    "account/read": "account",
    "feedback/upload": "feedback",
    "command/exec": "command",
    "config/read": "config",
    "config/value/write": "config",
    "config/batchWrite": "config",
    "configRequirements/read": "config",
    "fuzzyFileSearch": "search",
    "fuzzyFileSearch/sessionStart": "search",
    "fuzzyFileSearch/sessionUpdate": "search",
    "fuzzyFileSearch/sessionStop": "search",
}

_NOTIFICATIONS: Final[Mapping[str, str]] = {
    "thread/started": "thread",
    "thread/archived": "thread",
    "thread/unarchived": "thread",
    "thread/name/updated": "thread",
    "thread/tokenUsage/updated": "thread",
    "thread/compacted": "thread",
    "app/list/updated": "app",
    "turn/started": "turn",
    "turn/completed": "turn",
    "turn/diff/updated": "turn",
    "turn/plan/updated": "turn",
    "model/rerouted": "model",
    "mcpServer/oauthLogin/completed": "mcp",
    "account/updated": "account",
    "account/rateLimits/updated": "account",
    "account/login/completed": "account",
    "fuzzyFileSearch/sessionUpdated": "search",
    "fuzzyFileSearch/sessionCompleted": "search",
    "error": "notice",
    "deprecationNotice": "notice",
    "configWarning": "notice",
    "windows/worldWritableWarning": "notice",
    "item/started": "item",
    "item/completed": "item",
    "item/agentMessage/delta": "item",
    "item/plan/delta": "item",
    "item/commandExecution/outputDelta": "item",
    "item/commandExecution/terminalInteraction": "item",
    "item/fileChange/outputDelta": "item",
    "item/mcpToolCall/progress": "item",
    "item/reasoning/summaryTextDelta": "item",
    "item/reasoning/summaryPartAdded": "item",
    "item/reasoning/textDelta": "item",
    "rawResponseItem/completed": "response_item",
}

_SERVER_REQUESTS: Final[Mapping[str, str]] = {
    "account/chatgptAuthTokens/refresh": "account",
    "item/commandExecution/requestApproval": "approval",
    "item/fileChange/requestApproval": "approval",
    "item/tool/requestUserInput": "tool",
    "item/tool/call": "tool",
}

_CLIENT_NOTIFICATIONS: Final[Mapping[str, str]] = {"initialized": "initialize"}


def client_method(name: str) -> AnyMethod | None:
    """The client method called *name* on the wire, or ``None`` where there is none."""
    return _find(_METHODS, name, Method)


def notification(name: str) -> AnyNotification | None:
    """The server notification called *name* on the wire, or ``None`` where there is none."""
    return _find(_NOTIFICATIONS, name, Notification)


def client_notification(name: str) -> AnyNotification | None:
    """The client notification called *name* on the wire, or ``None`` where there is none."""
    return _find(_CLIENT_NOTIFICATIONS, name, Notification)


def server_request(name: str) -> AnyServerRequest | None:
    """The server request called *name* on the wire, or ``None`` where there is none."""
    return _find(_SERVER_REQUESTS, name, ServerRequest)


def client_method_names() -> Collection[str]:
    """The wire names of all client methods, in the order of the schema. Imports nothing."""
    return _METHODS.keys()


def client_methods() -> Iterator[AnyMethod]:
    """Every client method, in the order of the schema. Imports every resource."""
    return _all(_METHODS, Method)


def notifications() -> Iterator[AnyNotification]:
    """Every server notification, in the order of the schema. Imports every resource."""
    return _all(_NOTIFICATIONS, Notification)


def client_notifications() -> Iterator[AnyNotification]:
    """Every client notification."""
    return _all(_CLIENT_NOTIFICATIONS, Notification)


def server_requests() -> Iterator[AnyServerRequest]:
    """Every server request, in the order of the schema."""
    return _all(_SERVER_REQUESTS, ServerRequest)


def constant_name(name: str) -> str:
    """The Python constant that declares the wire name *name*."""
    return re.sub(r"(?<=[a-z0-9])([A-Z])", r"_\1", name).replace("/", "_").upper()


D = TypeVar("D")


def _find(table: Mapping[str, str], name: str, kind: type[D]) -> D | None:
    module = table.get(name)
    return None if module is None else _load(module, name, kind)


def _all(table: Mapping[str, str], kind: type[D]) -> Iterator[D]:
    return (_load(module, name, kind) for name, module in table.items())


def _load(module: str, name: str, kind: type[D]) -> D:
    declared: D = getattr(import_module(f"agent_protocol.v2.{module}"), constant_name(name))
    return declared
