import json
from itertools import pairwise

import pytest
from agent_protocol.framing import LineSplitter, OversizedFrame
from hypothesis import given
from hypothesis import strategies as st


def _cut(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({min(cut, len(data)) for cut in cuts} | {0, len(data)})
    return [data[start:end] for start, end in pairwise(places)]


@given(st.lists(st.binary(max_size=30).filter(lambda line: b"\n" not in line)), st.lists(st.integers(0, 500)))
def test_lines_are_the_same_however_the_bytes_are_cut(lines: list[bytes], cuts: list[int]) -> None:
    splitter = LineSplitter(1000)
    data = b"".join(line + b"\n" for line in lines)
    frames = [frame for part in _cut(data, cuts) for frame in splitter.feed(part)]
    assert frames == [line for line in lines if line.strip()]


@given(st.lists(st.integers(0, 60)), st.lists(st.integers(0, 500)))
def test_just_the_lines_above_the_limit_are_reported(sizes: list[int], cuts: list[int]) -> None:
    splitter = LineSplitter(30)
    data = b"".join(b"x" * size + b"\n" for size in sizes)
    frames = [frame for part in _cut(data, cuts) for frame in splitter.feed(part)]
    found = [frame.size_bytes if isinstance(frame, OversizedFrame) else len(frame) for frame in frames]
    assert found == [size for size in sizes if size]
    assert all(isinstance(frame, OversizedFrame) == (size > 30) for frame, size in zip(frames, found, strict=True))


def _oversized(text: str, piece: int = 1000) -> OversizedFrame:
    splitter = LineSplitter(100)
    data = text.encode() + b"\n"
    (frame,) = [each for start in range(0, len(data), piece) for each in splitter.feed(data[start : start + piece])]
    assert isinstance(frame, OversizedFrame)
    return frame


PADDING = {"text": 'a"\\{}[],"id":99}' * 1000}


@pytest.mark.parametrize(
    ("message", "found"),
    [
        ({"id": 7, "method": "m", "params": PADDING}, b"7"),
        ({"method": "m", "id": -7, "params": PADDING}, b"-7"),
        ({"jsonrpc": "2.0", "method": "m", "id": 'a"b', "params": PADDING}, b'"a\\"b"'),
        ({"method": "m", "params": PADDING, "id": "tail"}, b'"tail"'),
        ({"method": "m", "params": PADDING, "id": 8}, b"8"),
        ({"method": "m", "params": PADDING}, None),
        ({"id": 7, "result": PADDING}, None),
        ({"id": 7, "params": PADDING, "method": "m"}, None),
        ({"id": None, "method": "m", "params": PADDING}, None),
        (["id", 7, "method", PADDING], None),
    ],
)
@pytest.mark.parametrize("indent", [None, 1])
def test_the_id_of_an_over_long_request_is_read_from_its_edges(
    message: object, found: bytes | None, indent: int | None
) -> None:
    text = json.dumps(message, indent=indent).replace("\n", " ")
    assert _oversized(text).request_id() == found
    assert _oversized(text, piece=17).request_id() == found


@given(st.binary(min_size=101, max_size=9000).filter(lambda line: b"\n" not in line))
def test_no_over_long_line_is_too_strange_to_look_at(line: bytes) -> None:
    (frame,) = LineSplitter(100).feed(line + b"\n")
    assert isinstance(frame, OversizedFrame)
    frame.request_id()
