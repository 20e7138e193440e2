"""The prompt of a run: an argument, or standard input in whatever encoding a shell wrote it."""

import codecs
from collections.abc import Callable
from typing import BinaryIO

_ENCODED = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, None),
    (codecs.BOM_UTF32_BE, None),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


class PromptError(Exception):
    """There is no usable prompt."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def decode_prompt(data: bytes) -> str:
    """Return ``data`` as text: UTF-8, or UTF-16 where a byte order mark says so.

    Raises ``PromptError`` for UTF-32 and for bytes that are not valid in their encoding.
    """
    encoding: str | None = "utf-8"
    for mark, named in _ENCODED:
        if data.startswith(mark):
            data, encoding = data[len(mark) :], named
            break
    if encoding is None:
        raise PromptError("the prompt is UTF-32; send UTF-8 or UTF-16")
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise PromptError(f"the prompt is not valid {encoding} at byte {error.start}") from error


def resolve_prompt(argument: str | None, stdin: BinaryIO, note: Callable[[str], None]) -> str:
    """Return the prompt: ``argument``, or all of ``stdin`` where it is absent or ``-``.

    ``note`` is told when standard input is read without having been asked for. Raises ``PromptError`` where
    there is nothing to read from, where it cannot be decoded, and where it is blank.
    """
    if argument is not None and argument != "-":
        text = argument
    else:
        if argument is None:
            if stdin.isatty():
                raise PromptError("there is no prompt: give one as an argument, or pipe it in and use -")
            note("reading the prompt from standard input")
        text = decode_prompt(stdin.read())
    if not text.strip():
        raise PromptError("the prompt is empty")
    return text
