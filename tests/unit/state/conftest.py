import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import postgres
import psycopg
import pytest
from agent_protocol.rollout.line import SessionMeta
from agent_state.file_store import FileThreadStore
from agent_state.store import NewThread

START = datetime(2026, 2, 12, 10, 11, 12, 345678, tzinfo=UTC)


class StepClock:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.time = START

    def __call__(self) -> datetime:
        return self.time

    def step(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@pytest.fixture
def clock() -> StepClock:
    return StepClock()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def store(home: Path, clock: StepClock) -> FileThreadStore:
    return FileThreadStore(home, now=clock, zone=UTC)


@pytest.fixture
def new_thread(clock: StepClock) -> Callable[..., NewThread]:
    def make(thread_id: str = "019c4a07-d809-74c3-bc4b-fd9618487b4b") -> NewThread:
        meta = SessionMeta(
            id=thread_id,
            timestamp=clock().isoformat().replace("+00:00", "Z"),
            cwd="/proj/app",
            originator="test",
            cli_version="0.1.0",
            source="cli",
            model_provider="openai",
        )
        return NewThread(meta=meta, created_at=clock())

    return make


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed here")
    with postgres.server() as url:
        yield url


@pytest.fixture
def postgres_schema(postgres_url: str) -> str:
    """Return the URL of a schema of the test's own."""
    name = f"test_{uuid.uuid4().hex}"
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        connection.execute(f"CREATE SCHEMA {name}")
    return f"{postgres_url}&options=-csearch_path%3D{name}"
