"""User input between the protocol's form and the core's, both ways, and from its stored form."""

from collections.abc import Sequence

from agent_protocol.rollout.event import UserMessageEvent
from agent_protocol.rollout.turn_item import (
    ByteRange,
    ImageInput,
    LocalImageInput,
    MentionInput,
    SkillInput,
    TextElement,
    TextInput,
    UserInput,
)
from agent_protocol.v2 import user_input as v2


def wire_input(part: UserInput) -> v2.UserInput:
    """Return the protocol's form of a part of user input."""
    match part:
        case TextInput():
            return v2.TextUserInput(text=part.text, text_elements=_wire_elements(part.text_elements))
        case ImageInput():
            return v2.ImageUserInput(url=part.image_url)
        case LocalImageInput():
            return v2.LocalImageUserInput(path=part.path)
        case SkillInput():
            return v2.SkillUserInput(name=part.name, path=part.path)
        case MentionInput():
            return v2.MentionUserInput(name=part.name, path=part.path)


def core_input(part: v2.UserInput) -> UserInput:
    """Return the core's form of a part of user input."""
    match part:
        case v2.TextUserInput():
            return TextInput(text=part.text, text_elements=_core_elements(part.text_elements))
        case v2.ImageUserInput():
            return ImageInput(image_url=part.url)
        case v2.LocalImageUserInput():
            return LocalImageInput(path=part.path)
        case v2.SkillUserInput():
            return SkillInput(name=part.name, path=part.path)
        case v2.MentionUserInput():
            return MentionInput(name=part.name, path=part.path)


def stored_input(event: UserMessageEvent) -> list[v2.UserInput]:
    """Return the input that a stored user message holds: its text unless blank, then images by URL, then by path."""
    content: list[v2.UserInput] = []
    if event.message.strip():
        content.append(v2.TextUserInput(text=event.message, text_elements=_wire_elements(event.text_elements)))
    content.extend(v2.ImageUserInput(url=url) for url in event.images or ())
    content.extend(v2.LocalImageUserInput(path=path) for path in event.local_images)
    return content


def _wire_elements(elements: Sequence[TextElement]) -> list[v2.TextElement]:
    return [
        v2.TextElement(
            byte_range=v2.ByteRange(start=element.byte_range.start, end=element.byte_range.end),
            placeholder=element.placeholder,
        )
        for element in elements
    ]


def _core_elements(elements: Sequence[v2.TextElement]) -> tuple[TextElement, ...]:
    return tuple(
        TextElement(
            byte_range=ByteRange(start=element.byte_range.start, end=element.byte_range.end),
            placeholder=element.placeholder,
        )
        for element in elements
    )
