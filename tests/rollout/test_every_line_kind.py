from pathlib import Path

import pytest
from agent_protocol.rollout.codec import decode_line, encode_line, new_line, restamp
from agent_protocol.rollout.event import UnknownEvent
from agent_protocol.rollout.line import UnknownLine
from agent_protocol.rollout.response_item import UnknownItem

LINES = (Path(__file__).parent / "data" / "every_kind.jsonl").read_bytes().splitlines()


@pytest.mark.parametrize("data", LINES)
def test_a_line_of_a_known_kind_is_read_into_its_own_type(data: bytes) -> None:
    assert not isinstance(decode_line(data).item, UnknownLine | UnknownEvent | UnknownItem)


@pytest.mark.parametrize("data", LINES)
def test_a_line_written_from_its_parts_has_the_same_bytes(data: bytes) -> None:
    line = decode_line(data)

    assert encode_line(new_line(line.item, line.timestamp)) == data


@pytest.mark.parametrize("data", LINES)
def test_an_unchanged_line_keeps_its_bytes_and_a_restamped_one_its_payload(data: bytes) -> None:
    line = decode_line(data + b"\n")
    later = restamp(line, "2027-01-01T00:00:00.000Z")

    assert encode_line(line) == data
    assert encode_line(later) == data.replace(line.timestamp.encode(), b"2027-01-01T00:00:00.000Z", 1)
    assert later.item == line.item
