"""Identifiers as they appear on the wire."""

import re
from typing import Final, TypeAlias

RequestId: TypeAlias = int | str
"""The id of a request: text, or a signed 64-bit integer. It is echoed with the same JSON type."""

_UUID: Final = re.compile(
    r"(?:urn:uuid:)?([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})"
    r"|\{([0-9a-f]{8})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{4})-([0-9a-f]{12})\}"
    r"|([0-9a-f]{8})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{4})([0-9a-f]{12})",
    re.ASCII,
)


def canonical_uuid(text: str) -> str:
    """The lower-case, hyphenated spelling of a UUID given in any of its text forms.

    Plain, upper-case, ``urn:uuid:``, braced and unhyphenated forms are understood. Raises ``ValueError`` for others.
    """
    match = _UUID.fullmatch(text.lower())
    if match is None:
        raise ValueError(f"not a UUID: {text!r}")
    return "-".join(part for part in match.groups() if part is not None)
