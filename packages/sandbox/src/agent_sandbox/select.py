"""Which back end carries out a policy, or why none does."""

from __future__ import annotations

from typing import Literal

from agent_sandbox.errors import Obstacle, SandboxUnavailable
from agent_sandbox.policy import Policy
from agent_sandbox.report import BackendName, Report

ChosenBackend = Literal["bubblewrap", "landlock", "none"]


def choose(policy: Policy, requested: BackendName, report: Report) -> ChosenBackend:
    """Return the back end for ``policy``.

    A policy that confines nothing needs none, whatever was requested. An open disk with the network off is a matter of
    the seccomp filter alone, which the Landlock back end applies. Raises ``SandboxUnavailable``, never lowers the
    confinement.
    """
    if not policy.confines:
        return "none"
    if requested == "none":
        reason = "it confines nothing, and this policy must be enforced"
        raise _refusal(policy, requested, Obstacle(backend="none", reason=reason))
    if policy.full_write:
        if report.seccomp:
            return "landlock"
        raise _refusal(policy, requested, *_obstacles(report, "landlock"))
    if requested == "auto":
        if report.backend("bubblewrap").works:
            return "bubblewrap"
        if report.backend("landlock").works:
            return "landlock"
        raise _refusal(policy, requested, *_obstacles(report, "bubblewrap", "landlock"))
    if report.backend(requested).works:
        return requested
    raise _refusal(policy, requested, *_obstacles(report, requested))


def _obstacles(report: Report, *names: str) -> list[Obstacle]:
    found = [report.backend(name) for name in names]
    return [Obstacle(backend=each.name, reason=each.reason or "unknown", remedy=each.remedy) for each in found]


def _refusal(policy: Policy, requested: str, *obstacles: Obstacle) -> SandboxUnavailable:
    return SandboxUnavailable(policy.summary(), requested, obstacles)
