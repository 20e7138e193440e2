import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest
from agent_state.index.location import PostgresLocation, SqliteLocation
from agent_state.index.row import ThreadRow
from agent_state.sql import migrations
from agent_state.sql.engine import postgres_engine, sqlite_engine
from agent_state.sql.mount import file_system, is_network, is_on_network
from agent_state.sql.open import open_sqlite
from agent_state.sql.tables import metadata, threads
from agent_state.sql.upgrade import HEAD, upgrade_sqlite
from agent_state.testing.sample import sample_row
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError


@pytest.fixture(params=["sqlite", "postgres"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    if request.param == "sqlite":
        location = SqliteLocation(tmp_path)
        location.open().close()
        made = sqlite_engine(location.path, create=False, busy_seconds=1, network=False)
    else:
        url = request.getfixturevalue("postgres_schema")
        PostgresLocation(tmp_path, url).open().close()
        made = postgres_engine(url, "the tests' server")
    yield made
    made.dispose()


def test_the_head_that_is_looked_for_is_the_newest_revision() -> None:
    script = ScriptDirectory(str(Path(migrations.__file__).parent))
    assert script.get_current_head() == HEAD
    revisions = [revision.revision for revision in script.walk_revisions()]
    assert revisions == [f"{number:04}" for number in range(len(revisions), 0, -1)]


def test_the_revisions_make_the_tables_that_queries_see(engine: Engine) -> None:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
        assert context.get_current_revision() == HEAD


def test_the_table_begins_with_the_fields_of_a_row() -> None:
    columns = [column.name for column in threads.columns]
    assert columns[: len(ThreadRow.__struct_fields__)] == list(ThreadRow.__struct_fields__)


def test_a_database_at_the_head_is_opened_without_alembic(tmp_path: Path) -> None:
    SqliteLocation(tmp_path).open().close()
    code = f"""
import sys
from pathlib import Path
from agent_state.index.location import SqliteLocation
location = SqliteLocation(Path({str(tmp_path)!r}))
assert not [name for name in sys.modules if name.partition(".")[0] in ("sqlalchemy", "alembic", "sqlite3")]
location.open().close()
assert "sqlalchemy" in sys.modules and "alembic" not in sys.modules
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr


def test_a_failed_upgrade_leaves_the_database_as_it_was(tmp_path: Path) -> None:
    location = SqliteLocation(tmp_path)
    with closing(sqlite3.connect(location.path, isolation_level=None)) as connection:
        connection.execute("CREATE TABLE threads (id TEXT)")
        before = connection.execute("SELECT * FROM sqlite_master").fetchall()
        engine = sqlite_engine(location.path, create=False, busy_seconds=1, network=False)
        with pytest.raises(OperationalError):
            upgrade_sqlite(engine, "here")
        engine.dispose()
        assert connection.execute("SELECT * FROM sqlite_master").fetchall() == before


def _answer(answer: bool, path: Path) -> bool:
    return answer


@pytest.mark.parametrize(("network", "mode"), [(False, "wal"), (True, "delete")])
def test_the_journal_is_chosen_by_the_file_system(tmp_path: Path, network: bool, mode: str) -> None:
    path = tmp_path / "some.db"
    for on_network in (not network, network):
        index = open_sqlite(path, tmp_path / "lock", busy_seconds=1, on_network=partial(_answer, on_network))
        index.put([sample_row(1)])
        index.close()
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)
        assert connection.execute("SELECT count(*) FROM threads").fetchone() == (1,)


MOUNTS = r"""
21 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
22 21 0:40 / /home rw shared:2 - nfs4 server:/home rw,vers=4.2
23 22 0:41 / /home/with\040space rw - fuse.sshfs host: rw
24 21 0:42 / /data rw - btrfs /dev/sdb rw
25 21 0:43 / /data rw - 9p share rw
26 21 0:44 / /local rw - fuseblk /dev/sdc rw
no mount at all
27 21 0:45 / /afs rw - afs none rw
28 21 0:46 / /share rw - cifs //server/share rw
"""


@pytest.mark.parametrize(
    ("path", "kind", "network"),
    [
        ("/", "ext4", False),
        ("/home2/x", "ext4", False),
        ("/home/u/.agent", "nfs4", True),
        ("/home/with space/x", "fuse.sshfs", True),
        ("/data/x", "9p", True),
        ("/local/x", "fuseblk", False),
        ("/afs/x", "afs", True),
        ("/share", "cifs", True),
    ],
)
def test_the_file_system_of_a_path_is_that_of_its_deepest_mount(path: str, kind: str, network: bool) -> None:
    assert file_system(Path(path), MOUNTS) == kind
    assert is_network(kind) is network


def test_the_host_can_be_asked() -> None:
    assert is_on_network(Path("/proc")) is False
