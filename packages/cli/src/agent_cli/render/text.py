"""Small texts that both renderings share."""

import re

from agent_protocol.v2.turn import TurnError


def error_sentence(error: TurnError) -> str:
    """Return the message of ``error`` with its details, where it has any, in parentheses."""
    details = (error.additional_details or "").strip()
    return f"{error.message} ({details})" if details else error.message


def snake(word: str) -> str:
    """Return ``camelCase`` as ``camel_case``."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", word).lower()


def duration(milliseconds: int) -> str:
    """Return a length of time as a person would say it: ``121ms``, ``1.50s``, ``1m 05s``."""
    if milliseconds < 1_000:
        return f"{milliseconds}ms"
    if milliseconds < 60_000:
        return f"{milliseconds / 1_000:.2f}s"
    minutes, seconds = divmod(milliseconds // 1_000, 60)
    return f"{minutes}m {seconds:02}s"
