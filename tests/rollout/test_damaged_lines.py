import json
from pathlib import Path

import msgspec
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout.codec import decode_line, encode_line
from agent_protocol.rollout.error import RolloutLineError
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

LINES = (Path(__file__).parent / "data" / "every_kind.jsonl").read_bytes().splitlines()

values: st.SearchStrategy[JsonValue] = (
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3) | st.just([]) | st.just({})
)


def replaced(value: JsonValue, steps: list[int], by: JsonValue) -> JsonValue:
    """Walk into ``value`` and put ``by`` where the walk ends."""
    if not steps or not isinstance(value, dict | list) or not value:
        return by
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key = keys[steps[0] % len(keys)]
    copy = value.copy()
    copy[key] = replaced(value[key], steps[1:], by)
    return copy


@given(
    data=st.sampled_from(LINES),
    steps=st.lists(st.integers(0, 20), min_size=1, max_size=6),
    by=values,
)
def test_a_line_with_one_odd_value_is_kept_and_breaks_no_turn(data: bytes, steps: list[int], by: JsonValue) -> None:
    damaged = json.dumps(replaced(json.loads(data), steps, by)).encode()
    try:
        line = decode_line(damaged)
    except RolloutLineError:
        return

    assert encode_line(line) == damaged
    assert msgspec.json.encode(build_turns([line]))


@given(data=st.sampled_from(LINES), at=st.integers(0, 400), junk=st.binary(max_size=3))
def test_a_line_with_odd_bytes_is_refused_or_kept(data: bytes, at: int, junk: bytes) -> None:
    damaged = data[:at] + junk + data[at + 1 :]
    try:
        line = decode_line(damaged)
    except RolloutLineError:
        return

    assert encode_line(line) == damaged.removesuffix(b"\n")
