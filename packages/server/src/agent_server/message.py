"""What goes into an outbox: a notification that is encoded when first needed and then shared by all who get it."""

from collections.abc import Sequence
from typing import Final, cast

import msgspec
from agent_protocol import jsonrpc
from agent_protocol.registry import AnyNotification
from agent_protocol.wire import Wire

_JOINABLE: Final = frozenset(
    {
        "item/agentMessage/delta",
        "item/plan/delta",
        "item/reasoning/summaryTextDelta",
        "item/reasoning/textDelta",
        "item/commandExecution/outputDelta",
        "item/fileChange/outputDelta",
    }
)
"""Notifications whose ``delta`` texts mean the same joined as apart."""


class Outgoing:
    """One notification on its way to any number of connections."""

    __slots__ = ("_data", "notification", "params")

    def __init__(self, notification: AnyNotification, params: Wire) -> None:
        self.notification = notification
        self.params = params
        self._data: bytes | None = None

    @property
    def method(self) -> str:
        """The wire name."""
        return self.notification.name

    @property
    def data(self) -> bytes:
        """The JSON text, made on first use."""
        if self._data is None:
            self._data = jsonrpc.encode_notification(self.notification, self.params)
        return self._data

    @property
    def delta(self) -> str:
        """The text a joinable notification adds."""
        return cast("str", getattr(self.params, "delta", ""))

    def join_key(self) -> tuple[object, ...] | None:
        """Return what two notifications must share for their texts to be joined; ``None`` when this never joins."""
        if self.method not in _JOINABLE:
            return None
        members = (getattr(self.params, name) for name in self.params.__struct_fields__ if name != "delta")
        return (self.method, *members)


def joined(run: Sequence[Outgoing]) -> bytes:
    """Return the JSON text of a run of notifications with one join key, as one notification."""
    first = run[0]
    if len(run) == 1:
        return first.data
    params = msgspec.structs.replace(first.params, delta="".join(each.delta for each in run))
    return jsonrpc.encode_notification(first.notification, params)
