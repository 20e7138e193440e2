from pathlib import Path

import pytest
from agent_core.patch.apply import EmptyPatch, FileOperationFailed, LinesNotFound
from agent_core.patch.grammar import InvalidPatch
from agent_core.patch.verify import VerifiedPatch, verify
from agent_protocol.rollout.event import AddFile, DeleteFile, UpdateFile


def verified(cwd: Path, *lines: str) -> VerifiedPatch:
    return verify("\n".join(["*** Begin Patch", *lines, "*** End Patch"]), str(cwd))


def test_changes_are_keyed_by_absolute_path_and_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "u").write_text("one\ntwo\nthree\nfour\n")
    (tmp_path / "d").write_text("bye")
    patch = verified(
        tmp_path,
        "*** Add File: sub/../new",
        "+hi",
        "*** Update File: u",
        "*** Move to: ./dir/u2",
        "@@",
        "-two",
        "+TWO",
        "*** Delete File: d",
    )
    assert dict(patch.changes) == {
        f"{tmp_path}/new": AddFile(content="hi\n"),
        f"{tmp_path}/u": UpdateFile(
            unified_diff="@@ -1,3 +1,3 @@\n one\n-two\n+TWO\n three\n", move_path=f"{tmp_path}/dir/u2"
        ),
        f"{tmp_path}/d": DeleteFile(content="bye"),
    }
    assert list(patch.changes) == [f"{tmp_path}/new", f"{tmp_path}/u", f"{tmp_path}/d"]
    assert patch.paths == (f"{tmp_path}/new", f"{tmp_path}/u", f"{tmp_path}/d", f"{tmp_path}/dir/u2")
    assert (tmp_path / "u").exists() and not (tmp_path / "new").exists()


def test_a_file_touched_twice_keeps_the_last_change(tmp_path: Path) -> None:
    patch = verified(tmp_path, "*** Add File: a", "+1", "*** Add File: b", "+2", "*** Add File: ./a", "+3")
    assert list(patch.changes) == [f"{tmp_path}/b", f"{tmp_path}/a"]
    assert patch.changes[f"{tmp_path}/a"] == AddFile(content="3\n")


def test_far_changes_make_several_hunks(tmp_path: Path) -> None:
    (tmp_path / "u").write_text("".join(f"{n}\n" for n in range(1, 9)))
    patch = verified(tmp_path, "*** Update File: u", "@@", "-3", "+THREE", "@@", "-8", "+EIGHT")
    (change,) = patch.changes.values()
    assert isinstance(change, UpdateFile)
    assert change.unified_diff == "@@ -2,3 +2,3 @@\n 2\n-3\n+THREE\n 4\n@@ -7,2 +7,2 @@\n 7\n-8\n+EIGHT\n"
    assert change.move_path is None


def test_what_cannot_be_done_is_refused(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\xff")
    (tmp_path / "text").write_text("x\n")
    with pytest.raises(FileOperationFailed):
        verified(tmp_path, "*** Delete File: none")
    with pytest.raises(FileOperationFailed):
        verified(tmp_path, "*** Delete File: binary")
    with pytest.raises(LinesNotFound):
        verified(tmp_path, "*** Update File: text", "@@", "-y")
    with pytest.raises(EmptyPatch):
        verified(tmp_path)
    with pytest.raises(InvalidPatch):
        verify("nonsense", str(tmp_path))
