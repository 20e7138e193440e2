"""Errors and warnings that belong to no single item."""

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from agent_protocol.registry import Notification
from agent_protocol.v2.common import Uint
from agent_protocol.v2.turn import TurnError
from agent_protocol.wire import Wire


class ErrorNotification(Wire, frozen=True, kw_only=True):
    """Something failed. With ``will_retry`` the turn goes on."""

    error: TurnError
    will_retry: bool
    thread_id: str
    turn_id: str


class DeprecationNoticeNotification(Wire, frozen=True, kw_only=True):
    """A setting in use will go away."""

    summary: str
    details: str | None = None


class TextPosition(Wire, frozen=True, kw_only=True):
    """A place in a text file, counted from 1."""

    line: Uint
    column: Uint


class TextRange(Wire, frozen=True, kw_only=True):
    """A stretch of a text file."""

    start: TextPosition
    end: TextPosition


class ConfigWarningNotification(Wire, frozen=True, kw_only=True):
    """The configuration is not quite right. ``path`` and ``range`` are left out when unknown."""

    summary: str
    details: str | None = None
    path: str | UnsetType | None = UNSET
    range: TextRange | UnsetType | None = UNSET


class WindowsWorldWritableWarningNotification(Wire, frozen=True, kw_only=True):
    """Folders anybody may write to weaken the sandbox."""

    sample_paths: Sequence[str]
    extra_count: Uint
    failed_scan: bool


ERROR = Notification("error", ErrorNotification)
DEPRECATION_NOTICE = Notification("deprecationNotice", DeprecationNoticeNotification)
CONFIG_WARNING = Notification("configWarning", ConfigWarningNotification)
WINDOWS_WORLD_WRITABLE_WARNING = Notification("windows/worldWritableWarning", WindowsWorldWritableWarningNotification)
