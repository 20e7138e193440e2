"""Between the wire's spelling of a sandbox policy, the record's, and what the sandbox takes."""

from pathlib import Path

from agent_protocol.rollout import setting
from agent_protocol.v2 import common
from agent_sandbox.errors import PolicyInvalid
from agent_sandbox.policy import Policy, ReadAccess
from msgspec import UNSET, UnsetType

from agent_core.errors import InputInvalid


def stored_policy(policy: common.SandboxPolicy) -> setting.SandboxPolicy:
    """Return a wire sandbox policy as the record spells it."""
    match policy:
        case common.DangerFullAccessSandboxPolicy():
            return setting.DangerFullAccessPolicy()
        case common.ReadOnlySandboxPolicy():
            return setting.ReadOnlyPolicy(access=_stored_access(policy.access))
        case common.ExternalSandboxSandboxPolicy():
            return setting.ExternalSandboxPolicy(
                network_access="enabled" if policy.network_access == common.NetworkAccess.ENABLED else "restricted"
            )
        case common.WorkspaceWriteSandboxPolicy():
            return setting.WorkspaceWritePolicy(
                writable_roots=tuple(policy.writable_roots) or UNSET,
                read_only_access=_stored_access(policy.read_only_access),
                network_access=policy.network_access,
                exclude_tmpdir_env_var=policy.exclude_tmpdir_env_var,
                exclude_slash_tmp=policy.exclude_slash_tmp,
            )


def wire_policy(policy: setting.SandboxPolicy) -> common.SandboxPolicy:
    """Return a stored sandbox policy as the wire spells it."""
    match policy:
        case setting.DangerFullAccessPolicy():
            return common.DangerFullAccessSandboxPolicy()
        case setting.ReadOnlyPolicy():
            return common.ReadOnlySandboxPolicy(access=_wire_access(policy.access))
        case setting.ExternalSandboxPolicy():
            return common.ExternalSandboxSandboxPolicy(network_access=common.NetworkAccess(policy.network_access))
        case setting.WorkspaceWritePolicy():
            return common.WorkspaceWriteSandboxPolicy(
                writable_roots=() if policy.writable_roots is UNSET else policy.writable_roots,
                read_only_access=_wire_access(policy.read_only_access),
                network_access=policy.network_access,
                exclude_tmpdir_env_var=policy.exclude_tmpdir_env_var,
                exclude_slash_tmp=policy.exclude_slash_tmp,
            )


def _stored_access(access: common.ReadOnlyAccess) -> setting.ReadAccess | UnsetType:
    if isinstance(access, common.FullAccessReadOnlyAccess):
        return UNSET
    return setting.RestrictedReadAccess(
        include_platform_defaults=access.include_platform_defaults, readable_roots=tuple(access.readable_roots)
    )


def _wire_access(access: setting.ReadAccess | UnsetType) -> common.ReadOnlyAccess:
    if isinstance(access, setting.RestrictedReadAccess):
        return common.RestrictedReadOnlyAccess(
            include_platform_defaults=access.include_platform_defaults, readable_roots=access.readable_roots
        )
    return common.FullAccessReadOnlyAccess()


def sandbox_policy(policy: setting.SandboxPolicy) -> Policy:
    """Return a stored policy as the sandbox takes it.

    Raises:
        InputInvalid: it names a path that cannot be one.
    """
    try:
        return _sandbox_policy(policy)
    except PolicyInvalid as error:
        raise InputInvalid(f"sandboxPolicy: {error}") from error


def _sandbox_policy(policy: setting.SandboxPolicy) -> Policy:
    match policy:
        case setting.DangerFullAccessPolicy():
            return Policy.danger_full_access()
        case setting.ExternalSandboxPolicy():
            return Policy.external(network=policy.network_access == "enabled")
        case setting.ReadOnlyPolicy():
            return Policy.read_only(read_access=_read_access(policy.access))
        case setting.WorkspaceWritePolicy():
            return Policy.workspace_write(
                () if policy.writable_roots is UNSET else policy.writable_roots,
                policy.network_access,
                exclude_tmpdir_env_var=policy.exclude_tmpdir_env_var,
                exclude_slash_tmp=policy.exclude_slash_tmp,
                read_access=_read_access(policy.read_only_access),
            )


def _read_access(access: setting.ReadAccess | UnsetType) -> ReadAccess | None:
    if isinstance(access, setting.RestrictedReadAccess):
        roots = tuple(Path(root) for root in access.readable_roots)
        return ReadAccess(roots=roots, platform_defaults=access.include_platform_defaults)
    return None
