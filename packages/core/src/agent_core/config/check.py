"""Turns a table into a struct, and says exactly which value does not fit and what would."""

from collections.abc import Iterable
from types import UnionType
from typing import Literal, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec
from agent_protocol.wire import JsonValue

from agent_core.config.layer import KeyPath

T = TypeVar("T")

_NAMES: dict[object, str] = {
    str: "a text in quotes",
    bool: "true or false",
    int: "a whole number",
    tuple: "a list",
    dict: "a table",
}


class Mismatch(ValueError):
    """The value at ``path`` does not fit. ``reason`` says what it is and ``expected`` what it has to be."""

    def __init__(self, path: KeyPath, reason: str, expected: str) -> None:
        super().__init__(f"{'.'.join(map(str, path))}: {reason}")
        self.path = path
        self.reason = reason
        self.expected = expected


def check(table: JsonValue, type_: type[T]) -> T:
    """Return ``table`` as ``type_``; members the type does not have are left out.

    Raises:
        Mismatch: about the first value that does not fit.
    """
    try:
        return msgspec.convert(table, type_)
    except msgspec.ValidationError as error:
        path, value, expected = _first_misfit(table, type_, ())
        names = _expectation(expected)
        raise Mismatch(path, f"{_shown(value)} does not fit, it has to be {names}", names) from error


def _first_misfit(value: JsonValue, type_: object, path: KeyPath) -> tuple[KeyPath, JsonValue, object]:
    for name, member, member_type in _members(value, _without_none(type_)):
        if not _fits(member, member_type):
            return _first_misfit(member, member_type, (*path, name))
    return path, value, type_


def _members(value: JsonValue, type_: object) -> Iterable[tuple[str | int, JsonValue, object]]:
    if isinstance(value, dict) and isinstance(type_, type) and issubclass(type_, msgspec.Struct):
        hints = get_type_hints(type_)
        return [(name, value[name], hints[name]) for name in type_.__struct_fields__ if name in value]
    if isinstance(value, dict) and get_origin(type_) is dict:
        return [(name, member, get_args(type_)[1]) for name, member in value.items()]
    if isinstance(value, list) and get_origin(type_) is tuple:
        return [(index, member, get_args(type_)[0]) for index, member in enumerate(value)]
    return ()


def _fits(value: JsonValue, type_: object) -> bool:
    try:
        msgspec.convert(value, type_)
    except msgspec.ValidationError:
        return False
    return True


def _without_none(type_: object) -> object:
    if get_origin(type_) not in (Union, UnionType):
        return type_
    members = [member for member in get_args(type_) if member is not type(None)]
    return members[0] if len(members) == 1 else type_


def _expectation(type_: object) -> str:
    bare = _without_none(type_)
    if get_origin(bare) is Literal:
        return "one of " + ", ".join(f'"{choice}"' for choice in get_args(bare))
    if isinstance(bare, type) and issubclass(bare, msgspec.Struct):
        return _NAMES[dict]
    return _NAMES.get(get_origin(bare) or bare, "of another kind")


def _shown(value: JsonValue) -> str:
    match value:
        case dict():
            return "a table"
        case list():
            return "a list"
        case bool():
            return str(value).lower()
        case str():
            return f'"{value}"' if len(value) <= 60 else f'"{value[:60]}…"'
        case _:
            return str(value)
