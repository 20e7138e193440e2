"""Finds where in a TOML text a key got its value, for error messages. The text is known to be valid."""

import re
from collections.abc import Sequence

from agent_core.config.errors import TextRange

_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_SPACE = re.compile(r"[ \t]*")
_STRING = re.compile(
    r'"""(?:[^\\]|\\.)*?"{3,5}(?!")' + r"|'''.*?'{3,5}(?!')" + r'|"(?:[^"\\\n]|\\.)*"' + r"|'[^'\n]*'",
    re.DOTALL,
)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_SCALAR = re.compile(r"[^\s,\]}#](?:[^\n,\]}#]*[^\s,\]}#])?")

Path = tuple[str | int, ...]


def locate(text: str, path: Sequence[str | int]) -> TextRange | None:
    """Return the place of the value at ``path``, or of the header of that table; ``None`` if it is not there."""
    try:
        span = _Scanner(text).spans().get(tuple(path))
    except (ValueError, IndexError, RecursionError):
        return None
    if span is None:
        return None
    (line, column), (end_line, end_column) = _place(text, span[0]), _place(text, max(span[0], span[1] - 1))
    return TextRange(line, column, end_line, end_column)


def _place(text: str, offset: int) -> tuple[int, int]:
    return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)


class _Scanner:
    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._spans: dict[Path, tuple[int, int]] = {}
        self._lengths: dict[Path, int] = {}

    def spans(self) -> dict[Path, tuple[int, int]]:
        prefix: Path = ()
        self._skip(_BLANK)
        while self._at < len(self._text):
            prefix = self._header() if self._text[self._at] == "[" else self._pair(prefix)
            self._skip(_BLANK)
        return self._spans

    def _header(self) -> Path:
        start = self._at
        is_array = self._text.startswith("[[", start)
        self._at += 2 if is_array else 1
        prefix = self._inside_arrays(self._key(), is_array)
        self._at += 2 if is_array else 1
        self._spans.setdefault(prefix, (start, self._at))
        return prefix

    def _inside_arrays(self, names: list[str], is_array: bool) -> Path:
        """Put the index of the current element behind each name that is an array of tables."""
        prefix: Path = ()
        for position, name in enumerate(names):
            prefix = (*prefix, name)
            if is_array and position == len(names) - 1:
                self._lengths[prefix] = self._lengths.get(prefix, 0) + 1
            if prefix in self._lengths:
                prefix = (*prefix, self._lengths[prefix] - 1)
        return prefix

    def _pair(self, prefix: Path) -> Path:
        path = (*prefix, *self._key())
        self._at += 1
        self._skip(_SPACE)
        self._value(path)
        return prefix

    def _key(self) -> list[str]:
        names: list[str] = []
        while True:
            self._skip(_SPACE)
            names.append(self._name())
            self._skip(_SPACE)
            if not self._text.startswith(".", self._at):
                return names
            self._at += 1

    def _name(self) -> str:
        quoted = _STRING.match(self._text, self._at)
        if quoted:
            self._at = quoted.end()
            return _unquoted(quoted[0])
        bare = _BARE_KEY.match(self._text, self._at)
        if bare is None:
            raise ValueError(f"no key at offset {self._at}")
        self._at = bare.end()
        return bare[0]

    def _value(self, path: Path) -> None:
        start = self._at
        opening = self._text[start : start + 1]
        if opening == "[":
            self._array(path)
        elif opening == "{":
            self._inline_table(path)
        else:
            token = _STRING.match(self._text, start) or _SCALAR.match(self._text, start)
            if token is None:
                raise ValueError(f"no value at offset {start}")
            self._at = token.end()
        self._spans.setdefault(path, (start, self._at))

    def _array(self, path: Path) -> None:
        self._at += 1
        index = 0
        self._skip(_BLANK)
        while self._text[self._at] != "]":
            self._value((*path, index))
            index += 1
            self._separator()
        self._at += 1

    def _inline_table(self, path: Path) -> None:
        self._at += 1
        self._skip(_BLANK)
        while self._text[self._at] != "}":
            self._pair(path)
            self._separator()
        self._at += 1

    def _separator(self) -> None:
        self._skip(_BLANK)
        if self._text.startswith(",", self._at):
            self._at += 1
            self._skip(_BLANK)

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self._text, self._at)
        if match:
            self._at = match.end()


def _unquoted(quoted: str) -> str:
    import tomllib

    value: str = tomllib.loads(f"value = {quoted}")["value"]
    return value
