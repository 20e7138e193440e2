"""OS confinement for commands: policies, Linux back ends, probe.

The public names are those of ``__all__``; each is loaded when it is first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from agent_sandbox.errors import (
        LauncherLost,
        Obstacle,
        PolicyInvalid,
        SandboxError,
        SandboxUnavailable,
        SpawnFailed,
    )
    from agent_sandbox.host import cached_probe, probe
    from agent_sandbox.launcher import Launcher
    from agent_sandbox.outcome import Denied, Finished, Grant, Outcome, SetupFailed, Signalled, TimedOut, classify
    from agent_sandbox.policy import Mode, Policy, ReadAccess, ResolvedPolicy, WritableRoot
    from agent_sandbox.process import Process
    from agent_sandbox.report import BackendName, BackendReport, Bubblewrap, Report
    from agent_sandbox.runner import Completed, run, run_inherited

__all__ = [
    "BackendName",
    "BackendReport",
    "Bubblewrap",
    "Completed",
    "Denied",
    "Finished",
    "Grant",
    "Launcher",
    "LauncherLost",
    "Mode",
    "Obstacle",
    "Outcome",
    "Policy",
    "PolicyInvalid",
    "Process",
    "ReadAccess",
    "Report",
    "ResolvedPolicy",
    "SandboxError",
    "SandboxUnavailable",
    "SetupFailed",
    "Signalled",
    "SpawnFailed",
    "TimedOut",
    "WritableRoot",
    "cached_probe",
    "classify",
    "probe",
    "run",
    "run_inherited",
]

_NAMES_BY_MODULE = {
    "errors": "LauncherLost Obstacle PolicyInvalid SandboxError SandboxUnavailable SpawnFailed",
    "host": "cached_probe probe",
    "launcher": "Launcher",
    "outcome": "Denied Finished Grant Outcome SetupFailed Signalled TimedOut classify",
    "policy": "Mode Policy ReadAccess ResolvedPolicy WritableRoot",
    "process": "Process",
    "report": "BackendName BackendReport Bubblewrap Report",
    "runner": "Completed run run_inherited",
}


def __getattr__(name: str) -> object:
    from importlib import import_module

    for module, names in _NAMES_BY_MODULE.items():
        if name in names.split():
            value: object = getattr(import_module(f"agent_sandbox.{module}"), name)
            globals()[name] = value
            return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
