from pathlib import Path

import pytest
from agent_cli.workspace import WorkspaceError, is_in_git_repository, require_repository, working_directory


def test_a_repository_is_known_by_a_folder_or_a_file_above(tmp_path: Path) -> None:
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    assert not is_in_git_repository(inner)
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere")
    assert is_in_git_repository(inner)


def test_a_folder_outside_a_repository_is_refused(tmp_path: Path) -> None:
    with pytest.raises(WorkspaceError) as caught:
        require_repository(tmp_path)
    assert caught.value.directory == tmp_path
    (tmp_path / ".git").mkdir()
    require_repository(tmp_path)


def test_a_folder_is_made_absolute_and_must_exist(tmp_path: Path) -> None:
    assert working_directory(str(tmp_path / "x" / "..")) == tmp_path
    with pytest.raises(WorkspaceError):
        working_directory(str(tmp_path / "absent"))
