from pathlib import Path

import pytest
from agent_sandbox.host import cached_probe
from thread_harness import Opener, thread_opener


@pytest.fixture
def open_thread(tmp_path: Path) -> Opener:
    home, cwd = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    cwd.mkdir()
    return thread_opener(home, cwd)


@pytest.fixture(params=["asyncio", "trio"])
def anyio_backend(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def confinement() -> None:
    if not cached_probe().works:
        pytest.skip("no back end of the sandbox works on this host")
