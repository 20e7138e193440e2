"""Reading declarations off the msgspec types of the protocol."""

import sys
from collections.abc import Iterable, Sequence
from enum import Enum
from types import UnionType
from typing import get_args

import msgspec
from msgspec import NODEFAULT, UNSET, Struct, UnsetType, inspect

from agent_protocol.schema.declaration import (
    Alias,
    AnyJson,
    AnyOf,
    Definition,
    Enumeration,
    Expression,
    Flag,
    FlattenedMap,
    KeyedArm,
    ListOf,
    MapOf,
    Member,
    Named,
    Nullable,
    Number,
    Shape,
    TaggedArm,
    Text,
    Union,
    references,
)
from agent_protocol.v2.common import OpenRecord
from agent_protocol.wire import JsonValue


class UnexportableType(TypeError):
    """A declared type that no exporter knows how to write; ``declared`` is what msgspec says of it."""

    def __init__(self, declared: inspect.Type) -> None:
        self.declared = declared
        super().__init__(f"cannot export {declared!r}")


class Catalog:
    """The declarations reachable from the types given to ``add``, each under its name."""

    def __init__(self) -> None:
        self._definitions: dict[Named, Definition] = {}

    def __getitem__(self, name: Named) -> Definition:
        return self._definitions[name]

    def add(self, declared: object) -> Expression:
        """What *declared*, a type or a union of types, is called; it and all it refers to can be looked up then."""
        return self._expression(inspect.type_info(declared))

    def reachable(self, start: Iterable[Named]) -> Sequence[Named]:
        """The declarations that *start* refers to, directly or not, itself included, sorted by name."""
        found: set[Named] = set()
        pending = list(start)
        while pending:
            name = pending.pop()
            if name not in found:
                found.add(name)
                pending.extend(references(self._definitions[name]))
        return sorted(found, key=lambda name: (name.name, name.module))

    def _expression(self, declared: inspect.Type) -> Expression:
        match declared:
            case inspect.Metadata():
                return self._annotated(declared)
            case inspect.UnionType(types=types):
                options = [option for option in types if not isinstance(option, inspect.NoneType)]
                inner = self._union(options)
                return Nullable(inner) if declared.includes_none else inner
            case inspect.StructType() if declared.tag is not None:
                return self._union([declared])
            case inspect.StructType(cls=cls) | inspect.EnumType(cls=cls):
                return self._define(Named(cls.__name__, _module(cls)), declared)
            case inspect.CollectionType(item_type=item):
                return ListOf(self._expression(item))
            case inspect.DictType(value_type=value):
                return MapOf(self._expression(value))
        return _scalar(declared)

    def _annotated(self, declared: inspect.Metadata) -> Expression:
        if declared.extra and "shape" in declared.extra:
            return self.add(declared.extra["shape"])
        schema = declared.extra_json_schema or {}
        if "format" in schema:
            return Number(schema["format"])
        inner = self._expression(declared.type)
        if "title" not in schema:
            return inner
        name = Named(schema["title"], "common")
        self._definitions[name] = FlattenedMap(inner.value) if isinstance(inner, MapOf) else Alias(inner)
        return name

    def _union(self, options: Sequence[inspect.Type]) -> Expression:
        if len(options) == 1 and not _is_tagged(options[0]):
            return self._expression(options[0])
        classes = [option.cls for option in options if isinstance(option, inspect.StructType | inspect.EnumType)]
        if len(classes) < len(options):
            return AnyOf(tuple(self._expression(option) for option in options))
        name = Named(_alias(classes), _module(classes[0]))
        if name not in self._definitions:
            self._definitions[name] = Union([arm for option in options for arm in self._arms(option)])
        return name

    def _arms(self, option: inspect.Type) -> Iterable[Enumeration | TaggedArm | KeyedArm]:
        match option:
            case inspect.EnumType(cls=enum):
                return [_enumeration(enum)]
            case inspect.StructType(tag=str(tag)):
                return [TaggedArm(tag, self._shape(option))]
            case inspect.StructType(fields=fields):
                return [KeyedArm(field.encode_name, self._keyed(field.type)) for field in fields]
        raise UnexportableType(option)

    def _keyed(self, declared: inspect.Type) -> Expression | Shape:
        """The value of a keyed arm; objects that stand there have no name of their own on the wire."""
        return self._shape(declared) if isinstance(declared, inspect.StructType) else self._expression(declared)

    def _define(self, name: Named, declared: inspect.StructType | inspect.EnumType) -> Named:
        if name in self._definitions:
            return name
        if isinstance(declared, inspect.EnumType):
            self._definitions[name] = _enumeration(declared.cls)
        else:
            self._definitions[name] = self._shape(declared)
        return name

    def _shape(self, declared: inspect.StructType) -> Shape:
        is_params = declared.cls.__struct_config__.omit_defaults
        members = [self._member(field, is_params) for field in declared.fields if "since" not in _marks(field.type)]
        return Shape(declared.cls.__name__, _doc(declared.cls), members, issubclass(declared.cls, OpenRecord))

    def _member(self, field: inspect.Field, is_params: bool) -> Member:
        has_unset_default = field.default is NODEFAULT and field.default_factory is NODEFAULT
        return Member(
            name=field.encode_name,
            value=self._expression(field.type),
            is_required=field.required,
            is_omittable=not field.required and (is_params or has_unset_default),
            default=_default(field),
            experimental=_marks(field.type).get("experimental"),
        )


def _scalar(declared: inspect.Type) -> Expression:
    match declared:
        case inspect.StrType():
            return Text()
        case inspect.BoolType():
            return Flag()
        case inspect.AnyType() | inspect.RawType():
            return AnyJson()
    raise UnexportableType(declared)


def _is_tagged(declared: inspect.Type) -> bool:
    return isinstance(declared, inspect.StructType) and declared.tag is not None


def _enumeration(enum: type[Enum]) -> Enumeration:
    return Enumeration(_doc(enum), [str(member.value) for member in enum])


def _alias(classes: Sequence[type]) -> str:
    """The name that the module of *classes* gives their union, or their only member."""
    for name, value in vars(sys.modules[classes[0].__module__]).items():
        is_union = isinstance(value, UnionType) and frozenset(get_args(value)) == frozenset(classes)
        if is_union or ([value] == list(classes) and name != value.__name__):
            return name
    raise LookupError(f"no name is declared for the union of {', '.join(cls.__name__ for cls in classes)}")


def _module(cls: type) -> str:
    return cls.__module__.rpartition(".")[2]


def _marks(declared: inspect.Type) -> dict[str, JsonValue]:
    marks: dict[str, JsonValue] = {}
    while isinstance(declared, inspect.Metadata):
        marks.update(declared.extra or {})
        declared = declared.type
    return marks


def _default(field: inspect.Field) -> JsonValue | UnsetType:
    value = field.default_factory() if callable(field.default_factory) else field.default
    if value is None or value is NODEFAULT:
        return UNSET
    return msgspec.to_builtins(value)


def _doc(cls: type[Struct] | type[Enum]) -> str:
    text = cls.__doc__ or ""
    return " ".join(text.replace("``", "`").split())
