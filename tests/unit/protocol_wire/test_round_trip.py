from collections.abc import Callable

import msgspec
import pytest
from agent_protocol import registry
from agent_protocol.wire import JsonValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import Struct

Values = Callable[[object], st.SearchStrategy[JsonValue]]

few = settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))


@few
@given(data=st.data())
def test_every_struct_survives_encoding_and_decoding(
    data: st.DataObject, wire_struct: type[Struct], values_of: Values
) -> None:
    value = data.draw(values_of(wire_struct))
    encoded = msgspec.json.encode(value)
    decoded = msgspec.json.decode(encoded, type=wire_struct)
    assert decoded == value
    assert msgspec.json.encode(decoded) == encoded


@pytest.mark.parametrize("method", list(registry.client_methods()), ids=lambda method: method.name)
@few
@given(data=st.data())
def test_every_method_decodes_what_it_encodes(
    data: st.DataObject, method: registry.AnyMethod, values_of: Values
) -> None:
    result = data.draw(values_of(method.result))
    assert method.result_decoder.decode(msgspec.json.encode(result)) == result
    if method.params is not None and method.params_decoder is not None:
        params = data.draw(values_of(method.params))
        assert method.params_decoder.decode(msgspec.json.encode(params)) == params


def test_members_that_a_struct_does_not_know_are_ignored(wire_struct: type[Struct]) -> None:
    info = msgspec.inspect.type_info(wire_struct)
    assert isinstance(info, msgspec.inspect.StructType)
    if info.forbid_unknown_fields or any(field.required for field in info.fields):
        return
    tag = {info.tag_field: info.tag} if info.tag_field is not None else {}
    assert msgspec.convert({**tag, "neverHeardOf": 1}, wire_struct) == wire_struct()
