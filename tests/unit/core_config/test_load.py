from collections.abc import Callable
from pathlib import Path

import pytest
from agent_core.config.errors import ConfigError
from agent_core.config.explicit import ExplicitSettings
from agent_core.config.feature import FEATURES, Stage, is_known, resolve_features
from agent_core.config.load import load_config
from agent_core.config.stack import ConfigRequest
from agent_core.config.warning import broken_config, disabled_layers
from agent_core.exec.env import EnvironmentPolicy
from agent_protocol.rollout.setting import DangerFullAccessPolicy, ReadOnlyPolicy, WorkspaceWritePolicy
from agent_protocol.wire import JsonValue
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

Requests = Callable[..., ConfigRequest]


def _trust(project: Path, level: str) -> str:
    return f'[projects."{project}"]\ntrust_level = "{level}"\n'


def test_without_any_file_the_defaults_hold(request_for: Requests, project: Path, home: Path) -> None:
    config = load_config(request_for("", project))
    assert (config.model, config.model_provider, config.model_providers) == (None, "openai", {})
    assert (config.approval_policy, config.sandbox_mode, config.trust) == ("on-request", "read-only", None)
    assert config.sandbox_policy == ReadOnlyPolicy()
    assert (config.model_reasoning_effort, config.model_reasoning_summary) == (None, "auto")
    assert (config.project_doc_max_bytes, config.project_root_markers) == (32_768, (".git",))
    assert (config.web_search, config.personality) == ("cached", "pragmatic")
    assert config.shell_environment == EnvironmentPolicy()
    assert config.chatgpt_base_url == "https://chatgpt.com/backend-api/"
    assert (config.credential_store, config.history.persistence) == ("file", "save-all")
    assert config.log_dir == home / "log"
    assert not config.hide_agent_reasoning and not config.show_raw_agent_reasoning


@pytest.mark.parametrize(
    ("level", "approval", "mode"),
    [("trusted", "on-request", "workspace-write"), ("untrusted", "untrusted", "workspace-write")],
)
def test_a_decision_about_the_project_sets_what_nobody_else_did(
    request_for: Requests, project: Path, level: str, approval: str, mode: str
) -> None:
    config = load_config(request_for(_trust(project, level), project))
    assert (config.trust, config.approval_policy, config.sandbox_mode) == (level, approval, mode)
    said = 'approval_policy = "never"\nsandbox_mode = "danger-full-access"\n' + _trust(project, level)
    config = load_config(request_for(said, project))
    assert (config.approval_policy, config.sandbox_policy) == ("never", DangerFullAccessPolicy())


def test_workspace_write_takes_its_details_from_its_table(request_for: Requests) -> None:
    text = """
sandbox_mode = "workspace-write"
[sandbox_workspace_write]
writable_roots = ["/a"]
network_access = true
exclude_slash_tmp = true
"""
    explicit = ExplicitSettings(writable_roots=("/b", "/a"))
    assert load_config(request_for(text, explicit=explicit)).sandbox_policy == WorkspaceWritePolicy(
        writable_roots=("/a", "/b"), network_access=True, exclude_slash_tmp=True
    )
    assert load_config(request_for(text, explicit=ExplicitSettings(sandbox_mode="read-only"))).sandbox_policy == (
        ReadOnlyPolicy()
    )


def test_explicit_settings_go_over_the_profile_and_the_profile_over_flags(request_for: Requests) -> None:
    text = """
model = "plain"
model_verbosity = "low"
approval_policy = "untrusted"
profile = "p"
[profiles.p]
model = "profiled"
approval_policy = "never"
[profiles.q]
model = "other"
"""
    config = load_config(request_for(text, overrides=[("model", "flag"), ("model_verbosity", "high")]))
    assert (config.profile, config.model, config.model_verbosity) == ("p", "profiled", "high")
    assert config.approval_policy == "never"
    config = load_config(request_for(text, explicit=ExplicitSettings(profile="q", approval_policy="on-failure")))
    assert (config.profile, config.model, config.approval_policy) == ("q", "other", "on-failure")
    assert load_config(request_for(text, explicit=ExplicitSettings(model="said"))).model == "said"


