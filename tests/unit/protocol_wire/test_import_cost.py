import subprocess
import sys

FOREIGN = {"asyncio", "anyio", "json", "http", "ssl", "subprocess", "email", "importlib.metadata", "logging"}


def loaded_by(statement: str) -> set[str]:
    script = f"import sys; {statement}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_itself_loads_nothing() -> None:
    assert "msgspec" not in loaded_by("import agent_protocol")


def test_the_handshake_loads_no_other_resource() -> None:
    loaded = loaded_by("import agent_protocol.v2.initialize")
    ours = {name for name in loaded if name.startswith("agent_protocol.v2.")}
    assert ours == {"agent_protocol.v2.common", "agent_protocol.v2.initialize"}
    assert not loaded & (FOREIGN - {"json", "logging"})


def test_looking_up_a_method_loads_only_what_its_resource_needs() -> None:
    loaded = loaded_by("from agent_protocol import registry, jsonrpc; registry.client_method('feedback/upload')")
    assert "agent_protocol.v2.feedback" in loaded
    assert "agent_protocol.v2.thread" not in loaded
    assert "agent_protocol.schema" not in loaded


def test_the_wire_needs_msgspec_alone() -> None:
    statement = "from agent_protocol import registry, jsonrpc, schema; list(registry.client_methods())"
    origins = "[(n.partition('.')[0], str(getattr(m, '__file__', ''))) for n, m in list(sys.modules.items())]"
    installed = "{name for name, origin in " + origins + " if 'site-packages' in origin}"
    script = f"import sys; {statement}; print(*{installed})"
    done = subprocess.run([sys.executable, "-I", "-c", script], capture_output=True, text=True, check=True)
    assert set(done.stdout.split()) <= {"agent_protocol", "msgspec", "typing_extensions"}
