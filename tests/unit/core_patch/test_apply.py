import os
from pathlib import Path

import pytest
from agent_core.patch.apply import (
    ContextNotFound,
    EmptyPatch,
    FileOperationFailed,
    LinesNotFound,
    PartlyApplied,
    apply,
    updated_text,
)
from agent_core.patch.grammar import Chunk, PatchError, UpdateHunk, parse
from agent_core.patch.linediff import changes
from hypothesis import given
from hypothesis import strategies as st


def carry_out(cwd: Path, *lines: str) -> str:
    return apply(parse("\n".join(["*** Begin Patch", *lines, "*** End Patch"])), str(cwd))


def updated(text: str, *lines: str) -> str:
    (hunk,) = parse("\n".join(["*** Begin Patch", "*** Update File: f", *lines, "*** End Patch"]))
    assert isinstance(hunk, UpdateHunk)
    return updated_text("f", text, hunk.chunks)


def test_all_operations_and_the_summary(tmp_path: Path) -> None:
    (tmp_path / "change").write_text("a\nb\n")
    (tmp_path / "gone").write_text("x")
    (tmp_path / "move").write_text("m\n")
    summary = carry_out(
        tmp_path,
        "*** Update File: change",
        "@@",
        "-b",
        "+c",
        "*** Delete File: gone",
        "*** Add File: deep/down/new",
        "+n",
        "*** Update File: move",
        "*** Move to: deep/moved",
        "@@",
        "-m",
        "+M",
    )
    assert summary == ("Success. Updated the following files:\nA deep/down/new\nM change\nM deep/moved\nD gone\n")
    assert (tmp_path / "change").read_text() == "a\nc\n"
    assert (tmp_path / "deep/down/new").read_text() == "n\n"
    assert (tmp_path / "deep/moved").read_text() == "M\n"
    assert not (tmp_path / "gone").exists() and not (tmp_path / "move").exists()


def test_no_hunks_fail(tmp_path: Path) -> None:
    with pytest.raises(EmptyPatch):
        carry_out(tmp_path)


def test_a_later_failure_leaves_earlier_hunks_applied_and_says_so(tmp_path: Path) -> None:
    with pytest.raises(PartlyApplied) as caught:
        carry_out(tmp_path, "*** Add File: one", "+1", "*** Delete File: none", "*** Add File: two", "+2")
    assert caught.value.done == ("A one",)
    assert isinstance(caught.value.error, FileOperationFailed)
    assert (tmp_path / "one").exists() and not (tmp_path / "two").exists()


