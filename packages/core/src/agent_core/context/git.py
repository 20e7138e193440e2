"""What git says about the working directory: for the record of a session, and for the headers of model requests."""

import os
from collections.abc import Sequence

import anyio
from agent_protocol.rollout.line import GitInfo, SessionMeta
from agent_protocol.wire import JsonValue
from msgspec import UNSET, structs

SECONDS = 5.0
"""How long all of git's answers together may take."""


async def git_info(cwd: str, seconds: float = SECONDS) -> GitInfo | None:
    """Return commit, branch and origin of the repository at ``cwd``; ``None`` outside of one, or without git.

    What git does not know, or does not tell within ``seconds``, is left out. All fields may be absent.
    """
    with anyio.move_on_after(seconds):
        if await _git(cwd, "rev-parse", "--git-dir") is None:
            return None
        answers = await _ask_all(
            cwd,
            ("rev-parse", "HEAD"),
            ("rev-parse", "--abbrev-ref", "HEAD"),
            ("remote", "get-url", "origin"),
        )
        commit, branch, url = answers
        return GitInfo(
            commit_hash=commit or UNSET,
            branch=branch if branch and branch != "HEAD" else UNSET,
            repository_url=url or UNSET,
        )
    return None


async def with_git_info(meta: SessionMeta) -> SessionMeta:
    """Return ``meta`` with the git facts of its directory; takes a few seconds at most."""
    info = await git_info(meta.cwd)
    return meta if info is None else structs.replace(meta, git=info)


async def workspaces(cwd: str, seconds: float = SECONDS) -> dict[str, JsonValue] | None:
    """Return the state of the repository at ``cwd`` by its root, in the form of the turn metadata header.

    ``None`` outside of a repository, without git, or when git takes longer than ``seconds``.
    """
    with anyio.move_on_after(seconds):
        root = await _git(cwd, "rev-parse", "--show-toplevel")
        if not root:
            return None
        head, status, remotes = await _ask_all(cwd, ("rev-parse", "HEAD"), ("status", "--porcelain"), ("remote", "-v"))
        members: dict[str, JsonValue] = {}
        if urls := _fetch_urls(remotes or ""):
            members["associated_remote_urls"] = urls
        if head:
            members["latest_git_commit_hash"] = head
        members["has_changes"] = bool(status)
        return {root: members}
    return None


def _fetch_urls(listing: str) -> dict[str, str]:
    rows = (line.split() for line in listing.splitlines() if line.endswith("(fetch)"))
    return {row[0]: row[1] for row in rows if len(row) == 3}


async def _ask_all(cwd: str, *questions: Sequence[str]) -> list[str | None]:
    answers: list[str | None] = [None] * len(questions)

    async def ask(position: int, arguments: Sequence[str]) -> None:
        answers[position] = await _git(cwd, *arguments)

    async with anyio.create_task_group() as tasks:
        for position, arguments in enumerate(questions):
            tasks.start_soon(ask, position, arguments)
    return answers


async def _git(cwd: str, *arguments: str) -> str | None:
    """Return what git prints, trimmed; ``None`` when it fails. Never asks, never takes a lock it can do without."""
    environment = {**os.environ, "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
    try:
        done = await anyio.run_process(["git", *arguments], cwd=cwd, env=environment, check=False)
    except OSError:
        return None
    return done.stdout.decode(errors="replace").strip() if done.returncode == 0 else None
