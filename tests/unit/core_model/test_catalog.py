import pytest
from agent_core.model.catalog import BUNDLED, Catalog, ModelInfo, adjusted, fitting_effort
from agent_protocol.rollout.setting import ReasoningEffort


def test_the_longest_listed_name_decides() -> None:
    catalog = Catalog()
    found = catalog.find("gpt-5.2-codex-2026-01-01")
    assert (found.slug, found.display_name, found.truncation_mode) == (
        "gpt-5.2-codex-2026-01-01",
        "gpt-5.2-codex",
        "tokens",
    )
    assert catalog.find("gpt-5.2").truncation_mode == "bytes"
    assert not found.is_fallback


def test_an_unlisted_model_gets_cautious_assumptions() -> None:
    found = Catalog().find("llama")
    assert found == ModelInfo(slug="llama", display_name="llama", is_fallback=True)
    assert (found.context_window, found.truncation_mode, found.truncation_limit) == (272_000, "bytes", 10_000)
    assert not found.supports_reasoning_summaries
    assert not found.supports_parallel_tool_calls
    assert found.patch_tool is None


def test_the_default_is_the_first_that_is_shown() -> None:
    catalog = Catalog()
    assert catalog.default() == "gpt-5.2-codex"
    rows = catalog.presets(include_hidden=True)
    assert [row.info.slug for row in rows if row.is_default] == ["gpt-5.2-codex"]
    assert [row.info.slug for row in catalog.presets()] == [
        "gpt-5.2-codex",
        "gpt-5.1-codex-max",
        "gpt-5.2",
        "gpt-5.1-codex-mini",
    ]
    assert len(rows) == len(BUNDLED) == 10
    assert rows[0].hidden


def test_an_empty_catalogue_has_no_default() -> None:
    assert Catalog([]).default() is None
    assert Catalog([]).presets() == []


def test_a_model_for_logins_only_is_not_offered_to_api_keys() -> None:
    catalog = Catalog([ModelInfo(slug="m", display_name="m", visibility="list", supported_in_api=False)])
    assert catalog.presets() == []
    assert catalog.default(chatgpt=True) == "m"


@pytest.mark.parametrize("info", BUNDLED, ids=lambda info: info.slug)
def test_each_listed_model_is_whole(info: ModelInfo) -> None:
    assert info.description
    assert info.default_effort in [option.effort for option in info.efforts]
    assert all(option.description for option in info.efforts)
    assert info.supports_reasoning_summaries
    assert info.effective_context_window == 258_400
    assert info.compact_at == 244_800


def test_the_compaction_limit_never_exceeds_nine_tenths_of_the_window() -> None:
    info = ModelInfo(slug="m", display_name="m", context_window=100_000)
    assert info.compact_at == 90_000
    assert adjusted(info, auto_compact_token_limit=50_000).compact_at == 50_000
    assert adjusted(info, auto_compact_token_limit=95_000).compact_at == 90_000
    assert adjusted(info, context_window=10_000).effective_context_window == 9_500


def test_configuration_changes_only_what_it_names() -> None:
    info = Catalog().find("gpt-5.2")
    assert adjusted(info) == info
    assert adjusted(info, tool_output_token_limit=100).truncation_limit == 400
    assert adjusted(Catalog().find("gpt-5.2-codex"), tool_output_token_limit=100).truncation_limit == 100
    assert adjusted(info, supports_reasoning_summaries=False).supports_reasoning_summaries
    assert adjusted(Catalog().find("llama"), supports_reasoning_summaries=True).supports_reasoning_summaries


@pytest.mark.parametrize(
    ("slug", "wanted", "given"),
    [
        ("gpt-5.2", "xhigh", "xhigh"),
        ("gpt-5.1-codex-mini", "low", "medium"),
        ("gpt-5", "xhigh", "low"),
        ("gpt-5", None, "medium"),
        ("llama", "high", None),
    ],
)
def test_an_effort_is_kept_where_the_model_offers_it(
    slug: str, wanted: ReasoningEffort | None, given: ReasoningEffort | None
) -> None:
    assert fitting_effort(Catalog().find(slug), wanted) == given


def test_details_of_the_list_that_requests_depend_on() -> None:
    catalog = Catalog()
    parallel = [info.slug for info in BUNDLED if info.supports_parallel_tool_calls]
    assert parallel == ["gpt-5.3-codex", "gpt-5.2-codex", "gpt-5.2", "gpt-5.1"]
    talking = {info.slug: info.default_verbosity for info in BUNDLED if info.supports_verbosity}
    assert talking == {"gpt-5.3-codex": "low", "gpt-5.2": "low", "gpt-5.1": "low", "gpt-5": None}
    assert [option.effort for option in catalog.find("gpt-5").efforts] == ["minimal", "low", "medium", "high"]
    assert catalog.find("gpt-5").patch_tool is None
    assert catalog.find("gpt-5-codex").patch_tool == "freeform"
