import json
import os
from collections.abc import Callable
from pathlib import Path

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import msgspec
import pytest
from agent_core.config.errors import ConfigError
from agent_core.config.read import config_read
from agent_core.config.stack import ConfigRequest
from agent_protocol.wire import JsonValue

Requests = Callable[..., ConfigRequest]
CONTRACT = Path(os.environ.get("AGENT_CONTRACT_DIR", Path(__file__).parents[4] / "shared" / "contract"))
KNOWN = [
    *("model", "review_model", "model_context_window", "model_auto_compact_token_limit", "model_provider"),
    *("approval_policy", "sandbox_mode", "sandbox_workspace_write", "forced_chatgpt_workspace_id"),
    *("forced_login_method", "web_search", "tools", "profile", "profiles", "instructions", "developer_instructions"),
    *("compact_prompt", "model_reasoning_effort", "model_reasoning_summary", "model_verbosity", "analytics", "apps"),
]


def _wire(request: ConfigRequest, include_layers: bool = False) -> dict[str, JsonValue]:
    encoded = msgspec.json.encode(config_read(request, include_layers=include_layers))
    decoded: dict[str, JsonValue] = json.loads(encoded)
    return decoded


def test_known_keys_are_always_there_in_order(request_for: Requests) -> None:
    answer = _wire(request_for())
    assert list(answer) == ["config", "origins"]
    assert list(answer["config"]) == KNOWN
    assert answer["config"] == dict.fromkeys(KNOWN) | {"profiles": {}}
    assert answer["origins"] == {}


TEXT = """
model = "m1"
unheard = 3
when = 2024-01-02T03:04:05Z
notify = ["a", "b"]
[profiles.p]
model = "pm"
zz = 1
[sandbox_workspace_write]
network_access = true
extra = 1
[tools]
web_search = true
[analytics]
enabled = true
more = 1
[apps.one]
enabled = false
"""


def test_typed_tables_are_filled_up_and_open_ones_keep_what_else_they_hold(request_for: Requests) -> None:
    config = _wire(request_for(TEXT))["config"]
    assert config["sandbox_workspace_write"] == {
        "writable_roots": [],
        "network_access": True,
        "exclude_tmpdir_env_var": False,
        "exclude_slash_tmp": False,
    }
    assert config["tools"] == {"web_search": True, "view_image": None}
    assert config["analytics"] == {"enabled": True, "more": 1}
    assert config["apps"] == {"one": {"enabled": False, "disabled_reason": None}}
    assert config["profiles"]["p"]["model"] == "pm"
    assert config["profiles"]["p"]["chatgpt_base_url"] is None
    assert config["profiles"]["p"]["zz"] == 1
    assert config["unheard"] == 3
    assert config["when"].startswith("2024-01-02T03:04:05")


def test_every_leaf_has_its_origin(request_for: Requests, home: Path) -> None:
    answer = _wire(request_for(TEXT, overrides=[("model", "flag")]))
    assert answer["origins"]["model"]["name"] == {"type": "sessionFlags"}
    assert answer["origins"]["notify.1"]["name"] == {"type": "user", "file": str(home / "config.toml")}
    assert "sandbox_workspace_write.network_access" in answer["origins"]
    assert "sandbox_workspace_write" not in answer["origins"]


def test_layers_come_strongest_first_with_their_content_and_reason(
    request_for: Requests, project: Path, home: Path, tmp_path: Path
) -> None:
    (project / ".agent").mkdir()
    (project / ".agent/config.toml").write_text('model_verbosity = "low"\n')
    layers = _wire(request_for("", project, overrides=[("a.b", 1)]), include_layers=True)["layers"]
    assert [layer["name"] for layer in layers] == [
        {"type": "sessionFlags"},
        {"type": "project", "dotCodexFolder": str(project / ".agent")},
        {"type": "user", "file": str(home / "config.toml")},
        {"type": "system", "file": str(tmp_path / "etc/config.toml")},
    ]
    assert layers[0]["config"] == {"a": {"b": 1}}
    assert "disabledReason" not in layers[0]
    assert layers[1]["disabledReason"]
    assert layers[1]["version"] == "sha256:20c92f6cb329899d5f51422764ed50bb76230e88983ea9b48cd5cba17ab57898"


def test_a_value_that_does_not_fit_is_an_error_but_a_missing_profile_is_not(request_for: Requests) -> None:
    with pytest.raises(ConfigError):
        config_read(request_for("model = 3\n"))
    assert _wire(request_for('profile = "nope"\n'))["config"]["profile"] == "nope"


@pytest.mark.skipif(not CONTRACT.is_dir(), reason="the contract is not on this machine")
def test_the_answer_fits_the_contract(request_for: Requests, project: Path) -> None:
    (project / ".agent").mkdir()
    schema = json.loads((CONTRACT / "files" / "ConfigReadResponse.json").read_text())
    answer = _wire(request_for(TEXT, project, overrides=[("model", "flag")]), include_layers=True)
    jsonschema.validate(answer, schema)
