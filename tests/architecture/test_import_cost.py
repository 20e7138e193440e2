"""What starting costs, stated as modules that must not be needed rather than as milliseconds."""

import json
import subprocess
import sys
from pathlib import Path

BLOCK = """
import sys
class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in BLOCKED or name in BLOCKED:
            raise ImportError(f"{name} must not be needed here")
        return None
sys.meta_path.insert(0, Block())
"""
HEAVY = ["alembic", "click", "cryptography", "email", "httpx2", "importlib.metadata", "mcp", "pydantic", "sqlalchemy"]
HEAVY += ["textual", "tomlkit", "tree_sitter", "tree_sitter_bash", "websockets"]
INITIALIZE = {
    "id": 1,
    "method": "initialize",
    "params": {"clientInfo": {"name": "probe", "title": None, "version": "1"}, "capabilities": None},
}


def python(code: str, *, blocked: list[str], home: Path, stdin: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", f"BLOCKED = {blocked!r}\n{BLOCK}\n{code}"],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
        env={"AGENT_HOME": str(home), "HOME": str(home), "PATH": "/usr/bin:/bin"},
    )


def test_the_protocol_imports_with_msgspec_alone(tmp_path: Path) -> None:
    others = ["anyio", "sniffio", "idna", "typing_extensions", "httpx2", "click", "jsonschema", "hypothesis"]
    code = """
import importlib, pkgutil, agent_protocol
names = [info.name for info in pkgutil.walk_packages(agent_protocol.__path__, "agent_protocol.",
         onerror=lambda name: None) if not info.name.startswith("agent_protocol.client")]
for name in names:
    importlib.import_module(name)
"""
    done = python(code, blocked=others, home=tmp_path)
    assert done.returncode == 0, done.stderr


def test_printing_the_version_imports_the_version_and_nothing_else(tmp_path: Path) -> None:
    code = """
import sys
sys.argv = ["agent", "--version"]
from agent_cli.main import main
try:
    main()
except SystemExit:
    pass
print(sorted(name for name in sys.modules if name.startswith("agent_")))
"""
    blocked = [*HEAVY, "msgspec", "anyio", "asyncio", "typing", "re"]
    done = python(code, blocked=blocked, home=tmp_path)
    assert done.returncode == 0, done.stderr
    ours = ["agent_cli", "agent_cli.main", "agent_protocol", "agent_protocol.version"]
    assert done.stdout.splitlines()[-1] == str(ours)


def test_the_server_answers_initialize_without_any_costly_library(tmp_path: Path) -> None:
    code = """
import sys
sys.argv = ["agent", "app-server"]
from agent_cli.main import main
main()
"""
    done = python(code, blocked=HEAVY, home=tmp_path, stdin=json.dumps(INITIALIZE) + "\n")
    assert done.returncode == 0, done.stderr
    replies = [json.loads(line) for line in done.stdout.splitlines()]
    assert [reply["id"] for reply in replies if "result" in reply] == [1]


def test_help_needs_neither_the_protocol_nor_an_event_loop(tmp_path: Path) -> None:
    code = """
import sys
sys.argv = ["agent", "--help"]
from agent_cli.main import main
main()
"""
    done = python(code, blocked=["msgspec", "anyio", "asyncio", "httpx2", "sqlalchemy"], home=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "exec" in done.stdout
