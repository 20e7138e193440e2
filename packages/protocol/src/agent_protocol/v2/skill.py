"""Skills on disk and in the remote catalogue, and switching them on and off."""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import UNSET, UnsetType

from agent_protocol.registry import Method
from agent_protocol.v2.common import Params
from agent_protocol.wire import Wire


class SkillsListExtraRootsForCwd(Params, frozen=True, kw_only=True):
    """More places to look for skills, for one directory."""

    cwd: str
    extra_user_roots: Sequence[str]


class SkillsListParams(Params, frozen=True, kw_only=True):
    """For which directories, and whether to look on disk again."""

    cwds: Sequence[str] = []
    force_reload: bool = False
    per_cwd_extra_user_roots: Sequence[SkillsListExtraRootsForCwd] | None = None


class SkillInterface(Wire, frozen=True, kw_only=True):
    """How a skill presents itself."""

    display_name: str | None = None
    short_description: str | None = None
    icon_small: str | None = None
    icon_large: str | None = None
    brand_color: str | None = None
    default_prompt: str | None = None


class SkillToolDependency(Wire, frozen=True, kw_only=True):
    """A tool a skill needs."""

    type: str
    value: str
    description: str | UnsetType | None = UNSET
    transport: str | UnsetType | None = UNSET
    command: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET


class SkillDependencies(Wire, frozen=True, kw_only=True):
    """What a skill needs."""

    tools: Sequence[SkillToolDependency]


class SkillScope(StrEnum):
    """Who a skill belongs to."""

    USER = "user"
    REPO = "repo"
    SYSTEM = "system"
    ADMIN = "admin"


class SkillMetadata(Wire, frozen=True, kw_only=True):
    """A skill. Members it does not state are left out."""

    name: str
    description: str
    short_description: str | UnsetType | None = UNSET
    interface: SkillInterface | UnsetType | None = UNSET
    dependencies: SkillDependencies | UnsetType | None = UNSET
    path: str
    scope: SkillScope
    enabled: bool


class SkillErrorInfo(Wire, frozen=True, kw_only=True):
    """A skill that could not be read."""

    path: str
    message: str


class SkillsListEntry(Wire, frozen=True, kw_only=True):
    """The skills of one directory."""

    cwd: str
    skills: Sequence[SkillMetadata]
    errors: Sequence[SkillErrorInfo]


class SkillsListResponse(Wire, frozen=True, kw_only=True):
    """Skills by directory, in the order asked for."""

    data: Sequence[SkillsListEntry]


class HazelnutScope(StrEnum):
    """Whose remote skills to list."""

    EXAMPLE = "example"
    WORKSPACE_SHARED = "workspace-shared"
    ALL_SHARED = "all-shared"
    PERSONAL = "personal"


class ProductSurface(StrEnum):
    """For which product."""

    CHATGPT = "chatgpt"
    CODEX = "codex"
    API = "api"
    ATLAS = "atlas"


class SkillsRemoteReadParams(Params, frozen=True, kw_only=True):
    """Which remote skills to list."""

    hazelnut_scope: HazelnutScope = HazelnutScope.EXAMPLE
    product_surface: ProductSurface = ProductSurface.CODEX
    enabled: bool = False


class RemoteSkillSummary(Wire, frozen=True, kw_only=True):
    """A remote skill."""

    id: str
    name: str
    description: str


class SkillsRemoteReadResponse(Wire, frozen=True, kw_only=True):
    """The remote skills."""

    data: Sequence[RemoteSkillSummary]


class SkillsRemoteWriteParams(Params, frozen=True, kw_only=True):
    """The remote skill to download."""

    hazelnut_id: str


class SkillsRemoteWriteResponse(Wire, frozen=True, kw_only=True):
    """Where the skill was put."""

    id: str
    path: str


class SkillsConfigWriteParams(Params, frozen=True, kw_only=True):
    """Switch a skill on or off."""

    path: str
    enabled: bool


class SkillsConfigWriteResponse(Wire, frozen=True, kw_only=True):
    """What the switch stands at now."""

    effective_enabled: bool


SKILLS_LIST = Method("skills/list", SkillsListParams, SkillsListResponse)
SKILLS_REMOTE_LIST = Method("skills/remote/list", SkillsRemoteReadParams, SkillsRemoteReadResponse)
SKILLS_REMOTE_EXPORT = Method("skills/remote/export", SkillsRemoteWriteParams, SkillsRemoteWriteResponse)
SKILLS_CONFIG_WRITE = Method("skills/config/write", SkillsConfigWriteParams, SkillsConfigWriteResponse)
