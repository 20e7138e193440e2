from collections.abc import Sequence
from itertools import pairwise

import pytest
from agent_core.model.sse import EventTooLong, SseSplitter
from hypothesis import given
from hypothesis import strategies as st


def split(*chunks: bytes) -> list[bytes]:
    splitter = SseSplitter()
    return [data for chunk in chunks for data in splitter.feed(chunk)]


@st.composite
def cut_streams(draw: st.DrawFn) -> tuple[list[bytes], bytes, Sequence[bytes]]:
    texts = draw(st.lists(st.text(alphabet=st.characters(exclude_characters="\r\n"), max_size=20), max_size=6))
    payloads = [text.encode(errors="replace") for text in texts]
    newline = draw(st.sampled_from([b"\n", b"\r\n", b"\r"]))
    noise = draw(st.sampled_from([b"", b": a comment", b"event: x", b"id: 7", b"retry: 5", b"nonsense"]))
    head = noise + newline if noise else b""
    stream = b"".join(head + b"data: " + payload + newline * 2 for payload in payloads)
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    edges = [0, *places, len(stream)]
    return payloads, stream, [stream[start:end] for start, end in pairwise(edges)]


@given(cut_streams())
def test_any_cut_of_a_stream_gives_the_same_events(case: tuple[list[bytes], bytes, Sequence[bytes]]) -> None:
    payloads, stream, chunks = case
    assert split(*chunks) == payloads
    assert split(stream) == payloads


@given(st.lists(st.binary(max_size=30), max_size=10))
def test_any_bytes_in_any_cut_give_what_they_give_in_one_piece(chunks: list[bytes]) -> None:
    assert split(*chunks) == split(b"".join(chunks))


def test_every_byte_on_its_own_makes_no_difference() -> None:
    stream = b'event: a\r\ndata: {"x":1}\r\n\r\n: ping\r\n\r\ndata: 2\r\rdata: 3\n\n'
    assert split(*[stream[i : i + 1] for i in range(len(stream))]) == [b'{"x":1}', b"2", b"3"]


def test_several_data_lines_are_joined_by_line_feeds() -> None:
    assert split(b"data: one\ndata:two\ndata\n\n") == [b"one\ntwo\n"]


def test_only_one_blank_after_the_colon_is_dropped() -> None:
    assert split(b"data:  x\n\n") == [b" x"]


def test_comments_and_other_fields_alone_are_no_event() -> None:
    assert split(b": keep-alive\n\nevent: ping\nid: 1\n\n") == []


def test_a_byte_order_mark_is_dropped() -> None:
    assert split(b"\xef\xbb", b"\xbfdata: x\n\ndata: \xef\xbb\xbf\n\n") == [b"x", b"\xef\xbb\xbf"]


def test_an_event_cut_off_by_the_end_is_dropped() -> None:
    assert split(b"data: whole\n\ndata: half\n") == [b"whole"]


def test_an_endless_event_is_refused() -> None:
    splitter = SseSplitter(max_event_bytes=100)
    splitter.feed(b"data: " + b"x" * 90)
    with pytest.raises(EventTooLong) as raised:
        splitter.feed(b"x" * 90)
    assert raised.value.limit == 100


def test_many_long_events_are_no_long_event() -> None:
    splitter = SseSplitter(max_event_bytes=100)
    event = b"data: " + b"x" * 60 + b"\n\n"
    assert len(splitter.feed(event * 50)) == 50