def test_adding_and_moving_overwrite(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("old\n")
    (tmp_path / "b").write_text("b\n")
    carry_out(tmp_path, "*** Add File: a", "+new")
    assert (tmp_path / "a").read_text() == "new\n"
    carry_out(tmp_path, "*** Update File: b", "*** Move to: a", "@@", "-b", "+c")
    assert (tmp_path / "a").read_text() == "c\n"


def test_moving_a_file_onto_itself_keeps_it(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x\n")
    carry_out(tmp_path, "*** Update File: a", "*** Move to: ./a", "@@", "-x", "+y")
    assert (tmp_path / "a").read_text() == "y\n"


def test_the_executable_bit_survives_changes_and_moves(tmp_path: Path) -> None:
    script = tmp_path / "run"
    script.write_text("x\n")
    script.chmod(0o755)
    carry_out(tmp_path, "*** Update File: run", "@@", "-x", "+y")
    assert os.access(script, os.X_OK)
    carry_out(tmp_path, "*** Update File: run", "*** Move to: go", "@@", "-y", "+z")
    assert os.access(tmp_path / "go", os.X_OK)


def test_paths_may_be_absolute_and_go_up(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    carry_out(inner, f"*** Add File: {tmp_path}/abs", "+1", "*** Add File: ../up", "+2")
    assert (tmp_path / "abs").exists() and (tmp_path / "up").exists()


def test_file_system_refusals_name_operation_path_and_reason(tmp_path: Path) -> None:
    (tmp_path / "dir").mkdir()
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    for lines, operation in [
        (("*** Delete File: dir",), "delete file"),
        (("*** Add File: dir", "+x"), "write file"),
        (("*** Update File: none", "@@", "+x"), "read file"),
        (("*** Update File: binary", "@@", "+x"), "read file"),
    ]:
        with pytest.raises(FileOperationFailed) as caught:
            carry_out(tmp_path, *lines)
        assert caught.value.operation == operation
        assert caught.value.reason


def test_an_unwritable_place_is_told_with_the_words_a_denial_is_known_by(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(FileOperationFailed) as caught:
        carry_out(tmp_path, "*** Add File: file/below", "+x")
    assert str(caught.value).startswith("Failed to write file file/below: ")


def test_exact_lines_win_over_looser_ones_further_up() -> None:
    assert updated("  x\nx\n", "@@", "-x", "+y") == "  x\ny\n"


@pytest.mark.parametrize(
    ("line", "written"),
    [
        ("a  ", "a"),
        ("   a\t", "a"),
        ("a — b", "a - b"),
        ("‘a’ “b”", "'a' \"b\""),
        ("a\u00a0b\u3000c", "a b c"),
        ("a", " a  "),
    ],
)
def test_lines_are_found_in_spite_of_small_differences(line: str, written: str) -> None:
    assert updated(f"first\n{line}\nlast\n", "@@", f"-{written}", "+new") == "first\nnew\nlast\n"


def test_context_places_the_chunk_below_it() -> None:
    text = "def a():\n  pass\ndef b():\n  pass\n"
    assert updated(text, "@@ def b():", "-  pass", "+  return") == "def a():\n  pass\ndef b():\n  return\n"


def test_chunks_are_searched_in_order() -> None:
    assert updated("x\nx\nx\n", "@@", "-x", "+1", "@@", "-x", "+2") == "1\n2\nx\n"


def test_pure_insertions_go_to_the_end_before_a_blank_last_line_whatever_their_context() -> None:
    assert updated("a\nb\n", "@@ a", "+c") == "a\nb\nc\n"
    assert updated("a\n\n", "@@", "+c") == "a\nc\n\n"
    assert updated("", "@@", "+c") == "c\n"
    assert updated("a\nb\n\n", "@@", "-b", "-", "+x", "@@", "+1", "@@", "+2") == "a\nx\n1\n2\n"


def test_the_end_of_file_mark_looks_nowhere_else() -> None:
    assert updated("x\ny\nx\n", "@@", "-x", "+z", "*** End of File") == "x\ny\nz\n"
    with pytest.raises(LinesNotFound):
        updated("x\ny\n", "@@", "-x", "+z", "*** End of File")


def test_the_end_of_file_mark_does_not_reach_back_over_an_earlier_change() -> None:
    with pytest.raises(LinesNotFound):
        updated("x\ny\n", "@@", " x", "-y", "+z", "@@", "-y", "+q", "*** End of File")


def test_a_trailing_empty_line_too_many_is_forgiven() -> None:
    assert updated("a\nb\n", "@@", " a", "-b", "+c", "") == "a\nc\n"


def test_line_ends() -> None:
    assert updated("a\r\nb\r\n", "@@", "-b", "+c") == "a\r\nc\n"
    assert updated("a\nb", "@@", "-b", "+c") == "a\nc\n"
    assert updated("a\n\n\n", "@@", "-a", "+b") == "b\n\n\n"
    assert updated("a\n", "@@", "-a") == ""


def test_lines_that_stand_above_the_search_are_located_for_the_model() -> None:
    with pytest.raises(LinesNotFound) as caught:
        updated("a\nb\nc\n", "@@", "-b", "+B", "@@", "-a", "+A")
    assert "line 1" in caught.value.hint
    with pytest.raises(ContextNotFound) as context:
        updated("a\nb\nc\n", "@@ c", " c", "*** End of File", "@@ a", "+A")
    assert context.value.elsewhere == 0


def test_the_first_difference_is_shown_to_the_model() -> None:
    with pytest.raises(LinesNotFound) as caught:
        updated("one\ntwo\nthree\n", "@@", " one", " two", "-four", "+4")
    assert "`three`" in caught.value.hint and "`four`" in caught.value.hint
    assert caught.value.lines == ("one", "two", "four")


def test_a_context_that_is_nowhere_is_named() -> None:
    with pytest.raises(ContextNotFound) as caught:
        updated("a\n", "@@ nowhere", "-a")
    assert (caught.value.context, caught.value.elsewhere) == ("nowhere", None)


lines_of_files = st.lists(st.text(st.characters(exclude_characters="\r\n"), max_size=4), max_size=12)


@given(lines_of_files, st.data())
def test_a_patch_made_from_two_versions_turns_one_into_the_other(words: list[str], data: st.DataObject) -> None:
    before = [f"{number}:{word}" for number, word in enumerate(words)]
    after = list(before)
    for number in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(after)))
        after[at : at + data.draw(st.integers(0, 2))] = [
            f"new {number}.{i}" for i in range(data.draw(st.integers(0, 2)))
        ]
    chunks = []
    for i1, i2, j1, j2 in changes(before, after):
        lead, tail = before[max(i1 - 1, 0) : i1], before[i2 : i2 + 1]
        old, new = (*lead, *before[i1:i2], *tail), (*lead, *after[j1:j2], *tail)
        chunks.append(Chunk(None, old, new, at_end=i2 == len(before), line_number=1))
    merged = updated_text("f", "".join(f"{line}\n" for line in before), tuple(_joined(chunks)))
    assert merged == "".join(f"{line}\n" for line in after)


def _joined(chunks: list[Chunk]) -> list[Chunk]:
    """Join chunks that share a context line, as a writer of patches would."""
    joined: list[Chunk] = []
    for chunk in chunks:
        if joined and joined[-1].old and chunk.old and joined[-1].old[-1] == chunk.old[0]:
            last = joined.pop()
            old, new = last.old + chunk.old[1:], last.new + chunk.new[1:]
            chunk = Chunk(None, old, new, chunk.at_end, last.line_number)
        joined.append(chunk)
    return joined


@given(st.text(max_size=30), st.lists(st.text(max_size=5), max_size=4), st.lists(st.text(max_size=5), max_size=4))
def test_any_chunk_is_applied_or_refused(text: str, old: list[str], new: list[str]) -> None:
    chunk = Chunk(None, tuple(old), tuple(new), False, 1)
    try:
        result = updated_text("f", text, (chunk,))
    except PatchError as error:
        assert str(error)
    else:
        assert not result or result.endswith("\n")
