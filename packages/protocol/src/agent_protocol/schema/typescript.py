"""The protocol as TypeScript: one type alias per file, and an index of each folder."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from agent_protocol.schema import naming
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
    references,
)
from agent_protocol.schema.surface import Family, Message, Surface, surface

_HEADER: Final = "// Generated from the protocol declarations; changes made here are lost.\n"
_JSON_VALUE: Final = PurePosixPath("serde_json", "JsonValue")
_JSON_VALUE_TYPE: Final = "number | string | boolean | Array<JsonValue> | { [key in string]?: JsonValue } | null"


class PrettierError(Exception):
    """The formatter failed: ``exit_code`` and what it wrote to ``stderr``."""

    def __init__(self, exit_code: int, stderr: str) -> None:
        self.exit_code = exit_code
        self.stderr = stderr
        super().__init__(f"prettier failed with exit code {exit_code}: {stderr.strip()}")


def write_typescript(out: Path, *, experimental: bool, prettier: Path | None = None) -> int:
    """Write one file per type and the indexes, formatted by *prettier* where it is given.

    Returns the number of files. Folders are created; other files in *out* stay. Raises ``PrettierError``.
    """
    files = typescript_files(surface(experimental=experimental))
    for path, text in files.items():
        target = out / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    if prettier is not None:
        _format(prettier, [out / path for path in files])
    return len(files)


def _format(prettier: Path, files: Sequence[Path]) -> None:
    import subprocess

    done = subprocess.run(
        [prettier, "--write", "--log-level", "warn", *files], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise PrettierError(done.returncode, done.stderr)


def typescript_files(shown: Surface) -> Mapping[PurePosixPath, str]:
    """Every file of an export, by its path below the target folder."""
    modules = {_JSON_VALUE: _module(_JSON_VALUE, _JSON_VALUE_TYPE, "", [])}
    for name in shown.reachable(shown.exported):
        path = naming.typescript_file(name)
        definition = shown.definition(name)
        modules[path] = _module(path, _definition(definition), _doc(definition), _imports(definition))
    for family in shown.families:
        path = PurePosixPath(family.name)
        modules[path] = _module(path, _family(family), "", _family_imports(family))
    request_id = naming.typescript_file(REQUEST_ID)
    modules[request_id] = _module(request_id, "string | number", "", [])
    files = {path.with_name(f"{path.name}.ts"): text for path, text in modules.items()}
    return dict(sorted({**files, **_indexes(modules)}.items()))


def _module(path: PurePosixPath, value: str, doc: str, imported: Iterable[PurePosixPath]) -> str:
    lines = [f'import type {{ {other.name} }} from "{_relative(path, other)}";\n' for other in sorted(set(imported))]
    comment = f"/**\n * {doc}\n */\n" if doc else ""
    return f"{_HEADER}{''.join(lines)}\n{comment}export type {path.name} = {value};\n"


def _relative(path: PurePosixPath, other: PurePosixPath) -> str:
    if path.parent == other.parent:
        return f"./{other.name}"
    return f"{'../' * len(path.parent.parts) or './'}{other}"


def _indexes(modules: Iterable[PurePosixPath]) -> Mapping[PurePosixPath, str]:
    folders: defaultdict[PurePosixPath, list[str]] = defaultdict(list)
    for path in sorted(modules):
        if path != _JSON_VALUE:
            folders[path.parent].append(f'export type {{ {path.name} }} from "./{path.name}";\n')
    root = PurePosixPath()
    folders[root].append('export * as v2 from "./v2";\n')
    return {folder / "index.ts": f"{_HEADER}\n{''.join(lines)}" for folder, lines in folders.items()}


def _imports(definition: Definition) -> Iterable[PurePosixPath]:
    yield from (naming.typescript_file(name) for name in references(definition))
    if _mentions_json(definition):
        yield _JSON_VALUE


def _mentions_json(definition: Definition) -> bool:
    return "JsonValue" in _definition(definition)


def _family_imports(family: Family) -> Iterable[PurePosixPath]:
    yield from (naming.typescript_file(sent.params) for sent in family.messages if sent.params is not None)
    if family.has_ids:
        yield naming.typescript_file(REQUEST_ID)


def _family(family: Family) -> str:
    return " | ".join(_message(message, family.has_ids) for message in family.messages)


def _message(message: Message, has_id: bool) -> str:
    members = [f'"method": "{message.name}"']
    if has_id:
        members.append(f"id: {REQUEST_ID.name}")
    if message.params is not None:
        members.append(f"params: {message.params.name}")
    elif has_id:
        members.append("params: undefined")
    return _braced(members)


def _doc(definition: Definition) -> str:
    return definition.doc if isinstance(definition, Shape | Enumeration) else ""


def _definition(definition: Definition) -> str:
    match definition:
        case Shape():
            return _object(definition)
        case Enumeration(values=values):
            return _strings(values)
        case Union(arms=arms):
            return " | ".join(_arm(arm) for arm in arms)
        case FlattenedMap(value=value):
            return _map(value)
        case Alias(value=value):
            return _expression(value)


def _arm(arm: Enumeration | TaggedArm | KeyedArm) -> str:
    match arm:
        case Enumeration(values=values):
            return _strings(values)
        case TaggedArm(tag=tag, shape=shape):
            return _braced([f'"type": "{tag}"', *map(_member, shape.members)])
        case KeyedArm(key=key, value=value):
            return _braced([f'"{key}": {_object(value) if isinstance(value, Shape) else _expression(value)}'])


def _object(shape: Shape) -> str:
    if not shape.members:
        return "Record<string, never>"
    members = _braced([_member(member) for member in shape.members])
    return f"{members} & {_map(AnyJson())}" if shape.is_open else members


def _member(member: Member) -> str:
    return f"{member.name}{'?' if member.is_omittable else ''}: {_expression(member.value)}"


def _expression(expression: Expression) -> str:
    match expression:
        case AnyJson():
            return "JsonValue"
        case Text():
            return "string"
        case Flag():
            return "boolean"
        case Number():
            return "number"
        case ListOf(item=item):
            return f"Array<{_expression(item)}>"
        case MapOf(value=value):
            return _map(value)
        case AnyOf(options=options):
            return " | ".join(_expression(option) for option in options)
        case Nullable(inner=inner):
            return f"{_expression(inner)} | null"
        case Named(name=name):
            return name


def _map(value: Expression) -> str:
    return f"{{ [key in string]?: {_expression(value)} }}"


def _strings(values: Sequence[str]) -> str:
    return " | ".join(f'"{value}"' for value in values)


def _braced(members: Sequence[str]) -> str:
    return f"{{ {', '.join(members)} }}"
