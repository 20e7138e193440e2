"""Compare `agent app-server` with the reference binary, in one run, on this machine.

    python benchmarks/compare_reference.py [--reference PATH] [--rounds N] [--json FILE]

Each round measures one program after the other, so that a slow phase of the machine meets both. Measured are: time
from the start of the process to the `initialize` reply, resident memory after it (all processes of the program), and
the time from `turn/start` to `turn/completed` of an empty turn, of one whose answer comes in 5,000 deltas, and of one
that runs a command. The table gives medians, and the ratio of ours to the reference's.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, NamedTuple

HERE = Path(__file__).resolve().parent
CACHED = Path.home() / ".cache/agent-oracle/0.104.0/package/vendor/x86_64-unknown-linux-musl/codex/codex"
DELTAS = 5000
TURNS = {"empty": 10, "deltas": 3, "command": 6}


class Aim(NamedTuple):
    """A row of the table: what is measured, its unit, and the ratio we want at most (or at least)."""

    name: str
    title: str
    unit: str
    bound: float
    higher_is_better: bool = False


AIMS = (
    Aim("initialize", "start to initialize reply", "ms", 2.5),
    Aim("rss", "resident memory after it", "MiB", 2.5),
    Aim("empty", "empty turn", "ms", 0.5),
    Aim("deltas", "deltas delivered", "1/s", 1.5, higher_is_better=True),
    Aim("command", "one-command turn", "ms", 0.3),
)


class Program:
    """One app-server under measurement."""

    def __init__(self, argv: list[str], url: str, folder: Path) -> None:
        self.home, self.work = folder / "home", folder / "work"
        self.home.mkdir(parents=True, exist_ok=True)
        self.work.mkdir(exist_ok=True)
        (self.home / "config.toml").write_text(
            'model = "gpt-5.2-codex"\nmodel_provider = "bench"\napproval_policy = "never"\n'
            'sandbox_mode = "danger-full-access"\n[model_providers.bench]\nname = "Bench"\n'
            f'base_url = "{url}"\n'
        )
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        env = {**kept, "HOME": str(self.home), "AGENT_HOME": str(self.home), "CODEX_HOME": str(self.home)}
        started = time.perf_counter()
        self.child = subprocess.Popen(
            [*argv, "app-server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=env,
            cwd=self.work,
        )
        self.next_id = 0
        self.request("initialize", {"clientInfo": {"name": "bench", "version": "1"}})
        self.initialize_ms = (time.perf_counter() - started) * 1000
        self.rss_mib = sum(resident_kib(pid) for pid in family(self.child.pid)) / 1024

    def send(self, message: dict[str, object]) -> None:
        stdin: IO[bytes] | None = self.child.stdin
        assert stdin is not None
        stdin.write(json.dumps(message).encode() + b"\n")
        stdin.flush()

    def lines(self) -> Iterator[bytes]:
        assert self.child.stdout is not None
        while line := self.child.stdout.readline():
            yield line
        raise RuntimeError(f"the program ended with {self.child.wait()}")

    def request(self, method: str, params: dict[str, object]) -> dict[str, object]:
        self.next_id += 1
        self.send({"id": self.next_id, "method": method, "params": params})
        for line in self.lines():
            message = json.loads(line)
            if message.get("id") == self.next_id and "method" not in message:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                result: dict[str, object] = message["result"]
                return result
        raise AssertionError

    def start_thread(self) -> str:
        thread = self.request("thread/start", {"cwd": str(self.work)})["thread"]
        assert isinstance(thread, dict)
        return str(thread["id"])

    def turn(self, thread: str, kind: str) -> float:
        """Return the milliseconds a turn takes; every delta must arrive."""
        self.next_id += 1
        params = {"threadId": thread, "input": [{"type": "text", "text": f"bench:{kind}"}]}
        started = time.perf_counter()
        self.send({"id": self.next_id, "method": "turn/start", "params": params})
        deltas = 0
        for line in self.lines():
            if b'"method":"item/agentMessage/delta"' in line:
                deltas += 1
            elif b'"method":"turn/completed"' in line:
                break
        elapsed = (time.perf_counter() - started) * 1000
        if kind == "deltas" and deltas != DELTAS:
            raise RuntimeError(f"{deltas} of {DELTAS} deltas arrived")
        if json.loads(line)["params"]["turn"]["status"] != "completed":
            raise RuntimeError(line.decode())
        return elapsed

    def close(self) -> None:
        assert self.child.stdin is not None and self.child.stdout is not None
        self.child.stdin.close()
        self.child.wait(20)
        self.child.stdout.close()


def family(pid: int) -> list[int]:
    """Return a process and all its descendants."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(member for child in children for member in family(int(child)))]


