import os
from pathlib import Path

from agent_sandbox.policy import Policy, ReadAccess
from agent_sandbox.view import FileView, contains, file_view, outermost
from hypothesis import given, settings
from hypothesis import strategies as st

paths = st.lists(st.sampled_from(["a", "b", "ab"]), max_size=4).map(lambda parts: "/" + "/".join(parts))


def view(cwd: Path, *roots: Path) -> FileView:
    policy = Policy.workspace_write(roots, exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    return file_view(policy.resolve(cwd, {}))


def test_a_linked_root_is_followed(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    assert view(tmp_path / "link").writable == (os.path.realpath(tmp_path / "real"),)


def test_a_missing_root_is_left_out(tmp_path: Path) -> None:
    assert view(tmp_path, tmp_path.parent / "missing").writable == (os.path.realpath(tmp_path),)


def test_a_root_inside_another_is_dropped_but_its_protection_stays(tmp_path: Path) -> None:
    (tmp_path / "inner" / ".git").mkdir(parents=True)
    found = view(tmp_path, tmp_path / "inner")
    assert found.writable == (os.path.realpath(tmp_path),)
    assert found.protected == (os.path.realpath(tmp_path / "inner" / ".git"),)


def test_the_target_of_a_linked_setting_is_protected_when_it_can_be_written(tmp_path: Path) -> None:
    work, outside = tmp_path / "work", tmp_path / "outside"
    for path in (work / "decoy", outside):
        path.mkdir(parents=True)
    (work / ".codex").symlink_to("decoy")
    (work / ".agents").symlink_to(outside)
    assert view(work).protected == (os.path.realpath(work / "decoy"),)


def test_readable_roots_keep_their_names_for_rebuilding_links(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to("real")
    access = ReadAccess(roots=(tmp_path / "link", tmp_path / "missing"), platform_defaults=False)
    found = file_view(Policy.read_only(read_access=access).resolve(tmp_path, {}))
    assert found.readable == (os.path.realpath(tmp_path / "real"),)
    assert found.readable_names == (str(tmp_path / "link"),)


@settings(deadline=None)
@given(st.lists(paths, max_size=8))
def test_outermost_covers_all_and_nests_nothing(given_paths: list[str]) -> None:
    kept = outermost(given_paths)
    assert all(contains(kept, path) for path in given_paths)
    assert all(not contains([other], path) for path in kept for other in kept if other != path)
    assert set(kept) <= set(given_paths)
