import hashlib
import subprocess
from pathlib import Path

import pytest
from agent_core.patch.apply import apply
from agent_core.patch.grammar import parse
from agent_core.patch.verify import verify
from agent_core.turn.diff import TurnDiffTracker


def blob(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


ZERO = "0" * 40


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


def act(tracker: TurnDiffTracker, cwd: Path, *lines: str) -> None:
    patch = "\n".join(["*** Begin Patch", *lines, "*** End Patch"])
    tracker.note(verify(patch, str(cwd)).changes)
    apply(parse(patch), str(cwd))


def test_a_fresh_tracker_has_no_diff() -> None:
    assert TurnDiffTracker().unified_diff() == ""


def test_an_added_file(repository: Path) -> None:
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Add File: sub/new.txt", "+hello")
    assert tracker.unified_diff() == (
        "diff --git a/sub/new.txt b/sub/new.txt\nnew file mode 100644\n"
        f"index {ZERO}..{blob(b'hello' + bytes([10]))}\n"
        "--- /dev/null\n+++ b/sub/new.txt\n@@ -0,0 +1 @@\n+hello\n"
    )


def test_an_added_empty_file_has_no_hunks(repository: Path) -> None:
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Add File: empty")
    assert tracker.unified_diff() == (f"diff --git a/empty b/empty\nnew file mode 100644\nindex {ZERO}..{blob(b'')}\n")


def test_a_deleted_file(repository: Path) -> None:
    (repository / "d").write_text("bye")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Delete File: d")
    assert tracker.unified_diff() == (
        f"diff --git a/d b/d\ndeleted file mode 100644\nindex {blob(b'bye')}..{ZERO}\n"
        "--- a/d\n+++ /dev/null\n@@ -1 +0,0 @@\n-bye\n\\ No newline at end of file\n"
    )


def test_a_moved_and_changed_file_keeps_its_identity_over_several_patches(repository: Path) -> None:
    (repository / "m").write_text("x\ny\n")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Update File: m", "*** Move to: dir/n", "@@", "-y", "+z")
    act(tracker, repository, "*** Update File: dir/n", "@@", " x", "+q")
    assert tracker.unified_diff() == (
        f"diff --git a/m b/dir/n\nindex {blob(b'x' + bytes([10]) + b'y' + bytes([10]))}.."
        f"{blob(bytes([120, 10, 113, 10, 122, 10]))}\n--- a/m\n+++ b/dir/n\n@@ -1,2 +1,3 @@\n x\n-y\n+q\n+z\n"
    )


def test_files_are_sorted_by_the_path_shown(repository: Path) -> None:
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Add File: c", "+1", "*** Add File: a/z", "+1", "*** Add File: b", "+1")
    heads = [line for line in tracker.unified_diff().splitlines() if line.startswith("diff")]
    assert heads == ["diff --git a/a/z b/a/z", "diff --git a/b b/b", "diff --git a/c b/c"]


def test_a_change_that_is_undone_vanishes(repository: Path) -> None:
    (repository / "u").write_text("a\n")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Update File: u", "@@", "-a", "+b", "*** Add File: n", "+1")
    assert tracker.unified_diff()
    act(tracker, repository, "*** Update File: u", "@@", "-b", "+a", "*** Delete File: n")
    assert tracker.unified_diff() == ""


def test_a_file_added_and_moved_is_new_under_its_last_name(repository: Path) -> None:
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Add File: one", "+1")
    act(tracker, repository, "*** Update File: one", "*** Move to: two", "@@", "-1", "+2")
    assert tracker.unified_diff().startswith("diff --git a/two b/two\nnew file mode 100644\n")


def test_a_move_over_an_existing_file_is_a_deletion_and_a_change(repository: Path) -> None:
    (repository / "a").write_text("a\n")
    (repository / "b").write_text("b\n")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Update File: a", "*** Move to: b", "@@", "-a", "+c")
    diff = tracker.unified_diff()
    assert "deleted file mode" in diff.split("diff --git a/b b/b")[0]
    assert "-b\n+c\n" in diff


def test_a_move_that_was_not_carried_out_changes_nothing(repository: Path) -> None:
    (repository / "a").write_text("a\n")
    tracker = TurnDiffTracker()
    patch = "*** Begin Patch\n*** Update File: a\n*** Move to: b\n@@\n-a\n+c\n*** End Patch"
    tracker.note(verify(patch, str(repository)).changes)
    assert tracker.unified_diff() == ""


def test_outside_a_repository_paths_are_absolute(tmp_path: Path) -> None:
    tracker = TurnDiffTracker()
    act(tracker, tmp_path, "*** Add File: x", "+1")
    assert tracker.unified_diff().startswith(f"diff --git a/{tmp_path}/x b/{tmp_path}/x\n")


def test_a_change_through_a_link_is_shown_at_its_target(repository: Path) -> None:
    (repository / "target").write_text("1\n")
    (repository / "link").symlink_to("target")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Update File: link", "@@", "-1", "+2")
    assert tracker.unified_diff().startswith("diff --git a/target b/target\n")


def test_a_deleted_link_shows_its_target(repository: Path) -> None:
    (repository / "target").write_text("1\n")
    (repository / "link").symlink_to("target")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Delete File: link")
    diff = tracker.unified_diff()
    assert "deleted file mode 120000" in diff and "-target\n" in diff


def test_binary_files_are_only_named(repository: Path) -> None:
    (repository / "bin").write_bytes(b"\xff\xfe")
    tracker = TurnDiffTracker()
    act(tracker, repository, "*** Add File: bin", "+text")
    assert tracker.unified_diff().endswith("--- a/bin\n+++ b/bin\nBinary files differ\n")


def test_git_can_apply_the_diff(repository: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    (repository / "u").write_text("".join(f"{n}\n" for n in range(30)))
    (repository / "gone").write_text("x\n")
    (repository / "run").write_text("#!/bin/sh\n")
    (repository / "run").chmod(0o755)
    copy = tmp_path_factory.mktemp("copy")
    for path in repository.iterdir():
        if path.is_file():
            (copy / path.name).write_bytes(path.read_bytes())
            (copy / path.name).chmod(path.stat().st_mode)
    tracker = TurnDiffTracker()
    act(
        tracker,
        repository,
        *("*** Update File: u", "@@", "-3", "+three", "@@", "-25", "*** Delete File: gone"),
        *("*** Add File: new", "+n", "*** Update File: run", "@@", " #!/bin/sh", "+echo"),
    )
    try:
        subprocess.run(["git", "apply"], input=tracker.unified_diff(), text=True, cwd=copy, check=True)
    except FileNotFoundError:
        pytest.skip("git is not installed")
    assert {p.name: p.read_text() for p in copy.iterdir()} == {
        p.name: p.read_text() for p in repository.iterdir() if p.is_file()
    }
