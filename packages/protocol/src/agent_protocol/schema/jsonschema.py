"""The protocol as draft-07 JSON schema files."""

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from msgspec import UNSET

from agent_protocol.schema import naming, rpc
from agent_protocol.schema.catalog import Catalog
from agent_protocol.schema.declaration import (
    REQUEST_ID,
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
)
from agent_protocol.schema.rpc import Schema
from agent_protocol.schema.surface import Family, Message, Surface, surface
from agent_protocol.wire import JsonValue

_DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def write_json_schema(out: Path, *, experimental: bool) -> int:
    """Write one self-contained file per type, one per family of messages, and a bundle of everything.

    Returns the number of files. Folders are created; other files in *out* stay.
    """
    files = json_schema_files(surface(experimental=experimental))
    for path, schema in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(schema, indent=2), encoding="utf-8")
    return len(files)


def json_schema_files(shown: Surface) -> Mapping[PurePosixPath, Schema]:
    """Every file of an export, by its path below the target folder."""
    files = {naming.json_file(name): _type_file(shown, name) for name in shown.exported}
    for family in shown.families:
        files[PurePosixPath(f"{family.name}.json")] = _family_file(shown, family)
    for title in rpc.SHAPES:
        files[PurePosixPath(f"{title}.json")] = _rpc_file(title)
    files[PurePosixPath(naming.BUNDLE)] = _bundle(shown)
    return dict(sorted(files.items()))


def type_schema(declared: object) -> Schema:
    """The self-contained schema of one type: a struct, an enum or a named union."""
    catalog = Catalog()
    name = catalog.add(declared)
    if not isinstance(name, Named):
        raise TypeError(f"{declared!r} has no name of its own")
    return _type_file(Surface(catalog, families=[], exported=[name], hidden=frozenset(), is_experimental=True), name)


def _type_file(shown: Surface, name: Named) -> Schema:
    write = _Writer(_local)
    others = [other for other in shown.reachable([name]) if other != name]
    return _file(name.name, write.definition(shown.definition(name)), _definitions(shown, write, others))


def _family_file(shown: Surface, family: Family) -> Schema:
    write = _Writer(_local)
    params = [message.params for message in family.messages if message.params is not None]
    definitions = _definitions(shown, write, shown.reachable(params))
    if family.has_ids:
        definitions[REQUEST_ID.name] = rpc.SHAPES["RequestId"]
    return _file(family.name, write.family(family), definitions)


def _rpc_file(title: str) -> Schema:
    schema = rpc.SHAPES[title]
    return _file(title, schema, {name: rpc.SHAPES[name] for name in rpc.references(schema)})


def _bundle(shown: Surface) -> Schema:
    write = _Writer(naming.bundle_path)
    versioned: Schema = {}
    definitions: Schema = {}
    for name in shown.reachable(shown.exported):
        space = versioned if naming.bundle_path(name).parts[0] == "v2" else definitions
        space[name.name] = {"title": name.name} | write.definition(shown.definition(name))
    for family in shown.families:
        definitions[family.name] = {"title": family.name} | write.family(family)
    definitions |= {title: {"title": title} | schema for title, schema in rpc.SHAPES.items()}
    whole = {**definitions, "v2": versioned}
    return {
        "$schema": _DRAFT,
        "title": naming.BUNDLE_TITLE,
        "type": "object",
        "definitions": dict(sorted(whole.items())),
    }


def _file(title: str, schema: Schema, definitions: Schema) -> Schema:
    head = {"$schema": _DRAFT, "title": title, **schema}
    return {**head, "definitions": dict(sorted(definitions.items()))} if definitions else head


def _definitions(shown: Surface, write: "_Writer", names: Sequence[Named]) -> Schema:
    return {name.name: write.definition(shown.definition(name)) for name in names}


def _local(name: Named) -> PurePosixPath:
    return PurePosixPath(name.name)


