"""Collaboration modes: presets of model, effort and instructions for a turn."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import field

from agent_protocol.registry import Method
from agent_protocol.v2.common import Params, ReasoningEffort
from agent_protocol.wire import Record, Wire

_OLDER_DEFAULT_NAMES = frozenset({"code", "pair_programming", "execute", "custom"})


class ModeKind(StrEnum):
    """The kind of collaboration. Names that older clients use for ``default`` are understood."""

    PLAN = "plan"
    DEFAULT = "default"

    @classmethod
    def _missing_(cls, value: object) -> "ModeKind | None":
        return cls.DEFAULT if value in _OLDER_DEFAULT_NAMES else None


class Settings(Params, frozen=True, kw_only=True):
    """What a collaboration mode sets."""

    model: str
    reasoning_effort: ReasoningEffort | None = field(name="reasoning_effort", default=None)
    developer_instructions: str | None = field(name="developer_instructions", default=None)


class CollaborationMode(Params, frozen=True, kw_only=True):
    """A collaboration mode with its settings."""

    mode: ModeKind
    settings: Settings


class CollaborationModeListParams(Params, frozen=True, kw_only=True):
    """Nothing to say."""


class CollaborationModeMask(Record, frozen=True, kw_only=True):
    """A preset: what it sets, null where it leaves things alone."""

    name: str
    mode: ModeKind | None = None
    model: str | None = None
    reasoning_effort: ReasoningEffort | None = None
    developer_instructions: str | None = None


class CollaborationModeListResponse(Wire, frozen=True, kw_only=True):
    """All presets."""

    data: Sequence[CollaborationModeMask]


COLLABORATION_MODE_LIST = Method(
    "collaborationMode/list",
    CollaborationModeListParams,
    CollaborationModeListResponse,
    experimental=True,
    ordered=False,
)
