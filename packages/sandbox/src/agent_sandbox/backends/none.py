"""No confinement, for the policy that asks for none."""

from __future__ import annotations

from agent_sandbox.command import CommandRequest, PreparedCommand


def prepare(request: CommandRequest) -> PreparedCommand:
    """Return ``request`` as it is. Raises ``ValueError`` when its policy confines anything."""
    if request.resolved.policy.confines:
        raise ValueError(f"the policy {request.resolved.policy.summary()!r} needs a back end")
    return PreparedCommand(backend="none", request=request, argv=request.argv)
