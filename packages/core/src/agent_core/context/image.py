"""Image files as data URLs. The bytes are passed on as they are; the kind is told from their beginning."""

import base64
from pathlib import Path

from agent_core.errors import AgentError

MAX_BYTES = 20 * 1024 * 1024
"""Larger files are not sent."""

_KINDS = ((b"\x89PNG\r\n\x1a\n", "image/png"), (b"\xff\xd8\xff", "image/jpeg"), (b"GIF87a", "image/gif"))
_SHORTEST = 16


class ImageUnusable(AgentError):
    """A file cannot be shown to the model as an image."""

    def __init__(self, path: str, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"the image {path} cannot be shown: {reason}")


def image_data_url(path: str) -> str:
    """Return the image file as a ``data:`` URL. Blocks while reading.

    Raises:
        ImageUnusable: the file cannot be read, is too large, or is no image of a kind models accept.
    """
    data = _read(path)
    kind = image_kind(data)
    if kind is None:
        raise ImageUnusable(path, "it is not a PNG, JPEG, GIF or WebP image" if data else "the file is empty")
    return f"data:{kind};base64,{base64.b64encode(data).decode()}"


def image_kind(data: bytes) -> str | None:
    """Return the media type the first bytes tell, ``None`` if they are not those of a supported image."""
    if len(data) < _SHORTEST:
        return None
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "image/webp"
    if data.startswith(b"GIF89a"):
        return "image/gif"
    return next((kind for magic, kind in _KINDS if data.startswith(magic)), None)


def _read(path: str) -> bytes:
    file = Path(path)
    try:
        if not file.is_file():
            raise ImageUnusable(path, "it is not a regular file" if file.exists() else "there is no such file")
        size = file.stat().st_size
        if size > MAX_BYTES:
            raise ImageUnusable(path, f"its {size} bytes are more than the {MAX_BYTES} that can be sent")
        return file.read_bytes()
    except (OSError, ValueError) as error:
        raise ImageUnusable(path, getattr(error, "strerror", None) or str(error)) from error
