"""Which thread a run works in: a new one, or an earlier one, found through the protocol."""

from dataclasses import dataclass
from pathlib import Path

from agent_core.thread.names import ThreadNames
from agent_protocol.client import AgentClient
from agent_protocol.v2.common import AskForApproval, SandboxMode
from agent_protocol.v2.config import CONFIG_READ, ConfigReadParams
from agent_protocol.v2.thread import (
    THREAD_LIST,
    THREAD_RESUME,
    THREAD_START,
    ThreadListParams,
    ThreadResumeParams,
    ThreadResumeResponse,
    ThreadSortKey,
    ThreadSourceKind,
    ThreadStartParams,
    ThreadStartResponse,
)
from agent_protocol.version import VERSION

from agent_cli.render.human import Facts

_SOURCES = (
    ThreadSourceKind.CLI,
    ThreadSourceKind.VSCODE,
    ThreadSourceKind.EXEC,
    ThreadSourceKind.APP_SERVER,
    ThreadSourceKind.UNKNOWN,
)


@dataclass(frozen=True, slots=True)
class Resume:
    """An earlier thread to go on with: one by its id or name, or the newest, of this folder or of any."""

    word: str | None
    everywhere: bool = False


class NothingToResume(Exception):
    """There is no earlier thread; ``directory`` is the folder that was searched, or None for all."""

    def __init__(self, directory: Path | None) -> None:
        self.directory = directory
        where = f" of {directory}; --all looks at every folder" if directory else ""
        super().__init__(f"there is no earlier thread{where}")


async def open_thread(
    client: AgentClient,
    names: ThreadNames,
    directory: Path,
    *,
    resume: Resume | None,
    model: str | None,
    sandbox_mode: str | None,
) -> ThreadStartResponse | ThreadResumeResponse:
    """Start a thread, or resume one, that works in ``directory`` and asks for no approval.

    Raises ``NothingToResume``, ``NameUnknown``, and ``RemoteError`` where the server refuses.
    """
    sandbox = None if sandbox_mode is None else SandboxMode(sandbox_mode)
    if resume is None:
        return await client.request(
            THREAD_START,
            ThreadStartParams(model=model, cwd=str(directory), approval_policy=AskForApproval.NEVER, sandbox=sandbox),
        )
    thread_id = await find_thread(client, names, directory, resume)
    return await client.request(
        THREAD_RESUME,
        ThreadResumeParams(
            thread_id=thread_id,
            model=model,
            cwd=str(directory),
            approval_policy=AskForApproval.NEVER,
            sandbox=sandbox,
        ),
    )


async def find_thread(client: AgentClient, names: ThreadNames, directory: Path, wanted: Resume) -> str:
    """Return the id of the thread that is meant.

    Raises ``NothingToResume``, and ``NameUnknown`` for a word that is neither an id nor a name.
    """
    if wanted.word is not None:
        return await names.find(wanted.word)
    return await _newest(client, None if wanted.everywhere else directory)


async def _newest(client: AgentClient, directory: Path | None) -> str:
    page = await client.request(
        THREAD_LIST,
        ThreadListParams(
            limit=1,
            sort_key=ThreadSortKey.UPDATED_AT,
            source_kinds=_SOURCES,
            cwd=None if directory is None else str(directory),
        ),
    )
    if not page.data:
        raise NothingToResume(directory)
    return page.data[0].id


async def facts_of(client: AgentClient, thread: ThreadStartResponse | ThreadResumeResponse) -> Facts:
    """Return the settings of the run, for its heading."""
    settings = await client.request(CONFIG_READ, ConfigReadParams(cwd=thread.cwd))
    return Facts(
        version=VERSION,
        workdir=thread.cwd,
        model=thread.model,
        provider=thread.model_provider,
        approval=thread.approval_policy,
        sandbox=thread.sandbox,
        reasoning_effort=thread.reasoning_effort,
        reasoning_summaries=settings.config.get("model_reasoning_summary"),
        thread_id=thread.thread.id,
    )