def test_a_profile_that_does_not_exist_is_an_error_with_its_place(request_for: Requests, home: Path) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(request_for('x = 1\nprofile = "nope"\n'))
    assert (caught.value.key, caught.value.path, caught.value.line) == ("profile", home / "config.toml", 2)
    with pytest.raises(ConfigError) as caught:
        load_config(request_for("x = 1\n", explicit=ExplicitSettings(profile="nope")))
    assert (caught.value.key, caught.value.path) == ("profile", None)


@pytest.mark.parametrize(
    ("text", "key", "place"),
    [
        ("model = 3\n", "model", (1, 9, 1, 9)),
        ('x=1\n  approval_policy = "sometimes"\n', "approval_policy", (2, 21, 2, 31)),
        (
            '[sandbox_workspace_write]\nnetwork_access = "yes"\n',
            "sandbox_workspace_write.network_access",
            (2, 18, 2, 22),
        ),
        ('[projects."/x"]\ntrust_level="maybe"\n', "projects./x.trust_level", (2, 13, 2, 19)),
        ('[features]\nsqlite="x"\n', "features.sqlite", (2, 8, 2, 10)),
        ('[shell_environment_policy]\ninherit="none2"\n', "shell_environment_policy.inherit", (2, 9, 2, 15)),
        ('model_context_window = "x"\n', "model_context_window", (1, 24, 1, 26)),
        ("model_context_window = true\n", "model_context_window", (1, 24, 1, 27)),
        ("[profiles.p]\nmodel=3\n", "profiles.p.model", (2, 7, 2, 7)),
        ('notify=["a", 1]\n', "notify.1", (1, 14, 1, 14)),
        ("features = 3\n", "features", (1, 12, 1, 12)),
        ("[model_providers]\nx=3\n", "model_providers.x", (2, 3, 2, 3)),
        ('[profiles]\n"a.b" = {web_search = "on"}\n', "profiles.a.b.web_search", (2, 23, 2, 26)),
    ],
)
def test_a_value_that_does_not_fit_is_named_with_its_place(
    request_for: Requests, home: Path, text: str, key: str, place: tuple[int, int, int, int]
) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(request_for(text))
    error = caught.value
    assert (error.key, error.path) == (key, home / "config.toml")
    assert error.range and (error.range.line, error.range.column, error.range.end_line, error.range.end_column) == place
    warning = broken_config(error)
    assert warning.path == str(home / "config.toml")
    assert warning.range and (warning.range.start.line, warning.range.end.column) == (place[0], place[3])


def test_the_choices_of_a_wrong_value_are_told(request_for: Requests) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(request_for('sandbox_mode = "none"\n'))
    assert all(mode in caught.value.reason for mode in ("read-only", "workspace-write", "danger-full-access"))


def test_a_wrong_flag_is_an_error_without_a_file(request_for: Requests) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(request_for('model = "fine"\n', overrides=[("model", 3)]))
    assert (caught.value.key, caught.value.path, caught.value.range) == ("model", None, None)


def test_a_wrong_value_below_a_right_one_is_no_error(request_for: Requests) -> None:
    assert load_config(request_for("model = 3\n", overrides=[("model", "m")])).model == "m"


def test_unknown_keys_are_tolerated_everywhere(request_for: Requests) -> None:
    text = "nonsense = 1\n[sandbox_workspace_write]\nx = 1\n[features]\nnever_heard = true\n[profiles.p]\ny = [1]\n"
    load_config(request_for(text))


def test_instructions_come_from_the_named_file(request_for: Requests, home: Path) -> None:
    (home / "base.md").write_text("  be kind\n")
    text = 'model_instructions_file = "base.md"\ndeveloper_instructions = "dev"\ninstructions = "unused"\n'
    config = load_config(request_for(text))
    assert (config.base_instructions, config.developer_instructions) == ("be kind", "dev")
    explicit = ExplicitSettings(base_instructions="mine", developer_instructions="yours")
    config = load_config(request_for(text, explicit=explicit))
    assert (config.base_instructions, config.developer_instructions) == ("mine", "yours")


@pytest.mark.parametrize("content", [None, b"", b"\xff\xfe\xff"])
def test_an_instruction_file_that_cannot_be_used_is_an_error(
    request_for: Requests, home: Path, content: bytes | None
) -> None:
    if content is not None:
        (home / "base.md").write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        load_config(
            request_for('[profiles.p]\nmodel_instructions_file = "base.md"\n', explicit=ExplicitSettings(profile="p"))
        )
    assert (caught.value.key, caught.value.line) == ("profiles.p.model_instructions_file", 2)


