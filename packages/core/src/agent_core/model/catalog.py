"""The models known without asking a server, and what is assumed of all others."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
from agent_protocol.rollout.setting import ReasoningEffort
from agent_protocol.wire import Record

ShellType: TypeAlias = Literal["default", "local", "unified_exec", "disabled", "shell_command"]
Visibility: TypeAlias = Literal["list", "hide", "none"]
TruncationMode: TypeAlias = Literal["bytes", "tokens"]
PatchTool: TypeAlias = Literal["freeform", "function"]
Verbosity: TypeAlias = Literal["low", "medium", "high"]

EFFECTIVE_PERCENT = 95
COMPACT_PERCENT = 90
BYTES_PER_TOKEN = 4
_WINDOW = 272_000
_NEWEST = "gpt-5.3-codex"

_EFFORT_TEXTS: dict[ReasoningEffort, str] = {
    "none": "No reasoning before the answer",
    "minimal": "As little reasoning as possible; for simple edits and lookups",
    "low": "Short reasoning; quick answers to plain tasks",
    "medium": "Reasoning fitted to the task; a good choice for daily work",
    "high": "Long reasoning for hard or unclear problems",
    "xhigh": "The longest reasoning, for the hardest problems; slow",
}


class EffortOption(Record, frozen=True, kw_only=True):
    """A reasoning effort a model offers, and when to choose it."""

    effort: ReasoningEffort
    description: str


class ModelInfo(Record, frozen=True, kw_only=True):
    """What the harness must know about a model to use it well."""

    slug: str
    display_name: str
    description: str = ""
    default_effort: ReasoningEffort | None = None
    efforts: tuple[EffortOption, ...] = ()
    shell_type: ShellType = "default"
    visibility: Visibility = "none"
    supported_in_api: bool = True
    priority: int = 99
    upgrade: str | None = None
    """The model to suggest in its place."""
    supports_personality: bool = False
    supports_reasoning_summaries: bool = False
    supports_verbosity: bool = False
    default_verbosity: Verbosity | None = None
    patch_tool: PatchTool | None = None
    truncation_mode: TruncationMode = "bytes"
    truncation_limit: int = 10_000
    supports_parallel_tool_calls: bool = False
    context_window: int | None = _WINDOW
    """In tokens, as the model states it."""
    auto_compact_token_limit: int | None = None
    """Wanted limit; see :attr:`compact_at`."""
    input_modalities: tuple[Literal["text", "image"], ...] = ("text", "image")
    is_fallback: bool = False
    """Whether the model is in no list, so that everything else here is assumed."""

    @property
    def effective_context_window(self) -> int | None:
        """Tokens a conversation may really use."""
        return None if self.context_window is None else self.context_window * EFFECTIVE_PERCENT // 100

    @property
    def compact_at(self) -> int | None:
        """Tokens from which a conversation is compacted."""
        if self.context_window is None:
            return self.auto_compact_token_limit
        bound = self.context_window * COMPACT_PERCENT // 100
        return bound if self.auto_compact_token_limit is None else min(bound, self.auto_compact_token_limit)

    @property
    def accepts_images(self) -> bool:
        """Whether image parts may be sent."""
        return "image" in self.input_modalities


class ModelPreset(Record, frozen=True, kw_only=True):
    """One row of the list a user picks from."""

    info: ModelInfo
    hidden: bool
    is_default: bool


class Catalog:
    """Models by name. ``models`` is the list to use; without it, the one that comes with the program."""

    def __init__(self, models: Sequence[ModelInfo] | None = None) -> None:
        self._models = tuple(sorted(BUNDLED if models is None else models, key=lambda model: model.priority))

    def find(self, slug: str) -> ModelInfo:
        """Return what is known of ``slug``: of the longest listed name it starts with, else what is assumed."""
        matching = [model for model in self._models if slug.startswith(model.slug)]
        if not matching:
            return ModelInfo(slug=slug, display_name=slug, is_fallback=True)
        return msgspec.structs.replace(max(matching, key=lambda model: len(model.slug)), slug=slug)

    def presets(self, *, include_hidden: bool = False, chatgpt: bool = False) -> Sequence[ModelPreset]:
        """Return the rows to pick from, best first; exactly one that is not hidden is the default.

        An API key cannot use models that are for a ChatGPT login (``chatgpt``) only.
        """
        usable = [model for model in self._models if chatgpt or model.supported_in_api]
        listed = [model for model in usable if model.visibility == "list"]
        default = listed[0] if listed else None
        return [
            ModelPreset(info=model, hidden=model.visibility != "list", is_default=model is default)
            for model in usable
            if include_hidden or model.visibility == "list"
        ]

    def default(self, *, chatgpt: bool = False) -> str | None:
        """Return the name of the model to use when none is configured."""
        rows = self.presets(chatgpt=chatgpt)
        return rows[0].info.slug if rows else None


def adjusted(
    info: ModelInfo,
    *,
    context_window: int | None = None,
    auto_compact_token_limit: int | None = None,
    supports_reasoning_summaries: bool | None = None,
    tool_output_token_limit: int | None = None,
) -> ModelInfo:
    """Return ``info`` with what the configuration says otherwise; ``None`` says nothing."""
    scale = 1 if info.truncation_mode == "tokens" else BYTES_PER_TOKEN
    return msgspec.structs.replace(
        info,
        context_window=context_window or info.context_window,
        auto_compact_token_limit=auto_compact_token_limit or info.auto_compact_token_limit,
        supports_reasoning_summaries=supports_reasoning_summaries or info.supports_reasoning_summaries,
        truncation_limit=(
            info.truncation_limit if tool_output_token_limit is None else tool_output_token_limit * scale
        ),
    )


def fitting_effort(info: ModelInfo, wanted: ReasoningEffort | None) -> ReasoningEffort | None:
    """Return ``wanted`` where the model offers it, else the middle of what it offers; its default where none is."""
    offered = [option.effort for option in info.efforts]
    if wanted is None or not offered:
        return info.default_effort
    return wanted if wanted in offered else offered[(len(offered) - 1) // 2]


def _listed(
    slug: str,
    priority: int,
    description: str,
    efforts: str,
    *,
    shown: bool = False,
    verbosity: Verbosity | None = None,
    plain: bool = False,
    mode: TruncationMode = "tokens",
    parallel: bool = False,
    personality: bool = False,
) -> ModelInfo:
    """``plain`` models have no patch tool and no shell of their own, and take a verbosity without having a default."""
    names: list[ReasoningEffort] = [effort for effort in _EFFORT_TEXTS if effort in efforts.split()]
    return ModelInfo(
        slug=slug,
        display_name=slug,
        description=description,
        default_effort="medium",
        efforts=tuple(EffortOption(effort=name, description=_EFFORT_TEXTS[name]) for name in names),
        shell_type="default" if plain else "shell_command",
        visibility="list" if shown else "hide",
        priority=priority,
        upgrade=None if slug == _NEWEST else _NEWEST,
        supports_personality=personality,
        supports_reasoning_summaries=True,
        supports_verbosity=plain or verbosity is not None,
        default_verbosity=verbosity,
        patch_tool=None if plain else "freeform",
        truncation_mode=mode,
        supports_parallel_tool_calls=parallel,
    )


_FOUR = "low medium high xhigh"
_THREE = "low medium high"
_TWO = "medium high"

BUNDLED: Sequence[ModelInfo] = (
    _listed(
        _NEWEST,
        0,
        "The newest coding model, for long work on its own",
        _FOUR,
        verbosity="low",
        parallel=True,
        personality=True,
    ),
    _listed(
        "gpt-5.2-codex",
        1,
        "Coding model for everyday and long tasks",
        _FOUR,
        shown=True,
        parallel=True,
        personality=True,
    ),
    _listed("gpt-5.1-codex-max", 2, "Coding model for deep and lengthy tasks", _FOUR, shown=True),
    _listed("gpt-5.1-codex", 3, "Coding model of an earlier generation", _THREE),
    _listed(
        "gpt-5.2",
        4,
        "General model: knowledge, reasoning and code",
        _FOUR,
        shown=True,
        verbosity="low",
        mode="bytes",
        parallel=True,
    ),
    _listed(
        "gpt-5.1", 5, "General model of an earlier generation", _THREE, verbosity="low", mode="bytes", parallel=True
    ),
    _listed("gpt-5-codex", 8, "The first coding model of its line", _THREE),
    _listed(
        "gpt-5",
        9,
        "The first general model of its line",
        f"minimal {_THREE}",
        plain=True,
        mode="bytes",
    ),
    _listed("gpt-5.1-codex-mini", 10, "Small coding model: cheaper and faster", _TWO, shown=True),
    _listed("gpt-5-codex-mini", 11, "Small coding model of an earlier generation", _TWO),
)
