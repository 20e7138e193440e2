import subprocess
import sys


def test_the_client_package_and_framing_load_without_anyio() -> None:
    script = "import sys; sys.modules['anyio'] = None; import agent_protocol.client, agent_protocol.framing"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_importing_the_server_package_loads_nothing_of_it() -> None:
    script = "import sys, agent_server; sys.exit(any(name.startswith('agent_server.') for name in sys.modules))"
    subprocess.run([sys.executable, "-c", script], check=True)
