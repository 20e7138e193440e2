"""Starting a code review."""

from enum import StrEnum
from typing import TypeAlias

from agent_protocol.registry import Method
from agent_protocol.v2.common import Params
from agent_protocol.v2.turn import Turn
from agent_protocol.wire import Wire


class UncommittedChangesReviewTarget(Params, frozen=True, kw_only=True, tag="uncommittedChanges"):
    """Everything not committed."""


class BaseBranchReviewTarget(Params, frozen=True, kw_only=True, tag="baseBranch"):
    """The changes against a branch."""

    branch: str


class CommitReviewTarget(Params, frozen=True, kw_only=True, tag="commit"):
    """One commit."""

    sha: str
    title: str | None = None


class CustomReviewTarget(Params, frozen=True, kw_only=True, tag="custom"):
    """Whatever the instructions say."""

    instructions: str


ReviewTarget: TypeAlias = (
    UncommittedChangesReviewTarget | BaseBranchReviewTarget | CommitReviewTarget | CustomReviewTarget
)
"""What to review."""


class ReviewDelivery(StrEnum):
    """Whether the review runs in the thread or in a new one."""

    INLINE = "inline"
    DETACHED = "detached"


class ReviewStartParams(Params, frozen=True, kw_only=True):
    """What to review and where the review runs."""

    thread_id: str
    target: ReviewTarget
    delivery: ReviewDelivery | None = None


class ReviewStartResponse(Wire, frozen=True, kw_only=True):
    """The review's turn, and the thread it runs in."""

    turn: Turn
    review_thread_id: str


REVIEW_START = Method("review/start", ReviewStartParams, ReviewStartResponse)
