"""Sending feedback about a thread."""

from agent_protocol.registry import Method
from agent_protocol.v2.common import Params
from agent_protocol.wire import Wire


class FeedbackUploadParams(Params, frozen=True, kw_only=True):
    """What the user thinks, and whether logs go with it."""

    classification: str
    reason: str | None = None
    thread_id: str | None = None
    include_logs: bool


class FeedbackUploadResponse(Wire, frozen=True, kw_only=True):
    """The id the feedback is filed under."""

    thread_id: str


FEEDBACK_UPLOAD = Method("feedback/upload", FeedbackUploadParams, FeedbackUploadResponse)
