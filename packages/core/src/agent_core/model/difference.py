"""The first place where two JSON values differ, told so that a person sees it at once."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import msgspec
from agent_protocol.wire import JsonValue

_SHOWN_CHARS = 300
_SHOWN_LINES = 20
_BEFORE_CHARS = 40
_ABSENT = "(nothing)"


@dataclass(frozen=True, slots=True)
class Difference:
    """``path`` leads to the differing part; ``expected`` and ``got`` are that part, shortened."""

    path: str
    expected: str
    got: str
    diff: str
    """The two texts line by line, when they have more than one."""


def first_difference(expected: JsonValue, got: JsonValue) -> Difference | None:
    """Return the first difference in the order of ``expected``, ``None`` when the values are equal."""
    return next(_differences("", expected, got), None)


def _differences(path: str, expected: JsonValue, got: JsonValue) -> Iterator[Difference]:
    if isinstance(expected, dict) and isinstance(got, dict):
        for name in [*expected, *(name for name in got if name not in expected)]:
            yield from _member(
                f"{path}.{name}".lstrip("."), name in expected, name in got, expected.get(name), got.get(name)
            )
    elif isinstance(expected, list) and isinstance(got, list):
        for index in range(max(len(expected), len(got))):
            pair = (expected[index : index + 1], got[index : index + 1])
            yield from _member(
                f"{path}[{index}]", bool(pair[0]), bool(pair[1]), *(part[0] if part else None for part in pair)
            )
    elif isinstance(expected, str) and isinstance(got, str):
        if expected != got:
            yield _text_difference(path, expected, got)
    elif expected != got or type(expected) is not type(got):
        yield Difference(path, _shown(expected), _shown(got), "")


def _member(path: str, is_expected: bool, is_there: bool, expected: JsonValue, got: JsonValue) -> Iterator[Difference]:
    if is_expected and is_there:
        yield from _differences(path, expected, got)
    else:
        yield Difference(path, _shown(expected) if is_expected else _ABSENT, _shown(got) if is_there else _ABSENT, "")


def _text_difference(path: str, expected: str, got: str) -> Difference:
    import difflib

    pairs = enumerate(zip(expected, got, strict=False))
    same = next((index for index, (old, new) in pairs if old != new), min(len(expected), len(got)))
    start = max(0, same - _BEFORE_CHARS)
    lines: list[str] = []
    if "\n" in expected or "\n" in got:
        diff = difflib.unified_diff(expected.splitlines(), got.splitlines(), "recorded", "sent", n=1, lineterm="")
        lines = [line[:_SHOWN_CHARS] for line in islice(diff, _SHOWN_LINES)]
    return Difference(path, _excerpt(expected, start), _excerpt(got, start), "\n".join(lines))


def _excerpt(text: str, start: int) -> str:
    end = start + _SHOWN_CHARS
    return f"{'…' if start else ''}{text[start:end]!r}{'…' if end < len(text) else ''}"


def _shown(value: JsonValue) -> str:
    text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