def resident_kib(pid: int) -> int:
    """Return the resident memory of a process."""
    fields = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in fields if line.startswith("VmRSS:"))


def measure(argv: list[str], url: str, folder: Path) -> dict[str, list[float]]:
    """Run one program once and return its figures."""
    program = Program(argv, url, folder)
    figures = {"initialize": [program.initialize_ms], "rss": [program.rss_mib]}
    for kind, count in TURNS.items():
        thread = program.start_thread()
        program.turn(thread, "empty")
        times = [program.turn(thread, kind) for _ in range(count)]
        figures[kind] = [DELTAS / (ms / 1000) for ms in times] if kind == "deltas" else times
    program.close()
    return figures


@contextmanager
def model_server() -> Iterator[str]:
    """Run the model server and yield its base URL."""
    child = subprocess.Popen(
        [sys.executable, str(HERE / "model_server.py")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    try:
        yield child.stdout.readline().strip()
    finally:
        child.stdin.close()
        child.wait(10)
        child.stdout.close()


def table(figures: dict[str, dict[str, list[float]]]) -> str:
    """Return the comparison as a Markdown table."""
    rows = ["| measure | ours | reference | ratio | aim | met |", "|---|---:|---:|---:|---:|---|"]
    for aim in AIMS:
        ours = statistics.median(figures["ours"][aim.name])
        if "reference" not in figures:
            rows.append(f"| {aim.title} ({aim.unit}) | {ours:.1f} | – | – | – | – |")
            continue
        theirs = statistics.median(figures["reference"][aim.name])
        ratio = ours / theirs
        met = ratio >= aim.bound if aim.higher_is_better else ratio <= aim.bound
        sign = "≥" if aim.higher_is_better else "≤"
        rows.append(
            f"| {aim.title} ({aim.unit}) | {ours:.1f} | {theirs:.1f} | {ratio:.2f} | {sign} {aim.bound} "
            f"| {'yes' if met else 'no'} |"
        )
    return "\n".join(rows)


def reference_path() -> str | None:
    """Return the reference binary of this machine, if there is one."""
    named = os.environ.get("AGENT_REFERENCE_BIN")
    return named or (str(CACHED) if CACHED.exists() else shutil.which("codex"))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", default=str(Path(sys.executable).parent / "agent"), help="our command")
    parser.add_argument("--reference", default=reference_path())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    programs = {"ours": [options.agent]}
    if options.reference:
        programs["reference"] = [options.reference]
    else:
        sys.stderr.write("the reference binary is not here (--reference PATH): only ours is measured\n")
    figures: dict[str, dict[str, list[float]]] = {name: {} for name in programs}
    with model_server() as url, tempfile.TemporaryDirectory() as folder:
        for number in range(options.rounds):
            for name, argv in programs.items():
                sys.stderr.write(f"\rround {number + 1} of {options.rounds}: {name:<10}")
                sys.stderr.flush()
                for key, values in measure(argv, url, Path(folder, f"{name}-{number}")).items():
                    figures[name].setdefault(key, []).extend(values)
    sys.stderr.write("\r" + " " * 40 + "\r")
    sys.stdout.write(table(figures) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
