from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from agent_core.config.explicit import ExplicitSettings
from agent_core.config.override import Override
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
    def make(
        text: str = "",
        cwd: Path | None = None,
        overrides: Sequence[Override] = (),
        explicit: ExplicitSettings | None = None,
        ignore_files: bool = False,
    ) -> ConfigRequest:
        if text:
            (home / "config.toml").write_text(text, encoding="utf-8")
        return ConfigRequest(
            home=home,
            cwd=cwd,
            overrides=overrides,
            explicit=explicit or ExplicitSettings(),
            env={"HOME": "/users/me"},
            system=tmp_path / "etc",
            ignore_files=ignore_files,
        )

    return make
