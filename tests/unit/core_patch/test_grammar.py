import pytest
from agent_core.patch.grammar import AddHunk, DeleteHunk, InvalidHunk, InvalidPatch, PatchError, UpdateHunk, parse
from hypothesis import given
from hypothesis import strategies as st

FRAGMENTS = [
    "*** Begin Patch",
    "*** End Patch",
    "*** Add File: a",
    "*** Delete File: b",
    "*** Update File: c",
    "*** Move to: d",
    "*** End of File",
    "@@",
    "@@ context",
    "<<EOF",
    "<<'EOF'",
    "EOF",
    "+added",
    "-removed",
    " kept",
    "",
    "  ",
    "other",
    "\r",
]


def patch(*lines: str) -> str:
    return "\n".join(["*** Begin Patch", *lines, "*** End Patch"])


def test_the_three_kinds_of_hunks_are_read_in_order() -> None:
    add, delete, update = parse(
        patch(
            "*** Add File: new.txt",
            "+one",
            "+",
            "*** Delete File: old.txt",
            "*** Update File: src/a.py",
            "*** Move to: src/b.py",
            "@@ def f():",
            " kept",
            "-gone",
            "+come",
            "*** End of File",
        )
    )
    assert isinstance(add, AddHunk) and isinstance(delete, DeleteHunk) and isinstance(update, UpdateHunk)
    assert (add.path, add.content) == ("new.txt", "one\n\n")
    assert delete.path == "old.txt"
    assert (update.path, update.move_to) == ("src/a.py", "src/b.py")
    (chunk,) = update.chunks
    assert (chunk.context, chunk.old, chunk.new) == ("def f():", ("kept", "gone"), ("kept", "come"))
    assert chunk.at_end and chunk.line_number == 8


def test_an_added_file_without_lines_is_empty() -> None:
    (add,) = parse(patch("*** Add File: empty"))
    assert isinstance(add, AddHunk) and add.content == ""


def test_the_first_chunk_needs_no_marker_and_later_ones_do() -> None:
    (update,) = parse(patch("*** Update File: f", " a", "-b", "@@", "+c"))
    assert isinstance(update, UpdateHunk)
    assert [(chunk.old, chunk.new) for chunk in update.chunks] == [(("a", "b"), ("a",)), ((), ("c",))]
    with pytest.raises(InvalidHunk) as caught:
        parse(patch("*** Update File: f", " a", "*** End of File", "-b"))
    assert caught.value.line_number == 5


def test_an_empty_line_in_a_chunk_is_an_empty_kept_line() -> None:
    (update,) = parse(patch("*** Update File: f", "@@", " a", "", " b"))
    assert isinstance(update, UpdateHunk)
    assert update.chunks[0].old == ("a", "", "b") == update.chunks[0].new


def test_a_bare_marker_and_a_marker_with_only_blanks_give_no_context() -> None:
    (update,) = parse(patch("*** Update File: f", "@@", " a", "@@ ", " b", "@@ c", " d"))
    assert isinstance(update, UpdateHunk)
    assert [chunk.context for chunk in update.chunks] == [None, None, "c"]


@pytest.mark.parametrize("opening", ["<<EOF", "<<'EOF'", '<<"EOF"'])
def test_a_patch_inside_a_here_document_is_unwrapped(opening: str) -> None:
    (add,) = parse(f"{opening}\n{patch('*** Add File: f', '+x')}\nEOF\n")
    assert isinstance(add, AddHunk) and add.path == "f"


def test_quotes_of_a_here_document_must_match() -> None:
    with pytest.raises(InvalidPatch):
        parse(f"<<\"EOF'\n{patch('*** Add File: f', '+x')}\nEOF\n")


def test_blanks_around_the_patch_its_markers_and_its_headers_do_not_matter() -> None:
    (add,) = parse("\n\n  *** Begin Patch  \r\n  *** Add File: f  \r\n+x\r\n *** End Patch \r\n\n")
    assert isinstance(add, AddHunk)
    assert (add.path, add.content) == ("f", "x\n")


def test_no_hunks_are_no_error_to_the_parser() -> None:
    assert parse(patch()) == ()


@pytest.mark.parametrize(
    ("text", "line_number", "found"),
    [
        ("", 1, ""),
        ("hello", 1, "hello"),
        ("*** Begin Patch\n*** Add File: f\n+x", 3, "+x"),
        ("*** Begin Patch", 1, "*** Begin Patch"),
    ],
)
def test_a_missing_marker_is_an_invalid_patch(text: str, line_number: int, found: str) -> None:
    with pytest.raises(InvalidPatch) as caught:
        parse(text)
    assert (caught.value.line_number, caught.value.found) == (line_number, found)


@pytest.mark.parametrize(
    ("lines", "line_number"),
    [
        (["*** Frobnicate File: f"], 2),
        (["*** Add File: f", "+x", "no plus"], 4),
        (["*** Add File: f", "+x", "", "+y"], 4),
        (["*** Update File: f"], 2),
        (["*** Update File: f", "*** Move to: g"], 2),
        (["*** Update File: f", "@@"], 4),
        (["*** Update File: f", "@@", "*** End of File"], 4),
        (["*** Update File: f", "@@", "junk"], 4),
        (["*** Update File: f", "junk"], 3),
        (["*** Delete File: f", "-x"], 3),
    ],
)
def test_a_bad_hunk_is_reported_with_its_line(lines: list[str], line_number: int) -> None:
    with pytest.raises(InvalidHunk) as caught:
        parse(patch(*lines))
    assert caught.value.line_number == line_number
    assert str(line_number) in str(caught.value)


@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=8)), max_size=12), st.booleans())
def test_any_text_is_parsed_or_refused(lines: list[str], framed: bool) -> None:
    text = patch(*lines) if framed else "\n".join(lines)
    try:
        hunks = parse(text)
    except PatchError as error:
        assert str(error)
    else:
        assert all(hunk.path for hunk in hunks)


@given(st.text())
def test_added_content_survives_the_patch(text: str) -> None:
    lines = text.replace("\r", "").split("\n")
    (add,) = parse(patch("*** Add File: f", *(f"+{line}" for line in lines)))
    assert isinstance(add, AddHunk) and add.content == "".join(f"{line}\n" for line in lines)
