"""The features behind switches and their stages."""

from collections.abc import Sequence
from enum import StrEnum

from agent_protocol.registry import Method
from agent_protocol.v2.common import Params, Uint32
from agent_protocol.wire import Wire


class ExperimentalFeatureListParams(Params, frozen=True, kw_only=True):
    """Which page of the features."""

    cursor: str | None = None
    limit: Uint32 | None = None


class ExperimentalFeatureStage(StrEnum):
    """How finished a feature is."""

    BETA = "beta"
    UNDER_DEVELOPMENT = "underDevelopment"
    STABLE = "stable"
    DEPRECATED = "deprecated"
    REMOVED = "removed"


class ExperimentalFeature(Wire, frozen=True, kw_only=True):
    """A feature: its stage and whether it is on."""

    name: str
    stage: ExperimentalFeatureStage
    display_name: str | None = None
    description: str | None = None
    announcement: str | None = None
    enabled: bool
    default_enabled: bool


class ExperimentalFeatureListResponse(Wire, frozen=True, kw_only=True):
    """One page of features."""

    data: Sequence[ExperimentalFeature]
    next_cursor: str | None = None


EXPERIMENTAL_FEATURE_LIST = Method(
    "experimentalFeature/list", ExperimentalFeatureListParams, ExperimentalFeatureListResponse
)
