from collections.abc import Callable, Iterator
from pathlib import PurePosixPath

import msgspec
import pytest
from agent_protocol import registry
from agent_protocol.schema.jsonschema import json_schema_files
from agent_protocol.schema.surface import surface
from agent_protocol.wire import JsonValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator  # type: ignore[import-untyped]  # it ships no types
from msgspec import Struct

DECLARED_APART = {
    "ThreadResumeParams": "the items of its history are kept raw",
    "RawResponseItemCompletedNotification": "its item is kept raw",
    "ConfigReadResponse": "its config is kept as open JSON",
}
FILES = {path.stem: schema for path, schema in json_schema_files(surface(experimental=True)).items()}


def _exported() -> Iterator[type[Struct]]:
    messages: list[registry.AnyMethod | registry.AnyServerRequest] = []
    messages += [*registry.client_methods(), *registry.server_requests()]
    for message in messages:
        yield from (declared for declared in (message.params, message.result) if isinstance(declared, type))
    yield from (sent.params for sent in registry.notifications() if sent.params is not None)


EXPORTED = {declared.__name__: declared for declared in _exported() if declared.__name__ not in DECLARED_APART}


@pytest.mark.parametrize("name", EXPORTED)
@settings(max_examples=5, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_what_is_written_fits_the_exported_schema(
    name: str, data: st.DataObject, values_of: Callable[[object], st.SearchStrategy[JsonValue]]
) -> None:
    value = data.draw(values_of(EXPORTED[name]))
    Draft7Validator(FILES[name]).validate(msgspec.json.decode(msgspec.json.encode(value)))


def test_a_schema_refuses_what_the_decoder_refuses() -> None:
    schema = FILES["TurnStartParams"]
    assert not Draft7Validator(schema).is_valid({"threadId": "t"})
    assert not Draft7Validator(schema).is_valid({"threadId": "t", "input": [{"type": "smell"}]})
    assert Draft7Validator(schema).is_valid({"threadId": "t", "input": [{"type": "text", "text": "x"}]})


def test_every_file_is_a_valid_schema() -> None:
    for path, schema in json_schema_files(surface(experimental=False)).items():
        assert isinstance(path, PurePosixPath)
        Draft7Validator.check_schema(schema)
