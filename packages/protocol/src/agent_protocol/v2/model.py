"""The models a user may choose, and the notice that another one answered."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import field

from agent_protocol.registry import Method, Notification
from agent_protocol.v2.common import Params, ReasoningEffort, Uint32
from agent_protocol.wire import Wire


class ModelListParams(Params, frozen=True, kw_only=True):
    """Which page of the models, and whether hidden ones count."""

    cursor: str | None = None
    limit: Uint32 | None = None
    include_hidden: bool | None = None


class ReasoningEffortOption(Wire, frozen=True, kw_only=True):
    """An effort the model supports."""

    reasoning_effort: ReasoningEffort
    description: str


class InputModality(StrEnum):
    """What a model can read."""

    TEXT = "text"
    IMAGE = "image"


class Model(Wire, frozen=True, kw_only=True):
    """A model the user may choose."""

    id: str
    model: str
    upgrade: str | None = None
    display_name: str
    description: str
    hidden: bool
    supported_reasoning_efforts: Sequence[ReasoningEffortOption]
    default_reasoning_effort: ReasoningEffort
    input_modalities: Sequence[InputModality] = field(default_factory=lambda: [InputModality.TEXT, InputModality.IMAGE])
    supports_personality: bool = False
    is_default: bool


class ModelListResponse(Wire, frozen=True, kw_only=True):
    """One page of models."""

    data: Sequence[Model]
    next_cursor: str | None = None


class ModelRerouteReason(StrEnum):
    """Why another model answered."""

    HIGH_RISK_CYBER_ACTIVITY = "highRiskCyberActivity"


class ModelReroutedNotification(Wire, frozen=True, kw_only=True):
    """Another model than the one asked for answered."""

    thread_id: str
    turn_id: str
    from_model: str
    to_model: str
    reason: ModelRerouteReason


MODEL_LIST = Method("model/list", ModelListParams, ModelListResponse, ordered=False)
MODEL_REROUTED = Notification("model/rerouted", ModelReroutedNotification)
