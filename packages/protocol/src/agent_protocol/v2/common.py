"""Members shared by several resources: settings, sandbox policies, sized integers and marks."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Annotated, TypeAlias

from msgspec import UNSET, Meta, Struct

from agent_protocol.wire import Record, Wire

Int32: TypeAlias = Annotated[int, Meta(ge=-(2**31), le=2**31 - 1, extra_json_schema={"format": "int32"})]
Int64: TypeAlias = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1, extra_json_schema={"format": "int64"})]
Uint: TypeAlias = Annotated[int, Meta(ge=0, extra_json_schema={"format": "uint"})]
Uint16: TypeAlias = Annotated[int, Meta(ge=0, le=2**16 - 1, extra_json_schema={"format": "uint16"})]
Uint32: TypeAlias = Annotated[int, Meta(ge=0, le=2**32 - 1, extra_json_schema={"format": "uint32"})]
Uint64: TypeAlias = Annotated[int, Meta(ge=0, extra_json_schema={"format": "uint64"})]

AbsolutePath: TypeAlias = Annotated[str, Meta(pattern="^/", title="AbsolutePathBuf")]
"""A path that must be absolute; a relative one fails to decode."""


class Params(Wire, frozen=True, kw_only=True, omit_defaults=True):
    """The params of a client request.

    An absent member and a null one both mean "not given", so a member that was not given is ``None`` here and
    left out when encoded.
    """


class OpenRecord(Record, frozen=True, kw_only=True):
    """The members we know of a record that may hold any others as well."""


def Shape(declared: object) -> Meta:
    """Mark a member that is kept as open JSON while the schema declares it as *declared*."""
    return Meta(extra={"shape": declared})


def require_one_member(value: Struct) -> None:
    """Raise ``ValueError`` unless exactly one member of *value* is set."""
    given = [name for name in value.__struct_fields__ if getattr(value, name) is not UNSET]
    if len(given) != 1:
        raise ValueError(f"exactly one member expected, got {len(given)}")


class AskForApproval(StrEnum):
    """When the user is asked before a command runs."""

    UNTRUSTED = "untrusted"
    ON_FAILURE = "on-failure"
    ON_REQUEST = "on-request"
    NEVER = "never"


class SandboxMode(StrEnum):
    """The confinement of a thread, by name."""

    READ_ONLY = "read-only"
    WORKSPACE_WRITE = "workspace-write"
    DANGER_FULL_ACCESS = "danger-full-access"


class Personality(StrEnum):
    """The tone of the model."""

    NONE = "none"
    FRIENDLY = "friendly"
    PRAGMATIC = "pragmatic"


class DangerFullAccessSandboxPolicy(Wire, frozen=True, kw_only=True, tag="dangerFullAccess"):
    """No confinement."""


class RestrictedReadOnlyAccess(Wire, frozen=True, kw_only=True, tag="restricted"):
    """Only the given roots are readable, and what the platform needs."""

    include_platform_defaults: bool = True
    readable_roots: Sequence[AbsolutePath] = []


class FullAccessReadOnlyAccess(Wire, frozen=True, kw_only=True, tag="fullAccess"):
    """Every file is readable."""


ReadOnlyAccess: TypeAlias = RestrictedReadOnlyAccess | FullAccessReadOnlyAccess
"""What a confined command may read."""


class ReadOnlySandboxPolicy(Wire, frozen=True, kw_only=True, tag="readOnly"):
    """Nothing is writable and there is no network."""

    access: ReadOnlyAccess = FullAccessReadOnlyAccess()


class NetworkAccess(StrEnum):
    """Whether the network is reachable from an outer sandbox."""

    RESTRICTED = "restricted"
    ENABLED = "enabled"


class ExternalSandboxSandboxPolicy(Wire, frozen=True, kw_only=True, tag="externalSandbox"):
    """Somebody else confines the whole process."""

    network_access: NetworkAccess = NetworkAccess.RESTRICTED


class WorkspaceWriteSandboxPolicy(Wire, frozen=True, kw_only=True, tag="workspaceWrite"):
    """The working directory and the given roots are writable."""

    writable_roots: Sequence[AbsolutePath] = []
    read_only_access: ReadOnlyAccess = FullAccessReadOnlyAccess()
    network_access: bool = False
    exclude_tmpdir_env_var: bool = False
    exclude_slash_tmp: bool = False


SandboxPolicy: TypeAlias = (
    DangerFullAccessSandboxPolicy | ReadOnlySandboxPolicy | ExternalSandboxSandboxPolicy | WorkspaceWriteSandboxPolicy
)
"""How commands are confined."""


class ReasoningEffort(StrEnum):
    """How long the model thinks."""

    NONE = "none"
    MINIMAL = "minimal"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"


class ApprovalsReviewer(StrEnum):
    """Who answers approval questions."""

    USER = "user"
    AUTO_REVIEW = "auto_review"
    GUARDIAN_SUBAGENT = "guardian_subagent"


class ReasoningSummary(StrEnum):
    """How much of its reasoning the model summarises."""

    AUTO = "auto"
    CONCISE = "concise"
    DETAILED = "detailed"
    NONE = "none"


class WebSearchMode(StrEnum):
    """Whether and how the model searches the web."""

    DISABLED = "disabled"
    CACHED = "cached"
    LIVE = "live"


class Verbosity(StrEnum):
    """How much the model says."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
