import json
import tomllib
from collections.abc import Iterator

from agent_core.config.errors import TextRange
from agent_core.config.locate import locate
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

TEXT = '''# comment = 1
title = "a # no comment"  # but this
"quoted key".'x y' = [1, 2,
  { deep = true, list = [ "]" , '}' ] }, # ] }
]
multi = """
a = "b"
\\"""still\\""""""
literal = \'\'\'it's \'\'\'
when = 1979-05-27 07:32:00

[a.b]
c = {}
d = { e.f = 1 }
[[rows]]
name = "one"
[[rows]]
name = "two"
[rows.inner]
x = 0x1F
[[rows.more]]
y = 1
'''


def _shown(place: TextRange | None, text: str = TEXT) -> str | None:
    if place is None:
        return None
    lines = text.split("\n")
    if place.line == place.end_line:
        return lines[place.line - 1][place.column - 1 : place.end_column]
    middle = lines[place.line : place.end_line - 1]
    return "\n".join(
        [lines[place.line - 1][place.column - 1 :], *middle, lines[place.end_line - 1][: place.end_column]]
    )


def test_every_kind_of_value_is_found_where_it_stands() -> None:
    tomllib.loads(TEXT)
    found = {
        ("title",): '"a # no comment"',
        ("quoted key", "x y", 1): "2",
        ("quoted key", "x y", 2): "{ deep = true, list = [ \"]\" , '}' ] }",
        ("quoted key", "x y", 2, "list", 0): '"]"',
        ("literal",): "'''it's '''",
        ("when",): "1979-05-27 07:32:00",
        ("a", "b"): "[a.b]",
        ("a", "b", "c"): "{}",
        ("a", "b", "d", "e", "f"): "1",
        ("rows", 0, "name"): '"one"',
        ("rows", 1, "name"): '"two"',
        ("rows", 1, "inner", "x"): "0x1F",
        ("rows", 1, "more", 0, "y"): "1",
        ("nothing",): None,
        ("rows", 2): None,
    }
    assert {path: _shown(locate(TEXT, path)) for path in found} == found


def test_places_count_from_one_and_end_on_the_last_character() -> None:
    assert locate('x=1\n  policy = "often"\n', ["policy"]) == TextRange(2, 12, 2, 18)


KEYS = st.one_of(st.sampled_from(["a", "b-c", "d_1", "1"]), st.text(min_size=1, max_size=4))
SCALARS = st.one_of(st.integers(-9, 9), st.booleans(), st.text(max_size=6), st.floats(allow_nan=False, width=16))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)


def _toml(value: JsonValue) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{_key(key)} = {_toml(member)}" for key, member in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ",\n ".join(map(_toml, value)) + "]"
    if isinstance(value, str):
        return _key(value)
    return str(value).lower()


def _key(text: str) -> str:
    return json.dumps(text).replace("\x7f", "\\u007f") if not _pairs(text) else "'x'"


def _pairs(text: str) -> bool:
    return any(ord(char) > 0xFFFF for char in text)


def _paths(value: JsonValue, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], JsonValue]]:
    if path:
        yield path, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield from _paths(member, (*path, name))


@given(st.dictionaries(KEYS, VALUES, max_size=4), st.dictionaries(KEYS, VALUES, max_size=3))
def test_what_is_found_reads_as_the_value_that_was_meant(
    top: dict[str, JsonValue], inner: dict[str, JsonValue]
) -> None:
    top.pop("table", None)
    text = "".join(f"{_key(key)} = {_toml(value)}\n" for key, value in top.items())
    text += "[table]  # here\n" + "".join(f"{_key(key)}={_toml(value)}\n" for key, value in inner.items())
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    for path, value in _paths(table):
        shown = _shown(locate(text, path), text)
        if path == ("table",):
            assert shown == "[table]"
        else:
            assert tomllib.loads(f"v = {shown}")["v"] == value


@given(st.text(alphabet="ab=.[]{}\"'#\n ,1", max_size=40))
def test_no_text_breaks_the_search(text: str) -> None:
    locate(text, ["a"])
