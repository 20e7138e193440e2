"""Measure `thread/resume` and `thread/read` of a long thread, beside the reference binary, on this machine.

    python benchmarks/long_thread.py [--reference PATH] [--rounds N] [--megabytes N] [--turns N] [--json FILE]

The record is made up: turns of commands with 8 KB of output, an inline image now and then, and a compaction every
hundred turns (`compacted`), none at all (`whole`), or compactions and the extended kinds of events too (`extended`:
half of the file is part of the reply). Every measurement is a process of its own: a program is started, asked once,
and its reply is taken from the pipe without being parsed. Time is from the request to the last byte of the reply.
Memory is the highest resident size of the program's process up to then (VmHWM); what it had before the request is
part of it. Ours is measured without the map of the file's lines (`cold`) and with it (`warm`), the reference as it
comes and with its own index (`indexed`); ratios are to the reference as it comes.
"""

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

from compare_reference import Program, family, reference_path

Line: TypeAlias = tuple[str, dict[str, object]]
Figures: TypeAlias = dict[str, list[float]]

THREAD = "019c4a07-d809-74c3-bc4b-fd9618487b4b"
STAMP = "2026-02-12T10:11:12.345Z"
FOLDER = Path("sessions/2026/02/12")
NAME = f"rollout-2026-02-12T10-11-12-{THREAD}.jsonl"
OUTPUT_BYTES = 8_000
IMAGE_BYTES = 200_000
TURNS_BETWEEN_IMAGES = 40
TURNS_BETWEEN_COMPACTIONS = 100
AIM = 0.3
KEPT = ("warm", "indexed")
"""The programs that find what the process before them has left in the home."""


