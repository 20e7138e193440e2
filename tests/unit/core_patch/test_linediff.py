import re
import time
from itertools import pairwise

import pytest
from agent_core.patch.linediff import changes, unified_hunks
from hypothesis import given
from hypothesis import strategies as st

texts = st.one_of(
    st.text(st.sampled_from("ab\n"), max_size=24),
    st.lists(st.sampled_from(["x\n", "y\n", "\n", "a\r\n", "\u2028\n", "z"]), max_size=12).map("".join),
)
HEADER = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@\n")


def patched(before: str, diff: str) -> str:
    """Apply a unified diff strictly: every line, number and count must fit."""
    lines, result, at = before.split("\n"), [], 0
    old = [f"{line}\n" for line in lines[:-1]] + ([lines[-1]] if lines[-1] else [])
    rows = diff.replace("\n\\ No newline at end of file\n", "\0").replace("\0", "\0\n").split("\n")[:-1]
    position = 0
    while position < len(rows):
        header = HEADER.fullmatch(rows[position] + "\n")
        assert header is not None, rows[position]
        start, count, new_start, new_count = (int(part or 1) for part in header.groups())
        begin = start - 1 if count else start
        result += old[at:begin]
        at = begin
        assert len(result) == (new_start - 1 if new_count else new_start)
        position += 1
        removed = added = 0
        while position < len(rows) and not rows[position].startswith("@@ "):
            mark, text = rows[position][0], rows[position][1:]
            text = text[:-1] if text.endswith("\0") else f"{text}\n"
            if mark in " -":
                assert old[at] == text
                at, removed = at + 1, removed + 1
            if mark in " +":
                result.append(text)
                added += 1
            position += 1
        assert (removed, added) == (count, new_count)
    return "".join(result + old[at:])


@given(texts, texts, st.integers(0, 3))
def test_a_diff_turns_one_text_into_the_other(before: str, after: str, context: int) -> None:
    diff = unified_hunks(before, after, context)
    assert (diff == "") == (before == after)
    assert patched(before, diff) == after


@given(st.lists(st.sampled_from("abc"), max_size=10), st.lists(st.sampled_from("abc"), max_size=10))
def test_changes_are_in_order_apart_and_as_few_lines_as_possible(a: list[str], b: list[str]) -> None:
    found = changes(a, b)
    for (_, i2, _, j2), (next_i1, _, next_j1, _) in pairwise(found):
        assert i2 < next_i1 and j2 < next_j1
    edits = sum(i2 - i1 + j2 - j1 for i1, i2, j1, j2 in found)
    assert edits == len(a) + len(b) - 2 * longest_common(a, b)


def longest_common(a: list[str], b: list[str]) -> int:
    row = [0] * (len(b) + 1)
    for line in a:
        previous, row = row, [0]
        for j, other in enumerate(b):
            row.append(previous[j] + 1 if line == other else max(previous[j + 1], row[j]))
    return row[-1]


def test_the_form_of_hunks() -> None:
    assert unified_hunks("", "a\n", 3) == "@@ -0,0 +1 @@\n+a\n"
    assert unified_hunks("bye", "", 3) == "@@ -1 +0,0 @@\n-bye\n\\ No newline at end of file\n"
    assert unified_hunks("x\nz\n", "x\nq\nz\n", 1) == "@@ -1,2 +1,3 @@\n x\n+q\n z\n"


def test_an_insertion_among_equal_lines_is_shown_as_late_as_possible() -> None:
    assert unified_hunks("{\n}\n", "{\n}\n{\n}\n", 0) == "@@ -2,0 +3,2 @@\n+{\n+}\n"


@pytest.mark.parametrize("kind", ["changed", "reordered", "repetitive"])
def test_large_texts_are_compared_quickly_and_rightly(kind: str) -> None:
    before = [f"line {n}\n" for n in range(10_000)]
    after = [line if n % 10 else f"{line[:-1]}!\n" for n, line in enumerate(before)]
    if kind == "reordered":
        after = before[5000:] + before[:5000][::-1]
    if kind == "repetitive":
        before = ["x\n", "y\n"] * 5_000
        after = ["y\n" if n * n % 7 else "x\n" for n in range(10_000)]
    started = time.process_time()
    diff = unified_hunks("".join(before), "".join(after), 3)
    assert time.process_time() - started < 10
    assert patched("".join(before), diff) == "".join(after)
