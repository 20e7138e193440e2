import os
import subprocess
import sys
from pathlib import Path

import pytest
from agent_core.exec.oneshot import OneShotRequest, OneShotResult, run
from agent_core.patch.tool import apply_argv
from agent_core.seams import SystemClock
from agent_sandbox.errors import SandboxUnavailable
from agent_sandbox.launcher import Launcher
from agent_sandbox.policy import Policy

ADD = "*** Begin Patch\n*** Add File: é/new.txt\n+grüße\n*** End Patch\n"


def child(patch: str, cwd: Path, sent: bytes | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        apply_argv(patch, str(cwd)),
        input=patch.encode() if sent is None else sent,
        capture_output=True,
        env={},
        cwd="/",
        check=False,
    )


def standalone(cwd: Path, *arguments: str, sent: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = [part for part in apply_argv("", str(cwd)) if part.endswith("run.py")]
    return subprocess.run(
        [sys.executable, "-I", "-S", *program, *arguments], input=sent, capture_output=True, cwd=cwd, check=False
    )


def test_the_child_applies_the_patch_without_environment_or_site_packages(tmp_path: Path) -> None:
    done = child(ADD, tmp_path)
    assert (done.returncode, done.stderr) == (0, b"")
    assert done.stdout.decode() == "Success. Updated the following files:\nA é/new.txt\n"
    assert (tmp_path / "é/new.txt").read_text(encoding="utf-8") == "grüße\n"


def test_a_failure_is_told_on_standard_error_with_exit_code_one(tmp_path: Path) -> None:
    done = child("*** Begin Patch\n*** Delete File: none\n*** End Patch", tmp_path)
    assert (done.returncode, done.stdout) == (1, b"")
    assert b"none" in done.stderr and b"Traceback" not in done.stderr


def test_a_patch_cut_short_changes_nothing(tmp_path: Path) -> None:
    whole = ADD + "*** Begin"
    done = child(whole, tmp_path, sent=ADD.encode())
    assert done.returncode == 1
    assert list(tmp_path.iterdir()) == []


def test_the_child_needs_neither_typing_nor_dataclasses() -> None:
    code = "import sys; sys.path.append(sys.argv[1]); import agent_core.patch.apply; print(*sys.modules)"
    source = str(Path(apply_argv("", "/")[6]).parents[2])
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code, source], capture_output=True, text=True, check=True)
    assert not {"typing", "dataclasses", "re", "msgspec"} & set(done.stdout.split())


def test_the_stand_alone_tool_takes_an_argument_or_standard_input(tmp_path: Path) -> None:
    assert standalone(tmp_path, ADD).returncode == 0
    assert standalone(tmp_path, sent=ADD.encode()).returncode == 0
    assert (tmp_path / "é/new.txt").exists()


@pytest.mark.parametrize("arguments", [(), ("a", "b")])
def test_the_stand_alone_tool_called_wrongly_exits_with_two(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    done = standalone(tmp_path, *arguments)
    assert done.returncode == 2 and done.stderr


async def apply_under(policy: Policy, patch: str, cwd: Path) -> OneShotResult:
    async with Launcher() as launcher:
        request = OneShotRequest(
            argv=apply_argv(patch, str(cwd)),
            cwd=str(cwd),
            env={},
            policy=policy,
            policy_cwd=str(cwd),
            stdin=patch.encode(),
        )
        try:
            return await run(launcher, request, SystemClock(), lambda stream, chunk: None)
        except SandboxUnavailable as error:
            pytest.skip(f"this host confines nothing: {error}")


@pytest.mark.anyio
async def test_a_confined_child_writes_inside_the_workspace(tmp_path: Path) -> None:
    result = await apply_under(Policy.workspace_write(), ADD, tmp_path)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.confined
    assert (tmp_path / "é/new.txt").exists()


@pytest.mark.anyio
async def test_a_confined_child_cannot_write_where_the_policy_forbids_it(tmp_path: Path) -> None:
    result = await apply_under(Policy.read_only(), ADD, tmp_path)
    assert result.exit_code == 1
    assert "Failed to write file" in result.stderr
    assert os.listdir(tmp_path) == []
