import json

import pytest
from agent_core.model.difference import first_difference
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner, max_size=3),
    max_leaves=8,
)


def canonical(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


@given(json_values, json_values)
def test_equal_values_and_only_they_have_no_difference(one: JsonValue, other: JsonValue) -> None:
    assert first_difference(one, one) is None
    assert (first_difference(one, other) is None) == (canonical(one) == canonical(other))


@pytest.mark.parametrize(
    ("expected", "got", "path"),
    [
        ({"a": 1, "b": 2}, {"b": 3, "a": 1}, "b"),
        ({"a": 1}, {"a": 1, "c": 2}, "c"),
        ({"a": [1, {"x": "y"}]}, {"a": [1, {"x": "z"}]}, "a[1].x"),
        ([1, 2], [1], "[1]"),
        ([1], [1, 2], "[1]"),
        ([1], [True], "[0]"),
        ({"a": None}, {}, "a"),
        ("x", 1, ""),
    ],
)
def test_the_first_difference_is_named_by_its_path(expected: JsonValue, got: JsonValue, path: str) -> None:
    found = first_difference(expected, got)
    assert found is not None
    assert found.path == path
    assert found.expected != found.got


def test_long_texts_are_shown_around_the_difference() -> None:
    found = first_difference("a" * 5000 + "X" + "b" * 5000, "a" * 5000 + "Y" + "b" * 5000)
    assert found is not None
    assert "X" in found.expected
    assert "Y" in found.got
    assert len(found.expected) < 400


def test_texts_of_many_lines_come_with_a_short_diff() -> None:
    lines = [f"line {index}" for index in range(1000)]
    found = first_difference("\n".join(lines), "\n".join([*lines[:500], "new", *lines[500:]]))
    assert found is not None
    assert "+new" in found.diff
    assert len(found.diff.splitlines()) <= 20
