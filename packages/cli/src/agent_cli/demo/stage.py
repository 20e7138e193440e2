"""The demo's folders: a fresh copy of the project, as a repository where git is there, and a home of its own."""

import os
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from shlex import quote

RUN_TESTS = "run-tests"
CASSETTE = "cassette.jsonl"
_SUFFIX = ".txt"
_TEST_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TestResult:
    """What the project's tests said."""

    passed: bool
    output: str


@dataclass(frozen=True, slots=True)
class Stage:
    """The project's copy and the home in which the run is recorded."""

    project: Path
    home: Path
    has_git: bool

    def environ(self) -> Mapping[str, str]:
        """Return this process's environment with the demo's own home."""
        return {**os.environ, "AGENT_HOME": str(self.home)}

    def run_tests(self) -> TestResult:
        """Run the project's tests, unconfined: they came with this program."""
        import subprocess

        done = subprocess.run(
            [str(self.project / RUN_TESTS)], cwd=self.project, capture_output=True, text=True,
            timeout=_TEST_SECONDS, check=False,
        )  # fmt: skip
        return TestResult(done.returncode == 0, done.stdout + done.stderr)

    def difference(self) -> str | None:
        """Return what changed in the project as a diff; None where there is no git to ask."""
        return _git(self.project, "diff", "--no-color") if self.has_git else None


@contextmanager
def staged(*, keep: bool) -> Iterator[Stage]:
    """Make the folders and remove them at the end, unless they are to be kept."""
    folder = Path(tempfile.mkdtemp(prefix="agent-demo-")).resolve()
    try:
        project, home = folder / "basket", folder / "home"
        home.mkdir()
        _copy_project(project)
        yield Stage(project, home, _make_repository(project))
    finally:
        if not keep:
            shutil.rmtree(folder, ignore_errors=True)


def cassette() -> Path:
    """Return the recording that comes with the demo."""
    return Path(str(files("agent_cli.demo") / CASSETTE))


def _copy_project(target: Path) -> None:
    target.mkdir()
    for source in (files("agent_cli.demo") / "project").iterdir():
        if source.name.endswith(_SUFFIX):
            (target / source.name.removesuffix(_SUFFIX)).write_text(source.read_text(encoding="utf-8"))
    script = target / RUN_TESTS
    script.write_text(f'#!/bin/sh\ncd "$(dirname "$0")" && exec {quote(sys.executable)} check.py\n')
    script.chmod(0o755)


def _make_repository(project: Path) -> bool:
    if shutil.which("git") is None:
        return False
    identity = ("-c", "user.name=demo", "-c", "user.email=demo@localhost", "-c", "commit.gpgsign=false")
    steps = (("init", "--quiet"), ("add", "--all"), (*identity, "commit", "--quiet", "--message", "A basket"))
    return all(_git(project, *step) is not None for step in steps)


def _git(project: Path, *arguments: str) -> str | None:
    import subprocess

    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=False)
    return done.stdout if done.returncode == 0 else None
