from collections.abc import Callable, Iterator
from functools import cache, partial
from importlib import import_module
from inspect import isclass
from pathlib import Path

import agent_protocol.v2
import msgspec
import pytest
from agent_protocol.wire import JsonValue
from hypothesis import strategies as st
from msgspec import Raw, Struct, inspect

V2_FOLDER = Path(agent_protocol.v2.__path__[0])

TEXT = st.text(st.characters(codec="utf-8"), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=4,
)


def _values(declared: inspect.Type) -> st.SearchStrategy[JsonValue]:
    match declared:
        case inspect.Metadata(type=inner):
            return _values(inner)
        case inspect.UnionType(types=types):
            return st.one_of([_values(option) for option in types])
        case inspect.StructType(cls=cls):
            return _structs(cls)
        case inspect.EnumType(cls=cls):
            return st.sampled_from(cls)
        case inspect.CollectionType(item_type=item):
            return st.lists(_values(item), max_size=2)
        case inspect.DictType(value_type=value):
            return st.dictionaries(TEXT, _values(value), max_size=2)
        case inspect.IntType(ge=low, le=high):
            return st.integers(low, 2**64 - 1 if high is None else high)
        case inspect.StrType(pattern="^/"):
            return TEXT.map(lambda text: f"/{text}")
        case inspect.StrType():
            return TEXT
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.AnyType():
            return JSON
        case inspect.RawType():
            return JSON.map(lambda value: Raw(msgspec.json.encode(value)))
    raise NotImplementedError(declared)


@cache
def _structs(cls: type[Struct]) -> st.SearchStrategy[Struct]:
    info = inspect.type_info(cls)
    assert isinstance(info, inspect.StructType)
    members = {field.name: _values(field.type) for field in info.fields}
    optional = {field.name: members.pop(field.name) for field in info.fields if not field.required}
    if hasattr(cls, "__post_init__"):
        return st.one_of([st.fixed_dictionaries({name: value}) for name, value in optional.items()]).map(
            partial(_build, cls)
        )
    return st.fixed_dictionaries(members, optional=optional).map(partial(_build, cls))


def _build(cls: type[Struct], members: dict[str, JsonValue]) -> Struct:
    return cls(**members)


def _declared_structs() -> Iterator[type[Struct]]:
    for path in sorted(V2_FOLDER.glob("[a-z]*.py")):
        module = import_module(f"agent_protocol.v2.{path.stem}")
        for value in vars(module).values():
            if isclass(value) and issubclass(value, Struct) and value.__module__ == module.__name__:
                yield value


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "wire_struct" in metafunc.fixturenames:
        structs = list(_declared_structs())
        metafunc.parametrize("wire_struct", structs, ids=[f"{cls.__module__}.{cls.__name__}" for cls in structs])


@pytest.fixture(scope="session")
def values_of() -> Callable[[object], st.SearchStrategy[JsonValue]]:
    return lambda declared: _values(inspect.type_info(declared))
