"""What the structs of the protocol say, in words that both exporters understand."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from msgspec import UNSET, UnsetType

from agent_protocol.wire import JsonValue


@dataclass(frozen=True)
class Text:
    """A string."""


@dataclass(frozen=True)
class Flag:
    """A boolean."""


@dataclass(frozen=True)
class Number:
    """An integer of the named size; a name starting with ``u`` excludes negative ones."""

    format: str


@dataclass(frozen=True)
class AnyJson:
    """Any JSON value."""


@dataclass(frozen=True)
class ListOf:
    """A list of one kind of thing."""

    item: "Expression"


@dataclass(frozen=True)
class MapOf:
    """An object with free keys and one kind of value."""

    value: "Expression"


@dataclass(frozen=True)
class AnyOf:
    """One of several unnamed kinds of thing."""

    options: "tuple[Expression, ...]"


@dataclass(frozen=True)
class Nullable:
    """A thing, or null."""

    inner: "Expression"


@dataclass(frozen=True)
class Named:
    """A reference to a declaration. ``module`` tells apart the one name that is declared twice."""

    name: str
    module: str


Expression: TypeAlias = Text | Flag | Number | AnyJson | ListOf | MapOf | AnyOf | Nullable | Named


@dataclass(frozen=True)
class Member:
    """A member of an object.

    ``is_required`` tells whether a reader may rely on it, ``is_omittable`` whether a writer may leave it out.
    ``default`` is ``UNSET`` where there is none worth telling. ``experimental`` is the reason of its mark, if any.
    """

    name: str
    value: Expression
    is_required: bool
    is_omittable: bool
    default: JsonValue | UnsetType = UNSET
    experimental: str | None = None


@dataclass(frozen=True)
class Shape:
    """The members of an object, in the order they are written; ``is_open`` allows others beside them."""

    name: str
    doc: str
    members: Sequence[Member]
    is_open: bool = False


@dataclass(frozen=True)
class Enumeration:
    """A string of a fixed set."""

    doc: str
    values: Sequence[str]


@dataclass(frozen=True)
class TaggedArm:
    """An object told apart by the value of its ``type`` member."""

    tag: str
    shape: Shape


@dataclass(frozen=True)
class KeyedArm:
    """An object told apart by its only member."""

    key: str
    value: Expression | Shape


@dataclass(frozen=True)
class Union:
    """One of several arms; an ``Enumeration`` among them adds plain strings."""

    arms: Sequence[Enumeration | TaggedArm | KeyedArm]


@dataclass(frozen=True)
class Alias:
    """A name for something simpler."""

    value: Expression


@dataclass(frozen=True)
class FlattenedMap:
    """A map that a JSON schema can only call an object, because its keys stand directly in it."""

    value: Expression


Definition: TypeAlias = Shape | Enumeration | Union | Alias | FlattenedMap

REQUEST_ID: Final = Named("RequestId", "ids")


def references(part: Definition | Expression | Enumeration | TaggedArm | KeyedArm) -> Iterator[Named]:
    """The declarations that *part* refers to directly."""
    match part:
        case Named():
            yield part
        case ListOf(item=inner) | MapOf(value=inner) | Nullable(inner=inner) | Alias(value=inner):
            yield from references(inner)
        case FlattenedMap(value=inner):
            yield from references(inner)
        case KeyedArm(value=content):
            yield from references(content)
        case AnyOf(options=parts) | Union(arms=parts):
            for part in parts:
                yield from references(part)
        case TaggedArm(shape=content):
            yield from references(content)
        case Shape(members=members):
            for member in members:
                yield from references(member.value)
        case _:
            return
