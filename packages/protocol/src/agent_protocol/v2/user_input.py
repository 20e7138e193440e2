"""What a user sends to a turn."""

from collections.abc import Sequence
from typing import TypeAlias

from agent_protocol.v2.common import Uint
from agent_protocol.wire import Record, Wire


class ByteRange(Wire, frozen=True, kw_only=True):
    """A stretch of a text, in bytes of its UTF-8 form."""

    start: Uint
    end: Uint


class TextElement(Wire, frozen=True, kw_only=True):
    """A stretch of the text that stands for something else."""

    byte_range: ByteRange
    placeholder: str | None = None


class TextUserInput(Record, frozen=True, kw_only=True, tag="text"):
    """Text."""

    text: str
    text_elements: Sequence[TextElement] = []


class ImageUserInput(Wire, frozen=True, kw_only=True, tag="image"):
    """An image by URL."""

    url: str


class LocalImageUserInput(Wire, frozen=True, kw_only=True, tag="localImage"):
    """An image file of this machine."""

    path: str


class SkillUserInput(Wire, frozen=True, kw_only=True, tag="skill"):
    """A skill to use."""

    name: str
    path: str


class MentionUserInput(Wire, frozen=True, kw_only=True, tag="mention"):
    """Something the user pointed at."""

    name: str
    path: str


UserInput: TypeAlias = TextUserInput | ImageUserInput | LocalImageUserInput | SkillUserInput | MentionUserInput
"""A part of what the user sends."""
