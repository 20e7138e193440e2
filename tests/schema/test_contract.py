"""Compares the exported schema with the contract: names, members, required, null, enum values, types, formats."""

from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from inspect import isclass
from typing import Protocol, TypeAlias

import pytest
from agent_protocol import registry
from agent_protocol.schema.catalog import Catalog
from agent_protocol.schema.declaration import Named
from agent_protocol.schema.jsonschema import json_schema_files, type_schema
from agent_protocol.schema.surface import surface
from agent_protocol.v2.common import ApprovalsReviewer
from agent_protocol.v2.search import FuzzyFileSearchMatchType
from agent_protocol.v2.thread import ThreadActiveFlag, ThreadStatus
from agent_protocol.wire import JsonValue
from msgspec import Struct, inspect

Shape: TypeAlias = tuple[object, ...]
ANYTHING: Shape = ("anything",)


class Contract(Protocol):
    def read(self, name: str) -> JsonValue: ...
    def files(self) -> Mapping[str, JsonValue]: ...


def shape(schema: JsonValue) -> Shape:
    """A schema without its wording: two schemas of one shape accept the same JSON and declare the same names."""
    if schema is True:
        return ANYTHING
    if "allOf" in schema:
        (only,) = schema["allOf"]
        return shape(only)
    if "$ref" in schema:
        return ("reference", schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema or "oneOf" in schema:
        return _choice(shape(arm) for arm in schema.get("anyOf", schema.get("oneOf")))
    if isinstance(schema.get("type"), list):
        return _choice(shape({**schema, "type": kind}) for kind in schema["type"])
    if "enum" in schema and schema["type"] == "string":
        return ("enum", frozenset(schema["enum"]))
    match schema.get("type"):
        case None:
            return ANYTHING
        case "object":
            return ("object", _members(schema), _others(schema))
        case "array":
            return ("array", shape(schema["items"]))
        case kind:
            return ("scalar", kind, schema.get("format"), schema.get("minimum") if kind != "null" else None)


def _choice(arms: Iterator[Shape]) -> Shape:
    """A choice between arms. Choices within choices and enums beside enums mean the same as one of each."""
    flat = list(_flattened(arms))
    values = [value for arm in flat if arm[0] == "enum" for value in _values(arm)]
    rest = {arm for arm in flat if arm[0] != "enum"}
    merged = rest | {("enum", frozenset(values))} if values else rest
    return merged.pop() if len(merged) == 1 else ("choice", frozenset(merged))


def _flattened(arms: Iterator[Shape]) -> Iterator[Shape]:
    for arm in arms:
        if arm[0] == "choice":
            yield from _values(arm)
        else:
            yield arm


def _values(arm: Shape) -> JsonValue:
    return arm[1]


def _members(schema: JsonValue) -> Shape:
    required = schema.get("required", [])
    members = schema.get("properties", {})
    return tuple((name, shape(value), name in required, _default(value)) for name, value in sorted(members.items()))


def _default(schema: JsonValue) -> str:
    """The default of a member as text, empty where there is none or it is null."""
    default = schema.get("default") if isinstance(schema, dict) else None
    return "" if default is None else repr(default)


def _others(schema: JsonValue) -> Shape:
    others = schema.get("additionalProperties")
    return ("none",) if others is False else ("unsaid",) if others is None else shape(others)


def without_unstated_defaults(ours: Shape, theirs: Shape) -> Shape:
    """*ours* with the defaults taken out that *theirs* does not state: it states only some of them."""
    if ours[0] != "object" or theirs[0] != "object":
        return ours
    unstated = {member[0] for member in _values(theirs) if not member[3]}
    members = tuple((*member[:3], "" if member[0] in unstated else member[3]) for member in _values(ours))
    return (ours[0], members, *ours[2:])


def stable(schema: Mapping[str, JsonValue], hidden: JsonValue) -> Mapping[str, JsonValue]:
    if not isinstance(hidden, list):
        return schema
    properties = {name: value for name, value in schema["properties"].items() if name not in hidden}
    return {**schema, "properties": properties, "required": [n for n in schema.get("required", []) if n not in hidden]}


def differences(contract: Contract, *, experimental: bool) -> Iterator[str]:
    hidden = {} if experimental else contract.read("experimental_fields")
    ours = {path.stem: schema for path, schema in json_schema_files(surface(experimental=experimental)).items()}
    theirs = {name: schema for name, schema in contract.files().items() if hidden.get(name) != "*"}
    yield from (f"{name} is not exported" for name in theirs.keys() - ours.keys())
    yield from (f"{name} should not be exported" for name in ours.keys() & hidden.keys() if hidden[name] == "*")
    for name in theirs.keys() & ours.keys():
        own = {name: ours[name], **ours[name].get("definitions", {})}
        other = {name: theirs[name], **theirs[name].get("definitions", {})}
        yield from (f"{name}: only one side declares {odd}" for odd in own.keys() ^ other.keys())
        for declared in own.keys() & other.keys():
            wanted = shape(stable(other[declared], hidden.get(declared)))
            found = without_unstated_defaults(shape(own[declared]), wanted)
            if found != wanted:
                yield f"{name}: {declared} is {found} and should be {wanted}"


@pytest.mark.parametrize("experimental", [False, True], ids=["stable", "experimental"])
def test_the_exported_schema_equals_the_contract(
    contract: Contract, experimental: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    found = sorted(differences(contract, experimental=experimental))
    with capsys.disabled():
        print(f"\nschema differences: {len(found)}")
    assert found == []


def test_the_registry_equals_the_contract(contract: Contract) -> None:
    methods = contract.read("methods")
    assert {
        method.name: (_name(method.params), _name(method.result), method.experimental)
        for method in registry.client_methods()
    } == {
        name: (told["params"], told["result"], told["experimental"]) for name, told in methods["clientRequests"].items()
    }
    assert {asked.name: (_name(asked.params), _name(asked.result)) for asked in registry.server_requests()} == {
        name: (told["params"], told["result"]) for name, told in methods["serverRequests"].items()
    }
    assert {sent.name: _name(sent.params) for sent in registry.notifications()} == {
        name: told["params"] for name, told in methods["serverNotifications"].items()
    }
    assert {sent.name: _name(sent.params) for sent in registry.client_notifications()} == {
        name: told["params"] for name, told in methods["clientNotifications"].items()
    }


def _name(declared: object) -> str | None:
    if declared is None:
        return None
    name = Catalog().add(declared)
    assert isinstance(name, Named)
    return name.name


def test_the_members_newer_clients_require_are_served_in_addition(contract: Contract) -> None:
    newer = contract.read("newer_required")
    assert {name: sorted(members) for name, members in newer["members"].items()} == dict(_newer_members())
    declared = {
        cls.__name__: type_schema(cls) for cls in (ApprovalsReviewer, FuzzyFileSearchMatchType, ThreadActiveFlag)
    }
    declared["ThreadStatus"] = type_schema(ThreadStatus)
    assert {name: shape(schema) for name, schema in declared.items()} == {
        name: shape(schema) for name, schema in newer["definitions"].items()
    }


def _newer_members() -> Iterator[tuple[str, Sequence[str]]]:
    for cls in _structs():
        info = inspect.type_info(cls)
        assert isinstance(info, inspect.StructType)
        marked = sorted(
            field.encode_name
            for field in info.fields
            if isinstance(field.type, inspect.Metadata) and "since" in (field.type.extra or {})
        )
        if marked:
            yield cls.__name__, marked


def _structs() -> Iterator[type[Struct]]:
    messages: list[registry.AnyMethod | registry.AnyNotification | registry.AnyServerRequest] = []
    messages += [*registry.client_methods(), *registry.notifications(), *registry.server_requests()]
    for home in {message.params.__module__ for message in messages if isinstance(message.params, type)}:
        yield from (
            value for value in vars(import_module(home)).values() if isclass(value) and issubclass(value, Struct)
        )
