"""From a configuration to the settings and services of one thread."""

from collections.abc import Mapping
from pathlib import Path

from agent_protocol.rollout.line import SessionMeta

from agent_core.config.config import Config
from agent_core.config.errors import ConfigError
from agent_core.context.instructions import InstructionSearch, user_instructions
from agent_core.context.prompt import base_instructions
from agent_core.errors import InputInvalid
from agent_core.model.catalog import Catalog, ModelInfo, adjusted
from agent_core.model.errors import ProviderInvalid
from agent_core.model.providers import ModelProvider, providers, select_provider
from agent_core.turn.context import TurnSettings


def providers_of(config: Config, environ: Mapping[str, str], version: str) -> dict[str, ModelProvider]:
    """Return the providers a configuration knows; the one it chooses is among them.

    Raises:
        ConfigError: an entry cannot be used, or the chosen provider does not exist.
    """
    try:
        known = providers(config.model_providers, environ, version)
        select_provider(known, config.model_provider)
    except ProviderInvalid as error:
        raise config.fault(error.key, error.reason) from error
    return known


def settings_of(config: Config, catalog: Catalog, meta: SessionMeta | None = None) -> TurnSettings:
    """Return the settings a thread begins with; base instructions recorded in ``meta`` outlive the default ones.

    Reads the instruction files of the home and the project. Blocks.

    Raises:
        ConfigError: no model is chosen and none is known.
    """
    assert config.cwd is not None
    model = config.model or catalog.default()
    if model is None:
        raise ConfigError("no model is chosen", key="model", remedy='set model = "NAME" or give --model NAME')
    recorded = meta.base_instructions.text if meta is not None and meta.base_instructions is not None else None
    return TurnSettings(
        model=model,
        model_provider=config.model_provider,
        cwd=str(config.cwd),
        approval_policy=config.approval_policy,
        sandbox_policy=config.sandbox_policy,
        effort=config.model_reasoning_effort,
        summary=config.model_reasoning_summary,
        personality=config.personality,
        base_instructions=config.base_instructions or recorded or base_instructions(),
        developer_instructions=config.developer_instructions,
        user_instructions=user_instructions(
            InstructionSearch(
                home=config.home,
                cwd=config.cwd,
                max_bytes=config.project_doc_max_bytes,
                fallback_names=config.project_doc_fallback_filenames,
                root_markers=config.project_root_markers,
            )
        ),
        verbosity=config.model_verbosity,
    )


def adjusted_model(config: Config, info: ModelInfo) -> ModelInfo:
    """Return what is known of a model, with what the configuration says otherwise."""
    return adjusted(
        info,
        context_window=config.model_context_window,
        auto_compact_token_limit=config.model_auto_compact_token_limit,
        supports_reasoning_summaries=config.model_supports_reasoning_summaries,
        tool_output_token_limit=config.tool_output_token_limit,
    )


def directory(given: str | None, base: Path) -> Path:
    """Return the directory a thread shall work in: ``given``, relative to ``base``, or ``base`` itself.

    Raises:
        InputInvalid: it is not a directory, or its name cannot be written down.
    """
    path = base if given is None else base / given
    if not path.is_dir():
        raise InputInvalid(f"cwd: {path} is not a directory")
    path = path.resolve()
    if not is_text(str(path)):
        raise InputInvalid(f"cwd: {str(path)!a} has a name that is not UTF-8 and cannot be recorded")
    return path


def is_text(text: str) -> bool:
    """Return whether ``text`` can be written as UTF-8; what came from bytes that are not, cannot."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def existing_directory(wanted: str, fallback: Path) -> Path:
    """Return ``wanted`` where it is a directory, else ``fallback``; links are resolved."""
    path = Path(wanted)
    return (path if path.is_dir() else fallback).resolve()
