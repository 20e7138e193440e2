"""The catalogue as clients see it."""

from agent_protocol.v2.common import ReasoningEffort
from agent_protocol.v2.model import InputModality, Model, ReasoningEffortOption

from agent_core.model.catalog import Catalog, ModelPreset


def model_rows(catalog: Catalog, *, include_hidden: bool, chatgpt: bool) -> list[Model]:
    """Return the models a user may choose, best first."""
    return [_row(preset) for preset in catalog.presets(include_hidden=include_hidden, chatgpt=chatgpt)]


def _row(preset: ModelPreset) -> Model:
    info = preset.info
    return Model(
        id=info.slug,
        model=info.slug,
        upgrade=info.upgrade,
        display_name=info.display_name,
        description=info.description,
        hidden=preset.hidden,
        supported_reasoning_efforts=[
            ReasoningEffortOption(reasoning_effort=ReasoningEffort(option.effort), description=option.description)
            for option in info.efforts
        ],
        default_reasoning_effort=ReasoningEffort(info.default_effort or "none"),
        input_modalities=[InputModality(modality) for modality in info.input_modalities],
        supports_personality=info.supports_personality,
        is_default=preset.is_default,
    )
