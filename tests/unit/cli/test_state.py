import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from agent_cli.commands.root import agent
from agent_state.rollout.names import append_name
from agent_state.testing.sample import BEGIN, sample_id, write_rollout
from click.testing import CliRunner, Result


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    for number in range(3):
        write_rollout(folder, number)
    return folder


def run(home: Path, *arguments: str, **environ: str) -> Result:
    home.mkdir(exist_ok=True)
    environ |= {"AGENT_HOME": str(home), "HOME": str(home)}
    return CliRunner().invoke(agent, ["state", *arguments], env=environ, catch_exceptions=False)


def execute(home: Path, statement: str) -> None:
    with closing(sqlite3.connect(home / "agent-state.db", isolation_level=None)) as connection:
        connection.execute(statement)


def test_a_rebuilt_index_says_what_the_files_say(home: Path) -> None:
    assert run(home, "rebuild").exit_code == 0
    assert run(home, "check").exit_code == 0


def test_a_home_without_threads_needs_no_index(tmp_path: Path) -> None:
    assert run(tmp_path / "empty", "check").exit_code == 0
    assert not (tmp_path / "empty" / "agent-state.db").exists()


def test_a_missing_index_is_a_difference_and_is_not_made_by_looking(home: Path) -> None:
    assert run(home, "check").exit_code == 1
    assert not (home / "agent-state.db").exists()


def test_every_difference_is_printed(home: Path) -> None:
    gone = write_rollout(home, 9)
    run(home, "rebuild")
    gone.unlink()
    execute(home, f"DELETE FROM threads WHERE id = '{sample_id(0)}'")
    execute(home, f"UPDATE threads SET cwd = '/forged' WHERE id = '{sample_id(1)}'")
    checked = run(home, "check")
    assert checked.exit_code == 1
    *differences, _ = checked.stdout.splitlines()
    assert [sample_id(number) for number in (1, 0, 9)] == [line.partition(".jsonl")[0][-36:] for line in differences]
    assert run(home, "rebuild").exit_code == 0
    assert run(home, "check").exit_code == 0


def test_a_file_that_went_on_is_told_by_column(home: Path) -> None:
    run(home, "rebuild")
    path = write_rollout(home, 1, cwd="/elsewhere")
    checked = run(home, "check")
    assert checked.exit_code == 1
    columns = [line.removeprefix(f"{path.relative_to(home)}: ").split()[0] for line in checked.stdout.splitlines()[:-1]]
    assert {"cwd", "mtime_ns", "size_bytes"} <= set(columns)


@pytest.mark.parametrize("damage", ["garbage", "newer"])
def test_an_index_that_cannot_be_used_is_said_to_be_so_and_rebuilt(home: Path, damage: str) -> None:
    run(home, "rebuild")
    if damage == "garbage":
        (home / "agent-state.db").write_bytes(b"garbage" * 1000)
    else:
        execute(home, "UPDATE alembic_version SET version_num = '0099'")
        execute(home, "PRAGMA user_version = 99")
    assert run(home, "check").exit_code == 1
    assert run(home, "rebuild").exit_code == 0
    assert run(home, "check").exit_code == 0


def test_without_an_index_there_is_nothing_to_do(home: Path) -> None:
    for command in ("check", "rebuild"):
        assert run(home, command, AGENT_INDEX_URL="off").exit_code == 0
    assert not (home / "agent-state.db").exists()


def test_lines_that_cannot_be_read_are_found(home: Path) -> None:
    assert run(home, "verify").exit_code == 0
    path = next(home.rglob(f"*{sample_id(1)}.jsonl"))
    with path.open("ab") as file:
        file.write(b'{"timestamp":"t","type":"of_the_future","payload":{}}\nno json\n\n{"torn')
    found = run(home, "verify")
    assert found.exit_code == 1
    assert [line.split(": ")[0] for line in found.stdout.splitlines()[:-1]] == [f"{path}:4", f"{path}:6"]
    assert run(home, "verify", sample_id(1)).exit_code == 1
    assert run(home, "verify", sample_id(2)).exit_code == 0


def test_a_file_without_meta_or_of_another_thread_is_found(home: Path) -> None:
    paths = {number: next(home.rglob(f"*{sample_id(number)}.jsonl")) for number in range(3)}
    paths[0].write_bytes(paths[0].read_bytes().partition(b"\n")[2])
    paths[1].write_bytes(paths[2].read_bytes())
    found = run(home, "verify")
    assert found.exit_code == 1
    assert {line.split(": ")[0] for line in found.stdout.splitlines()[:-1]} == {str(paths[0]), str(paths[1])}


def test_an_exported_thread_is_imported_elsewhere(home: Path, tmp_path: Path) -> None:
    append_name(home, sample_id(1), "my thread", BEGIN)
    path = next(home.rglob(f"*{sample_id(1)}.jsonl"))
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"torn')
    file = tmp_path / "exported.jsonl"
    assert run(home, "export", "my thread", str(file)).exit_code == 0
    assert file.read_bytes() == whole
    assert run(home, "export", sample_id(1), str(file)).exit_code == 1
    assert run(home, "export", sample_id(1), str(file), "--force").exit_code == 0
    other = tmp_path / "other"
    imported = run(other, "import", str(file))
    assert imported.exit_code == 0
    (target,) = other.rglob("rollout-*.jsonl")
    assert imported.stdout.strip() == str(target)
    assert target.read_bytes() == whole
    assert target.stat().st_mtime_ns == path.stat().st_mtime_ns
    assert run(other, "import", str(file)).exit_code == 1
    assert run(other, "verify").exit_code == 0


def test_a_record_keeps_its_name_when_it_is_imported_under_it(home: Path, tmp_path: Path) -> None:
    path = next(home.rglob(f"*{sample_id(1)}.jsonl"))
    assert run(tmp_path / "other", "import", str(path)).exit_code == 0
    assert [found.relative_to(tmp_path / "other") for found in (tmp_path / "other").rglob("rollout-*.jsonl")] == [
        path.relative_to(home)
    ]


def test_what_is_no_record_is_not_imported(tmp_path: Path) -> None:
    for content in (b"", b"no json\n", b'{"timestamp":"t","type":"event_msg","payload":{}}\n'):
        (tmp_path / "file").write_bytes(content)
        assert run(tmp_path / "home", "import", str(tmp_path / "file")).exit_code == 1
        assert not list((tmp_path / "home").rglob("*.jsonl"))


def test_an_unknown_thread_is_neither_exported_nor_verified(home: Path, tmp_path: Path) -> None:
    assert run(home, "export", sample_id(8), str(tmp_path / "file")).exit_code == 1
    assert run(home, "verify", "no such name").exit_code == 1
    assert not (tmp_path / "file").exists()
