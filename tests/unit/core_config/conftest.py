from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from agent_core.config.stack import ConfigRequest


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    project = tmp_path / "work" / "app"
    (project / ".git").mkdir(parents=True)
    return project


@pytest.fixture
def request_for(tmp_path: Path, home: Path) -> Callable[..., ConfigRequest]:
    def make(text: str = "", cwd: Path | None = None, **more: object) -> ConfigRequest:
        if text:
            (home / "config.toml").write_text(text, encoding="utf-8")
        members: Mapping[str, object] = {"env": {"HOME": "/users/me"}, "system": tmp_path / "etc", **more}
        return ConfigRequest(home=home, cwd=cwd, **members)  # type: ignore[arg-type]

    return make
