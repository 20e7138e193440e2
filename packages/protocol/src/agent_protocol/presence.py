"""Which experimental mark a request uses, by the declared types of its marked members."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeAlias

from msgspec import UNSET, Struct, inspect


def first_reason(value: object) -> str | None:
    """The reason of the first mark in use in *value*, in the order of declaration, or ``None``."""
    if not isinstance(value, Struct):
        return None
    reason: str | None = getattr(value, "__experimental__", None)
    if reason is not None:
        return reason
    return next((found for check in _checks(type(value)) if (found := check(value)) is not None), None)


_Check: TypeAlias = Callable[[Struct], str | None]


@cache
def _checks(struct: type[Struct]) -> Sequence[_Check]:
    """What to look at in a struct, in order: its marked members, and those that hold structs with marks."""
    info = inspect.type_info(struct)
    assert isinstance(info, inspect.StructType)
    checks: list[_Check] = []
    for field in info.fields:
        if (reason := _reason(field.type)) is not None:
            checks.append(_marked_member(field.name, reason, _counts(field.type)))
        elif _holds_marks(field.type):
            checks.append(_nested_member(field.name))
    return tuple(checks)


def _marked_member(name: str, reason: str, counts: Callable[[object], bool]) -> _Check:
    return lambda value: reason if counts(getattr(value, name)) else None


def _nested_member(name: str) -> _Check:
    return lambda value: first_reason(getattr(value, name))


def _reason(declared: inspect.Type) -> str | None:
    while isinstance(declared, inspect.Metadata):
        if declared.extra and "experimental" in declared.extra:
            return str(declared.extra["experimental"])
        declared = declared.type
    return None


def _counts(declared: inspect.Type) -> Callable[[object], bool]:
    """How to tell whether a value of the declared type was really given."""
    if isinstance(declared, inspect.Metadata):
        return _counts(declared.type)
    if isinstance(declared, inspect.UnionType) and declared.includes_none:
        inner = [member for member in declared.types if not isinstance(member, inspect.NoneType)]
        counts = _counts(inner[0]) if len(inner) == 1 else _given
        return lambda value: _given(value) and counts(value)
    if isinstance(declared, inspect.BoolType | inspect.CollectionType | inspect.DictType):
        return bool
    return _given


def _given(value: object) -> bool:
    return value is not None and value is not UNSET


def _holds_marks(declared: inspect.Type) -> bool:
    if isinstance(declared, inspect.Metadata):
        return _holds_marks(declared.type)
    if isinstance(declared, inspect.UnionType):
        return any(_holds_marks(member) for member in declared.types)
    if isinstance(declared, inspect.StructType):
        return hasattr(declared.cls, "__experimental__") or bool(_checks(declared.cls))
    return False
