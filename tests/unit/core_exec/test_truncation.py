import pytest
from agent_core.truncation import (
    TruncationPolicy,
    approximate_tokens,
    line_count,
    truncate,
    truncate_formatted,
    truncate_parts,
)
from agent_protocol.rollout.response_item import InputImagePart, InputTextPart
from hypothesis import given
from hypothesis import strategies as st

policies = st.builds(TruncationPolicy, st.sampled_from(["bytes", "tokens"]), st.integers(0, 40))


def tokens(limit: int) -> TruncationPolicy:
    return TruncationPolicy("tokens", limit)


def in_bytes(limit: int) -> TruncationPolicy:
    return TruncationPolicy("bytes", limit)


def test_text_within_the_budget_is_untouched() -> None:
    assert truncate("x" * 40, tokens(10)) == "x" * 40
    assert truncate("x" * 10, in_bytes(10)) == "x" * 10
    assert truncate("", tokens(0)) == ""


def test_the_middle_goes_and_the_marker_counts_what_went() -> None:
    assert truncate("a" * 20 + "b" * 20 + "c" * 21, tokens(10)) == "a" * 20 + "…6 tokens truncated…" + "c" * 20
    assert truncate("abcdefghij", in_bytes(5)) == "ab…5 chars truncated…hij"
    assert truncate("x" * 50, tokens(0)) == "…13 tokens truncated…"
    assert truncate("éé", in_bytes(0)) == "…2 chars truncated…"


@pytest.mark.parametrize(("count", "removed"), [(13_400, 50), (13_401, 51), (20_000, 5_000)])
def test_characters_are_not_torn_and_the_count_goes_by_the_budget(count: int, removed: int) -> None:
    text = truncate("€" * count, tokens(10_000))
    assert text == "€" * 6_666 + f"…{removed} tokens truncated…" + "€" * 6_666


def test_the_formatted_variant_tells_the_number_of_lines_when_it_truncates() -> None:
    assert truncate_formatted("a\nb\n", tokens(10)) == "a\nb\n"
    assert truncate_formatted("a\nb\nc\n" * 10, in_bytes(4)).startswith("Total output lines: 30\n\na\n…")


def test_scaling_rounds_up() -> None:
    assert tokens(10_000).scaled(1.2) == tokens(12_000)
    assert in_bytes(1).scaled(1.2) == in_bytes(2)


def test_counting() -> None:
    assert [line_count(text) for text in ("", "a", "a\n", "a\nb", "\n\n")] == [0, 1, 1, 2, 2]
    assert [approximate_tokens(size) for size in (0, 1, 4, 5)] == [0, 1, 1, 2]


def test_parts_share_one_budget_in_order_and_images_stay() -> None:
    image = InputImagePart(image_url="data:,")
    parts: list[InputTextPart | InputImagePart] = [
        InputTextPart(text="x" * 6),
        image,
        InputTextPart(text="y" * 10),
        InputTextPart(text="z"),
        image,
        InputTextPart(text="w"),
    ]
    assert truncate_parts(parts, in_bytes(8)) == [
        InputTextPart(text="x" * 6),
        image,
        InputTextPart(text="y…8 chars truncated…y"),
        image,
        InputTextPart(text="[omitted 2 text items ...]"),
    ]
    assert truncate_parts(parts, tokens(100)) == parts


@given(st.text(max_size=400), policies)
def test_no_result_is_longer_than_budget_and_marker(text: str, policy: TruncationPolicy) -> None:
    shortened = truncate(text, policy)
    size = len(text.encode())
    if size <= policy.budget_bytes:
        assert shortened == text
    else:
        head, marker, tail = shortened.partition("…")[0], "truncated…", shortened.rpartition("…")[2]
        assert marker in shortened
        assert len(shortened.encode()) <= policy.budget_bytes + len("…1000 tokens truncated…".encode())
        assert text.startswith(head) and text.endswith(tail)
