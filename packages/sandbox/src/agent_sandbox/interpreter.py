"""How this package runs a module of its own in a fresh, bare interpreter."""

from __future__ import annotations

import sys
from pathlib import Path

_BOOT = "import sys; sys.path.append(sys.argv[1]); from agent_sandbox.{module} import main; main({argument})"


def module_command(module: str, argument: int | None = None) -> list[str]:
    """Return the argv that runs ``main`` of ``agent_sandbox.<module>``.

    Isolated mode without ``site``: no environment variable, user directory or ``.pth`` file has a say, and the
    directory that holds this package is searched after the standard library.
    """
    boot = _BOOT.format(module=module, argument="" if argument is None else argument)
    return [sys.executable, "-I", "-S", "-c", boot, str(Path(__file__).resolve().parent.parent)]
