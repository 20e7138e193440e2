import io
import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from agent_cli.fork import Options, fork
from agent_cli.opening import NothingToResume, Resume
from agent_cli.run import Options as RunOptions
from agent_cli.run import run
from agent_cli.view import Streams
from agent_core.errors import NameUnknown
from agent_core.testing.answer import answer, message
from agent_core.testing.model import ScriptedModel
from agent_protocol.errors import RemoteError
from agent_state.file_store import FileThreadStore

pytestmark = pytest.mark.anyio


@pytest.fixture
def environ(tmp_path: Path) -> Mapping[str, str]:
    home = tmp_path / "home"
    home.mkdir()
    return {"AGENT_HOME": str(home), "HOME": str(home), "PATH": os.environ["PATH"]}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    return project


@pytest.fixture
async def thread(environ: Mapping[str, str], project: Path) -> str:
    """The id of a recorded thread."""
    out = io.StringIO()
    options = RunOptions(
        prompt="go", directory=str(project), sandbox="danger-full-access", as_json=True, environ=environ
    )
    streams = Streams(io.BytesIO(), out, io.StringIO())
    assert await run(options, streams, model=ScriptedModel([answer(message("Done."))])) == 0
    found = json.loads(out.getvalue().splitlines()[0])["thread_id"]
    assert isinstance(found, str)
    return found


async def copied(options: Options) -> tuple[str, str]:
    """Return the id that was printed, and the notes."""
    streams = Streams(io.BytesIO(), out := io.StringIO(), err := io.StringIO())
    await fork(options, streams)
    return out.getvalue().strip(), err.getvalue()


async def test_a_thread_is_copied_by_id_by_name_and_as_the_newest(
    environ: Mapping[str, str], project: Path, thread: str
) -> None:
    store = FileThreadStore(Path(environ["AGENT_HOME"]))
    await store.rename(thread, "my thread")
    seen = {thread}
    for source, directory in (
        (Resume(thread.upper()), None),
        (Resume("my thread"), None),
        (Resume(None), str(project)),
        (Resume(None, everywhere=True), None),
    ):
        copy, notes = await copied(Options(source=source, directory=directory, environ=environ))
        assert copy not in seen
        assert f"agent exec resume {copy} " in notes
        path = await store.find(copy)
        assert path is not None
        summary = await store.summary(path)
        assert (summary.preview, summary.cwd, summary.source) == ("go", str(project), "cli")
        assert (await store.meta(path)).forked_from_id in seen
        seen.add(copy)


async def test_a_copy_can_have_another_folder(environ: Mapping[str, str], tmp_path: Path, thread: str) -> None:
    folder = tmp_path / "other"
    folder.mkdir()
    copy, _ = await copied(Options(source=Resume(thread), directory=str(folder), environ=environ))
    store = FileThreadStore(Path(environ["AGENT_HOME"]))
    path = await store.find(copy)
    assert path is not None
    assert (await store.meta(path)).cwd == str(folder)


async def test_what_does_not_exist_is_not_copied(environ: Mapping[str, str], tmp_path: Path, thread: str) -> None:
    await FileThreadStore(Path(environ["AGENT_HOME"])).rename(thread, "my thread")
    with pytest.raises(NameUnknown) as caught:
        await copied(Options(source=Resume("my thraed"), environ=environ))
    assert caught.value.near == ["my thread"]
    with pytest.raises(RemoteError):
        await copied(Options(source=Resume("01890000-0000-7000-8000-000000000000"), environ=environ))
    empty = tmp_path / "empty"
    empty.mkdir()
    with pytest.raises(NothingToResume):
        await copied(Options(source=Resume(None), directory=str(empty), environ=environ))