def test_the_compact_prompt_may_be_given_or_named(request_for: Requests, home: Path) -> None:
    (home / "c.md").write_text("from file")
    assert load_config(request_for('experimental_compact_prompt_file = "c.md"\n')).compact_prompt == "from file"
    both = 'experimental_compact_prompt_file = "c.md"\ncompact_prompt = "given"\n'
    assert load_config(request_for(both)).compact_prompt == "given"


def test_the_shell_environment_is_what_the_table_says(request_for: Requests) -> None:
    text = """
[shell_environment_policy]
inherit = "core"
ignore_default_excludes = false
exclude = ["A*"]
include_only = ["B"]
[shell_environment_policy.set]
C = "1"
"""
    assert load_config(request_for(text)).shell_environment == EnvironmentPolicy(
        inherit="core", ignore_default_excludes=False, exclude=("A*",), set={"C": "1"}, include_only=("B",)
    )


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ("", "cached"),
        ('web_search = "disabled"\n', "disabled"),
        ("[features]\nweb_search_request = true\n", "live"),
        ("[tools]\nweb_search = true\n", "live"),
        ("[tools]\nweb_search_request = true\n", "live"),
        ('web_search = "cached"\n[features]\nweb_search = true\n', "cached"),
        ("[features]\nweb_search_request = true\nweb_search_cached = true\n", "cached"),
    ],
)
def test_the_search_mode_comes_from_the_setting_or_an_older_switch(request_for: Requests, text: str, mode: str) -> None:
    assert load_config(request_for(text)).web_search == mode


def test_features_are_set_in_order_and_older_names_are_told(request_for: Requests) -> None:
    text = """
experimental_use_unified_exec_tool = false
[features]
collab = true
personality = false
[profiles.p]
include_apply_patch_tool = true
[profiles.p.features]
unified_exec = true
"""
    features = load_config(request_for(text)).features
    assert not features.enabled("unified_exec")
    assert features.enabled("multi_agent")
    assert load_config(request_for(text)).personality is None
    assert set(features.aliases_used) == {"experimental_use_unified_exec_tool", "collab"}
    features = load_config(request_for(text, explicit=ExplicitSettings(profile="p"))).features
    assert features.enabled("unified_exec") and features.enabled("apply_patch_freeform")
    with pytest.raises(KeyError):
        features.enabled("never_heard")


def test_the_defaults_of_features_are_those_that_are_on() -> None:
    features = resolve_features()
    assert {feature.key for feature in FEATURES if feature.default} == features.on
    assert is_known("collab") and is_known("undo") and not is_known("never_heard")
    assert not any(feature.default for feature in FEATURES if feature.stage is not Stage.STABLE)


def test_errors_of_later_checks_get_the_place_of_their_key(request_for: Requests, home: Path) -> None:
    config = load_config(request_for('[model_providers.x]\nname = "X"\nwire_api = "chat"\n'))
    error = config.fault("model_providers.x.wire_api", "not spoken", "write responses")
    assert (error.path, error.line, error.column, error.remedy) == (home / "config.toml", 3, 12, "write responses")
    missing = config.fault("model_providers.x.base_url", "missing")
    assert (missing.path, missing.line) == (home / "config.toml", 1)
    assert config.fault("model_providers.y", "missing").path == home / "config.toml"


def test_settings_left_out_of_distrust_are_worth_a_warning(request_for: Requests, project: Path) -> None:
    assert disabled_layers(load_config(request_for("", project)).stack) is None
    (project / ".agent").mkdir()
    warning = disabled_layers(load_config(request_for("", project)).stack)
    assert warning and str(project / ".agent") in (warning.details or "")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner, max_size=2),
    max_leaves=5,
)
KEYS = st.sampled_from(
    ["model", "features", "profiles", "profile", "projects", "tools", "sandbox_workspace_write", "notify", "history"]
)


@given(overrides=st.lists(st.tuples(KEYS, JSON), max_size=3))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
def test_whatever_is_set_either_fits_or_is_a_config_error(
    request_for: Requests, overrides: list[tuple[str, JsonValue]]
) -> None:
    try:
        load_config(request_for(overrides=overrides))
    except ConfigError as error:
        assert error.key
