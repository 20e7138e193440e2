"""A thread as clients see it, from its record or from memory."""

from collections.abc import Sequence
from dataclasses import dataclass

from agent_protocol.projection.source import session_source
from agent_protocol.rollout.source import SessionSource
from agent_protocol.v2 import thread as wire
from agent_protocol.v2.turn import Turn
from agent_state.store import StoredThread
from msgspec import UNSET, UnsetType


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveFacts:
    """What is known of a loaded thread that has no record yet, or keeps none."""

    id: str
    path: str | None
    model_provider: str
    cwd: str
    cli_version: str
    source: SessionSource
    now_s: int


def stored_view(
    stored: StoredThread, *, turns: Sequence[Turn], status: wire.ThreadStatus, default_provider: str
) -> wire.Thread:
    """Return a recorded thread; one recorded without a provider counts as of ``default_provider``."""
    git = stored.git
    return wire.Thread(
        id=stored.thread_id,
        preview=stored.preview,
        model_provider=stored.model_provider or default_provider,
        created_at=int(stored.created_at.timestamp()) if stored.created_at is not None else 0,
        updated_at=int(stored.updated_at.timestamp()),
        path=str(stored.path),
        cwd=stored.cwd,
        cli_version=stored.cli_version,
        source=session_source(stored.source),
        git_info=None
        if git is None
        else wire.GitInfo(
            sha=_given(git.commit_hash), branch=_given(git.branch), origin_url=_given(git.repository_url)
        ),
        turns=turns,
        ephemeral=False,
        project_id=None,
        session_id=stored.thread_id,
        status=status,
    )


def live_view(facts: LiveFacts, status: wire.ThreadStatus) -> wire.Thread:
    """Return a thread that is not recorded: it has no turns to show, and both its times are now."""
    return wire.Thread(
        id=facts.id,
        preview="",
        model_provider=facts.model_provider,
        created_at=facts.now_s,
        updated_at=facts.now_s,
        path=facts.path,
        cwd=facts.cwd,
        cli_version=facts.cli_version,
        source=session_source(facts.source),
        git_info=None,
        turns=(),
        ephemeral=facts.path is None,
        project_id=None,
        session_id=facts.id,
        status=status,
    )


def _given(value: str | UnsetType) -> str | None:
    return None if value is UNSET else value
