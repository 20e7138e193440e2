"""What the user sent, as the message the model reads."""

from collections.abc import Sequence

from agent_protocol.rollout.response_item import ContentPart, InputImagePart, InputTextPart, MessageItem
from agent_protocol.rollout.turn_item import ImageInput, LocalImageInput, TextInput, UserInput

from agent_core.context.image import ImageUnusable, image_data_url

IMAGE_OPEN = "<image>"
IMAGE_CLOSE = "</image>"


def user_message(user_input: Sequence[UserInput]) -> MessageItem:
    """Return one message with the parts of ``user_input`` in order. Reads image files; blocks while doing so.

    An image file that cannot be used is replaced by a text that says why. Skills and mentions have no part.
    """
    parts: list[ContentPart] = []
    images = 0
    for item in user_input:
        match item:
            case TextInput():
                parts.append(InputTextPart(text=item.text))
            case ImageInput():
                images += 1
                parts += _framed(IMAGE_OPEN, item.image_url)
            case LocalImageInput():
                images += 1
                parts += _local_image(item.path, images)
            case _:
                pass
    return MessageItem(role="user", content=tuple(parts))


def _local_image(path: str, number: int) -> list[ContentPart]:
    try:
        return _framed(f"<image name=[Image #{number}]>", image_data_url(path))
    except ImageUnusable as error:
        return [InputTextPart(text=f"(Image #{number}, {path}, could not be attached: {error.reason}.)")]


def _framed(opening: str, url: str) -> list[ContentPart]:
    return [InputTextPart(text=opening), InputImagePart(image_url=url), InputTextPart(text=IMAGE_CLOSE)]