class _Writer:
    """Writes declarations; *place* says where below ``definitions`` a reference points."""

    def __init__(self, place: Callable[[Named], PurePosixPath]) -> None:
        self._place = place

    def definition(self, definition: Definition) -> Schema:
        match definition:
            case Shape():
                return _described(definition.doc) | self._object(definition)
            case Enumeration():
                return _described(definition.doc) | _enumeration(definition)
            case Union(arms=arms):
                return {"oneOf": [self._arm(arm) for arm in arms]}
            case FlattenedMap():
                return {"type": "object"}
            case Alias(value=value):
                return _object_form(self._expression(value))

    def family(self, family: Family) -> Schema:
        suffix = "Request" if family.has_ids else "Notification"
        return {"oneOf": [self._message(message, suffix, family.has_ids) for message in family.messages]}

    def _message(self, message: Message, suffix: str, has_id: bool) -> Schema:
        title = naming.message_title(message.name, suffix)
        properties: Schema = {"method": {"type": "string", "enum": [message.name], "title": f"{title}Method"}}
        if has_id:
            properties["id"] = self._reference(REQUEST_ID)
        if message.params is not None:
            properties["params"] = self._reference(message.params)
        required = sorted(properties)
        if has_id and message.params is None:
            properties["params"] = {"type": "null"}
        return {
            "type": "object",
            "required": required,
            "properties": dict(sorted(properties.items())),
            "title": title,
        }

    def _arm(self, arm: Enumeration | TaggedArm | KeyedArm) -> Schema:
        match arm:
            case Enumeration():
                return _described(arm.doc) | _enumeration(arm)
            case TaggedArm(tag=tag, shape=shape):
                title = {"title": shape.name}
                return _described(shape.doc) | self._object(shape, tag=_tag(tag, shape.name)) | title
            case KeyedArm(key=key, value=value):
                inner = self._object(value) if isinstance(value, Shape) else self._expression(value)
                return {
                    "type": "object",
                    "required": [key],
                    "properties": {key: inner},
                    "additionalProperties": False,
                }

    def _object(self, shape: Shape, tag: Schema | None = None) -> Schema:
        required = [member.name for member in shape.members if member.is_required]
        properties = {member.name: self._member(member) for member in shape.members}
        if tag is not None:
            required.append("type")
            properties["type"] = tag
        schema: Schema = {"type": "object"}
        if required:
            schema["required"] = sorted(required)
        if properties:
            schema["properties"] = dict(sorted(properties.items()))
        if shape.is_open:
            schema["additionalProperties"] = True
        return schema

    def _member(self, member: Member) -> JsonValue:
        schema = self._expression(member.value)
        if member.default is UNSET:
            return schema
        # Nothing that stands beside a $ref counts, so a default needs the reference wrapped.
        return {"default": member.default} | ({"allOf": [schema]} if "$ref" in schema else schema)

    def _expression(self, expression: Expression) -> JsonValue:
        match expression:
            case AnyJson():
                return True
            case Text():
                return {"type": "string"}
            case Flag():
                return {"type": "boolean"}
            case Number(format=size):
                return {"type": "integer", "format": size} | ({"minimum": 0.0} if size.startswith("u") else {})
            case ListOf(item=item):
                return {"type": "array", "items": self._expression(item)}
            case MapOf(value=value):
                return {"type": "object", "additionalProperties": self._expression(value)}
            case AnyOf(options=options):
                return {"anyOf": [self._expression(option) for option in options]}
            case Nullable(inner=inner):
                return _or_null(self._expression(inner))
            case Named():
                return self._reference(expression)

    def _reference(self, name: Named) -> Schema:
        return {"$ref": f"#/definitions/{self._place(name)}"}


def _or_null(schema: JsonValue) -> JsonValue:
    if schema is True:
        return True
    if "type" in schema:
        return {**schema, "type": [schema["type"], "null"]}
    options = schema.get("anyOf", [schema])
    return {"anyOf": [*options, {"type": "null"}]}


def _object_form(schema: JsonValue) -> Schema:
    return {} if schema is True else dict(schema)


def _enumeration(enumeration: Enumeration) -> Schema:
    return {"type": "string", "enum": list(enumeration.values)}


def _tag(tag: str, owner: str) -> Schema:
    return {"type": "string", "enum": [tag], "title": f"{owner}Type"}


def _described(doc: str) -> Schema:
    return {"description": doc} if doc else {}
