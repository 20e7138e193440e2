import os
import shutil
import subprocess
from pathlib import Path

import anyio
import pytest
from agent_core.context.git import git_info, with_git_info, workspaces
from agent_core.context.metadata import turn_metadata
from agent_protocol.rollout.line import GitInfo, SessionMeta
from msgspec import UNSET, json

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(shutil.which("git") is None, reason="git is not on this machine"),
]


def _git(cwd: Path, *arguments: str) -> str:
    environment = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_GLOBAL": "/dev/null",
        "GIT_AUTHOR_NAME": "a",
        "GIT_AUTHOR_EMAIL": "a@b",
        "GIT_COMMITTER_NAME": "a",
        "GIT_COMMITTER_EMAIL": "a@b",
    }
    done = subprocess.run(["git", *arguments], cwd=cwd, env=environment, capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    path = tmp_path / "repository"
    path.mkdir()
    _git(path, "init", "-q", "-b", "main")
    return path


@pytest.fixture
def committed(repository: Path) -> str:
    (repository / "file").write_text("x")
    _git(repository, "add", ".")
    _git(repository, "commit", "-q", "-m", "first")
    _git(repository, "remote", "add", "origin", "https://example.org/r.git")
    return _git(repository, "rev-parse", "HEAD")


async def test_a_repository_tells_commit_branch_and_origin(repository: Path, committed: str) -> None:
    expected = GitInfo(commit_hash=committed, branch="main", repository_url="https://example.org/r.git")
    assert await git_info(str(repository)) == expected
    meta = SessionMeta(id="t", timestamp="", cwd=str(repository), originator="o", cli_version="1")
    assert (await with_git_info(meta)).git == expected


async def test_a_new_repository_tells_nothing_and_is_one_all_the_same(repository: Path) -> None:
    info = await git_info(str(repository))
    assert info is not None
    assert json.encode(info) in (b"{}", b'{"branch":"main"}')


async def test_a_detached_head_has_no_branch(repository: Path, committed: str) -> None:
    await anyio.to_thread.run_sync(_git, repository, "checkout", "-q", "--detach")
    info = await git_info(str(repository))
    assert info is not None and info.branch is UNSET and info.commit_hash == committed


async def test_outside_of_a_repository_there_is_nothing_to_tell(tmp_path: Path) -> None:
    assert await git_info(str(tmp_path)) is None
    assert await git_info(str(tmp_path / "none")) is None
    assert await workspaces(str(tmp_path)) is None
    meta = SessionMeta(id="t", timestamp="", cwd=str(tmp_path), originator="o", cli_version="1")
    assert await with_git_info(meta) == meta


async def test_git_is_not_waited_for_longer_than_allowed(repository: Path) -> None:
    assert await git_info(str(repository), seconds=0) is None


async def test_the_workspace_is_told_by_its_root(repository: Path, committed: str) -> None:
    inner = repository / "inner"
    await anyio.Path(inner).mkdir()
    expected = {
        "associated_remote_urls": {"origin": "https://example.org/r.git"},
        "latest_git_commit_hash": committed,
        "has_changes": False,
    }
    assert await workspaces(str(inner)) == {str(repository): expected}
    await anyio.Path(inner / "new").write_text("x")
    assert await workspaces(str(inner)) == {str(repository): expected | {"has_changes": True}}


async def test_the_header_is_compact_ascii_in_its_order() -> None:
    assert turn_metadata("t", "none") == '{"turn_id":"t","sandbox":"none"}'
    value = turn_metadata("t", "seccomp", {"/späte": {"has_changes": True}})
    assert value.isascii()
    assert list(json.decode(value)) == ["turn_id", "workspaces", "sandbox"]