def text(length: int, seed: int) -> str:
    """Return made-up text of about ``length`` bytes with what command output is full of: line ends and quotes."""
    line = f'{seed:06d} "src/module_{seed % 97}.py": the quick brown fox\tjumps over the lazy dog\n'
    return (line * (length // len(line) + 1))[:length]


def message(role: str, kind: str, words: str, image: str | None = None) -> Line:
    """Return a message of the model-facing history."""
    content: list[dict[str, object]] = [{"type": kind, "text": words}]
    if image is not None:
        content.append({"type": "input_image", "image_url": image})
    return "response_item", {"type": "message", "role": role, "content": content}


def token_count(number: int) -> Line:
    """Return a token account."""
    usage = {
        "input_tokens": number,
        "cached_input_tokens": 0,
        "output_tokens": 5,
        "reasoning_output_tokens": 0,
        "total_tokens": number + 5,
    }
    info = {"total_token_usage": usage, "last_token_usage": usage, "model_context_window": 258400}
    return "event_msg", {"type": "token_count", "info": info, "rate_limits": None}


def call(turn_id: str, number: int, output_bytes: int, *, extended: bool) -> list[Line]:
    """Return the lines of one command; an extended record also has the event of its end, with the output."""
    name = f"call_{number}"
    output = text(output_bytes, number)
    arguments = json.dumps({"cmd": f"sed -n 1,200p src/module_{number}.py"})
    return [
        (
            "response_item",
            {"type": "reasoning", "summary": [], "content": None, "encrypted_content": "gAAAAB" + "k3Jx" * 400},
        ),
        token_count(number),
        (
            "response_item",
            {"type": "function_call", "name": "exec_command", "arguments": arguments, "call_id": name},
        ),
        ("response_item", {"type": "function_call_output", "call_id": name, "output": output}),
        *([command_end(turn_id, name, output)] if extended else ()),
    ]


def command_end(turn_id: str, call_id: str, output: str) -> Line:
    """Return the event that ends a command."""
    return (
        "event_msg",
        {
            "type": "exec_command_end",
            "call_id": call_id,
            "turn_id": turn_id,
            "command": ["/bin/bash", "-lc", "cat src/module.py"],
            "cwd": "/work",
            "parsed_cmd": [{"type": "read", "cmd": "cat src/module.py", "name": "module.py", "path": "src/module.py"}],
            "source": "unified_exec_startup",
            "stdout": "",
            "stderr": "",
            "aggregated_output": output,
            "exit_code": 0,
            "duration": {"secs": 1, "nanos": 0},
            "formatted_output": "",
            "status": "completed",
        },
    )


def turn(number: int, turn_bytes: int, cwd: str, *, extended: bool) -> Iterator[Line]:
    """Yield the lines of one turn."""
    turn_id = str(uuid.UUID(int=(0x019C4A07 << 96) + (7 << 76) + (2 << 62) + number))
    asked = f"Please look into case {number}. " + text(600, number)
    image = None
    if number % TURNS_BETWEEN_IMAGES == 0:
        image = "data:image/png;base64," + "iVBORw0KGgo/" * (IMAGE_BYTES // 12)
    yield "event_msg", {"type": "task_started", "turn_id": turn_id, "model_context_window": 258400}
    yield message("user", "input_text", asked, image)
    images = [] if image is None else [image]
    yield (
        "event_msg",
        {"type": "user_message", "message": asked, "images": images, "local_images": [], "text_elements": []},
    )
    yield (
        "turn_context",
        {
            "turn_id": turn_id,
            "cwd": cwd,
            "approval_policy": "never",
            "sandbox_policy": {"type": "danger-full-access"},
            "model": "gpt-5.2-codex",
            "summary": "auto",
            "user_instructions": text(4_000, number),
            "truncation_policy": {"mode": "tokens", "limit": 10000},
        },
    )
    one_call = OUTPUT_BYTES * (2 if extended else 1) + 2_600
    for step in range(max(1, (turn_bytes - 7_000) // one_call)):
        yield from call(turn_id, number * 1000 + step, OUTPUT_BYTES, extended=extended)
    answer = f"Case {number} is done. " + text(900, number)
    yield "event_msg", {"type": "agent_message", "message": answer}
    yield message("assistant", "output_text", answer)
    yield token_count(number)
    yield "event_msg", {"type": "task_complete", "turn_id": turn_id, "last_agent_message": answer}


def compaction(number: int) -> Iterator[Line]:
    """Yield a compaction whose replacement keeps the users' last words."""
    kept = [message("user", "input_text", text(2_000, number - step))[1] for step in range(20, 0, -1)]
    replacement = [*kept, {"type": "compaction", "encrypted_content": "gAAAAB" + "q8Zt" * 5_000}]
    yield "compacted", {"message": "", "replacement_history": replacement}
    yield "event_msg", {"type": "context_compacted"}


def write_record(path: Path, turns: int, size_bytes: int, kind: str) -> None:
    """Write the record of a thread: ``compacted``, ``whole`` or ``extended``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    meta: dict[str, object] = {
        "id": THREAD,
        "timestamp": STAMP,
        "cwd": str(path.parent),
        "originator": "bench",
        "cli_version": "0.104.0",
        "source": "vscode",
        "model_provider": "bench",
        "base_instructions": {"text": text(12_000, 1)},
    }
    with path.open("w") as file:

        def put(line: Line) -> None:
            record = {"timestamp": STAMP, "type": line[0], "payload": line[1]}
            file.write(json.dumps(record, separators=(",", ":")) + "\n")

        put(("session_meta", meta))
        for number in range(1, turns + 1):
            left = size_bytes - file.tell()
            for line in turn(number, left // (turns + 1 - number), str(path.parent), extended=kind == "extended"):
                put(line)
            if kind != "whole" and number % TURNS_BETWEEN_COMPACTIONS == TURNS_BETWEEN_COMPACTIONS // 2:
                for line in compaction(number):
                    put(line)


def highest_mib(pid: int) -> float:
    """Return the highest resident size a process has had."""
    fields = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in fields if line.startswith("VmHWM:")) / 1024


def cpu_ms(pid: int) -> float:
    """Return the processor time a process has used; unlike the time on the clock it does not grow with other load."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Bulk(Program):
    """A program that is asked for one large reply."""

    def ask(self, method: str, params: dict[str, object]) -> dict[str, float]:
        """Return the figures of one request."""
        self.next_id += 1
        before = cpu_ms(self.child.pid)
        started = time.perf_counter()
        self.send({"id": self.next_id, "method": method, "params": params})
        for line in self.lines():
            head = line[:200]
            if b'"result"' in head or b'"error"' in head:
                break
        elapsed = (time.perf_counter() - started) * 1000
        if b'"error"' in head:
            raise RuntimeError(line.decode())
        figures = {
            "ms": elapsed,
            "cpu": cpu_ms(self.child.pid) - before,
            "mib": max(highest_mib(pid) for pid in family(self.child.pid)),
            "reply_mib": len(line) / 2**20,
        }
        if len(json.loads(line)["result"]["thread"]["turns"]) == 0:
            raise RuntimeError("no turns came back")
        return figures


REQUESTS: dict[str, tuple[str, dict[str, object]]] = {
    "resume": ("thread/resume", {"threadId": THREAD}),
    "read": ("thread/read", {"threadId": THREAD, "includeTurns": True}),
}


def prepare(folder: Path, record: Path) -> None:
    """Make an empty home that holds nothing but the record."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "home" / FOLDER).mkdir(parents=True)
    os.link(record, folder / "home" / FOLDER / NAME)


def measure(argv: list[str], folder: Path, request: str) -> dict[str, float]:
    """Return the figures of one fresh process over the home in ``folder``."""
    program = Bulk(argv, "http://127.0.0.1:9/v1", folder)
    figures = program.ask(*REQUESTS[request])
    program.close()
    return figures


def compare(
    programs: dict[str, list[str]], folder: Path, record: Path, request: str, rounds: int
) -> dict[str, Figures]:
    """Measure each program once a round, so that a slow phase of the machine meets all of them."""
    results: dict[str, Figures] = {name: {} for name in programs}
    for number in range(rounds + 1):
        for name, argv in programs.items():
            if number == 0 or name not in KEPT:
                prepare(folder / name, record)
            figures = measure(argv, folder / name, request)
            for key, value in figures.items() if number else ():
                results[name].setdefault(key, []).append(value)
    return results


def table(results: dict[str, dict[str, Figures]]) -> str:
    """Return the comparison as a Markdown table."""
    columns = ("cold", "warm", "reference", "indexed")
    rows = [f"| measure | {' | '.join(columns)} | ratio cold | ratio warm | aim |", "|---" + "|--:" * 7 + "|"]
    for title, figures in results.items():
        for key, unit in (("ms", "ms"), ("cpu", "CPU ms"), ("mib", "MiB peak"), ("reply_mib", "MiB reply")):
            values = {name: statistics.median(each[key]) for name, each in figures.items()}
            cells = [f"{values[name]:.1f}" if name in values else "–" for name in columns]
            ratios = ["–", "–"]
            if "reference" in values:
                ratios = [f"{values[name] / values['reference']:.2f}" for name in ("cold", "warm")]
            aim = "–" if key in ("cpu", "reply_mib") else f"≤ {AIM}"
            rows.append("| " + " | ".join([f"{title} ({unit})", *cells, *ratios, aim]) + " |")
    return "\n".join(rows)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--agent", default=str(Path(sys.executable).parent / "agent"), help="our command")
    parser.add_argument("--reference", default=reference_path())
    parser.add_argument("--kinds", default="compacted,whole,extended")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--megabytes", type=int, default=200)
    parser.add_argument("--turns", type=int, default=2_000)
    parser.add_argument("--json", type=Path, help="write all figures to this file")
    options = parser.parse_args()
    programs = {"cold": [options.agent], "warm": [options.agent]}
    if options.reference:
        programs["reference"] = [options.reference]
        programs["indexed"] = [options.reference, "-c", "features.sqlite=true"]
    results: dict[str, dict[str, Figures]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for kind in options.kinds.split(","):
            record = Path(folder, f"{kind}.jsonl")
            write_record(record, options.turns, options.megabytes * 1_000_000, kind)
            for request in REQUESTS:
                sys.stderr.write(f"{kind}: {request}\n")
                results[f"{kind} {request}"] = compare(programs, Path(folder), record, request, options.rounds)
    sys.stdout.write(table(results) + "\n")
    if options.json is not None:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
