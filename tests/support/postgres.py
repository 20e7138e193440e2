"""A PostgreSQL server of the tests' own, from the system's package."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

USER = "tests"
_SERVER_SECONDS = 30


def programs() -> Path | None:
    """Return the folder of the newest server's programs, ``None`` where none is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[-3]))
    on_path = shutil.which("postgres")
    if found:
        return found[-1].parent
    return Path(on_path).resolve().parent if on_path else None


@contextmanager
def server() -> Iterator[str]:
    """Run a server and yield the URL of its database."""
    with TemporaryDirectory(prefix="tests-postgres-") as folder:
        yield from _serve(Path(folder))


def _serve(folder: Path) -> Iterator[str]:
    bin_ = programs()
    assert bin_ is not None
    data, socket = folder / "data", folder / "socket"
    for directory in (data, socket):
        directory.mkdir(mode=0o700)
    as_user = _as_ordinary_user(folder)
    _run(
        [*as_user, str(bin_ / "initdb"), "-D", str(data), "-U", USER, "-A", "trust", "-E", "UTF8", "--no-sync"], folder
    )
    settings = {"listen_addresses": "", "unix_socket_directories": str(socket), "fsync": "off"}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    with (folder / "log").open("wb") as log:
        child = subprocess.Popen(
            [*as_user, str(bin_ / "postgres"), "-D", str(data), *options], cwd=folder, stdout=log, stderr=log
        )
    try:
        _wait(bin_, socket, child, folder / "log")
        yield f"postgresql://{USER}@/postgres?host={socket}"
    finally:
        _run([*as_user, str(bin_ / "pg_ctl"), "stop", "-D", str(data), "-m", "fast"], folder)
        child.wait(_SERVER_SECONDS)


def _as_ordinary_user(folder: Path) -> list[str]:
    """Return how to run a program as somebody else, for the server refuses to be root; give them the folder."""
    if os.geteuid() != 0:
        return []
    for path in (folder, *folder.rglob("*")):
        shutil.chown(path, "nobody")
    return ["runuser", "-u", "nobody", "--"]


def _run(argv: list[str], folder: Path) -> None:
    done = subprocess.run(argv, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr


def _wait(bin_: Path, socket: Path, child: "subprocess.Popen[bytes]", log: Path) -> None:
    end = time.monotonic() + _SERVER_SECONDS
    while subprocess.run([bin_ / "pg_isready", "-q", "-h", socket], timeout=10, check=False).returncode != 0:
        assert child.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.05)
