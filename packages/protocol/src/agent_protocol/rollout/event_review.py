"""Events of a review."""

from typing import TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.rollout.event_base import Event
from agent_protocol.wire import Record


class UncommittedChangesTarget(Record, frozen=True, kw_only=True, tag_field="type", tag="uncommittedChanges"):
    """What is not committed yet."""


class BaseBranchTarget(Record, frozen=True, kw_only=True, tag_field="type", tag="baseBranch"):
    """What differs from a branch."""

    branch: str


class CommitTarget(Record, frozen=True, kw_only=True, tag_field="type", tag="commit"):
    """One commit."""

    sha: str
    title: str | None = None


class CustomTarget(Record, frozen=True, kw_only=True, tag_field="type", tag="custom"):
    """Whatever the instructions say."""

    instructions: str


ReviewTarget: TypeAlias = UncommittedChangesTarget | BaseBranchTarget | CommitTarget | CustomTarget


class LineRange(Record, frozen=True, kw_only=True):
    """First and last line, counted from 1."""

    start: int
    end: int


class CodeLocation(Record, frozen=True, kw_only=True):
    """A place in a file."""

    absolute_file_path: str
    line_range: LineRange


class ReviewFinding(Record, frozen=True, kw_only=True):
    """One remark of the reviewer."""

    title: str
    body: str
    confidence_score: float
    priority: int
    code_location: CodeLocation


class ReviewOutput(Record, frozen=True, kw_only=True):
    """The result of a review."""

    findings: tuple[ReviewFinding, ...] = ()
    overall_correctness: str = ""
    overall_explanation: str = ""
    overall_confidence_score: float = 0.0


class EnteredReviewModeEvent(Event, frozen=True, kw_only=True):
    """A review began."""

    target: ReviewTarget
    user_facing_hint: str | UnsetType = UNSET


class ExitedReviewModeEvent(Event, frozen=True, kw_only=True):
    """A review ended; no output when it was interrupted."""

    review_output: ReviewOutput | None = None
