from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from implementation import IMPLEMENTATIONS, OURS, find
from requirement import manifest
from stage import Opener, Stage, staged

HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests of this folder that name no entry of the manifest, or one that is not said to be tested."""
    strays = [
        f"{item.nodeid}: {', '.join(unknown) or 'no requirement'}"
        for item in items
        if item.path.is_relative_to(HERE) and item.path.name != "test_manifest.py"
        if (unknown := [key for key in named(item) if not is_tested(key)]) or not named(item)
    ]
    if strays:
        raise pytest.UsageError("tests without a tested entry in the manifest:\n" + "\n".join(strays))


def named(item: pytest.Item) -> list[str]:
    return [key for mark in item.iter_markers("requirement") for key in mark.args]


def is_tested(key: str) -> bool:
    entry = manifest().get(key)
    return entry is not None and entry.is_tested


@pytest.fixture(scope="module", params=IMPLEMENTATIONS)
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Each implementation in turn, one process for the tests of a module."""
    with staged(find(request.param), tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture(scope="module")
def ours(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Our server, one process for the tests of a module."""
    with staged(OURS, tmp_path_factory.mktemp("ours")) as stage:
        yield stage


@pytest.fixture(scope="module")
def theirs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The reference, one process for the tests of a module."""
    with staged(find("reference"), tmp_path_factory.mktemp("theirs")) as stage:
        yield stage


@pytest.fixture(params=IMPLEMENTATIONS)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens a stage of each implementation in turn with a home of its own."""
    return partial(staged, find(request.param), tmp_path / "stage")


@pytest.fixture
def fresh_ours(tmp_path: Path) -> Opener:
    """Opens a stage of our server with a home of its own."""
    return partial(staged, OURS, tmp_path / "ours")


@pytest.fixture
def fresh_theirs(tmp_path: Path) -> Opener:
    """Opens a stage of the reference with a home of its own."""
    return partial(staged, find("reference"), tmp_path / "theirs")
