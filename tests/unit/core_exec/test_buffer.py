from agent_core.exec.buffer import DELTA_LIMIT_BYTES, DeltaSplitter, HeadBuffer, HeadTailBuffer
from hypothesis import given
from hypothesis import strategies as st

chunks = st.lists(st.binary(max_size=20), max_size=20)


@given(chunks, st.integers(0, 40))
def test_the_first_and_last_half_are_kept(pieces: list[bytes], limit: int) -> None:
    buffer = HeadTailBuffer(limit)
    for piece in pieces:
        buffer.put(piece)
    whole, window = b"".join(pieces), buffer.window()
    assert window.size_bytes == len(whole)
    assert len(window.head) <= limit // 2 and len(window.head) + len(window.tail) <= limit
    assert whole.startswith(window.head) and whole.endswith(window.tail)
    assert (window.omitted_bytes > 0) == (len(whole) > limit)


@given(chunks)
def test_draining_returns_every_byte_once(pieces: list[bytes]) -> None:
    buffer = HeadTailBuffer(1000)
    drained = b""
    for piece in pieces:
        buffer.put(piece)
        window = buffer.drain()
        drained += window.head + window.tail
    assert drained == b"".join(pieces)
    assert buffer.window().size_bytes == 0


def test_a_gap_is_named_in_the_text_and_characters_at_its_edges_are_whole() -> None:
    buffer = HeadTailBuffer(5)
    buffer.put("aéééb".encode())
    assert buffer.window().text() == "a\n…3 bytes omitted…\néb"


def test_bytes_that_are_no_text_are_replaced() -> None:
    buffer = HeadTailBuffer(100)
    buffer.put(b"a\xffb")
    assert buffer.window().text() == "a�b"


@given(chunks, st.integers(0, 40))
def test_a_head_buffer_keeps_the_beginning(pieces: list[bytes], limit: int) -> None:
    buffer = HeadBuffer(limit)
    for piece in pieces:
        buffer.put(piece)
    whole = b"".join(pieces)
    assert whole.startswith(buffer.bytes())
    assert limit - 3 <= len(buffer.bytes()) <= limit if len(whole) >= limit >= 3 else True


def test_a_head_buffer_does_not_end_within_a_character() -> None:
    buffer = HeadBuffer(4)
    buffer.put("aaa€".encode())
    assert buffer.bytes() == b"aaa"


@given(st.lists(st.binary(max_size=40) | st.text(max_size=10).map(str.encode), max_size=20))
def test_deltas_hold_every_byte_in_order(pieces: list[bytes]) -> None:
    splitter = DeltaSplitter()
    deltas = [delta for piece in pieces for delta in splitter.put(piece)] + splitter.finish()
    assert b"".join(deltas) == b"".join(pieces)
    assert all(deltas)


@given(st.text(max_size=60), st.integers(1, 5))
def test_deltas_of_text_are_text(text: str, step: int) -> None:
    data, splitter = text.encode(), DeltaSplitter()
    for start in range(0, len(data), step):
        for delta in splitter.put(data[start : start + step]):
            delta.decode()
    assert splitter.finish() == []


def test_deltas_are_small_and_characters_at_the_limit_are_not_torn() -> None:
    deltas = DeltaSplitter().put(("x" + "€" * 10_000).encode())
    assert max(map(len, deltas)) <= DELTA_LIMIT_BYTES
    assert "".join(delta.decode() for delta in deltas) == "x" + "€" * 10_000


def test_after_the_last_delta_there_are_no_more() -> None:
    splitter = DeltaSplitter(limit_count=3)
    assert len(splitter.put(b"x" * (DELTA_LIMIT_BYTES * 5))) == 3
    assert splitter.put(b"more") == [] == splitter.finish()
