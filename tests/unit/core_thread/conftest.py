from pathlib import Path

import pytest
from thread_harness import Opener, thread_opener


@pytest.fixture
def open_thread(tmp_path: Path) -> Opener:
    home, cwd = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    cwd.mkdir()
    return thread_opener(home, cwd)
