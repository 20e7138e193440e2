"""What a client looks up: models, settings, the account, skills."""

import hashlib
import json
from pathlib import Path

import pytest
from agent_protocol.wire import JsonValue
from stage import Opener, Stage

INVALID = -32600
INTERNAL = -32603


@pytest.mark.requirement("model/list")
def test_models_are_listed_with_one_default(stage: Stage) -> None:
    shown = stage.server.result("model/list", {})
    every = stage.server.result("model/list", {"includeHidden": True})["data"]
    assert shown["nextCursor"] is None
    assert shown["data"] == [model for model in every if not model["hidden"]]
    assert len(shown["data"]) < len(every)
    assert [model["model"] for model in shown["data"] if model["isDefault"]] == ["gpt-5.2-codex"]
    assert not [model for model in every if model["hidden"] and model["isDefault"]]
    first = shown["data"][0]
    assert list(first) == [
        "id",
        "model",
        "upgrade",
        "displayName",
        "description",
        "hidden",
        "supportedReasoningEfforts",
        "defaultReasoningEffort",
        "inputModalities",
        "supportsPersonality",
        "isDefault",
    ]
    assert [effort["reasoningEffort"] for effort in first["supportedReasoningEfforts"]] == [
        "low",
        "medium",
        "high",
        "xhigh",
    ]
    assert all(effort["description"] for effort in first["supportedReasoningEfforts"])
    assert (first["defaultReasoningEffort"], first["inputModalities"]) == ("medium", ["text", "image"])


@pytest.mark.requirement("model/list")
def test_models_are_paged_by_offset(stage: Stage) -> None:
    ids = [model["id"] for model in stage.server.result("model/list", {})["data"]]

    def page(**params: JsonValue) -> tuple[list[str], JsonValue]:
        reply = stage.server.result("model/list", params)
        return [model["id"] for model in reply["data"]], reply["nextCursor"]

    assert page(limit=2) == (ids[:2], "2")
    assert page(limit=2, cursor="1") == (ids[1:3], "3")
    assert page(limit=0) == (ids[:1], "1")
    assert page(cursor=str(len(ids) - 1)) == (ids[-1:], None)
    assert page(cursor=str(len(ids))) == ([], None)
    for cursor in ("x", "", "-1", "1.5", str(len(ids) + 1)):
        assert stage.error("model/list", {"cursor": cursor})["code"] == INVALID


@pytest.mark.requirement("config/read")
def test_the_effective_configuration_is_shown_with_where_it_comes_from(stage: Stage) -> None:
    bare = stage.server.result("config/read", {})
    assert list(bare) == ["config", "origins"]
    full = stage.server.result("config/read", {"includeLayers": True})
    config = full["config"]
    assert config == bare["config"]
    assert (config["model"], config["approval_policy"], config["sandbox_mode"]) == (
        "gpt-5.2-codex",
        "never",
        "danger-full-access",
    )
    assert (config["profile"], config["profiles"], config["model_reasoning_effort"]) == (None, {}, None)
    assert config["model_providers"]["mock"]["base_url"] == stage.model.url
    user, system = full["layers"]
    assert list(user) == ["name", "version", "config"]
    assert user["name"] == {"type": "user", "file": str(stage.home / "config.toml")}
    assert user["version"] == version(user["config"])
    assert system["name"]["type"] == "system"
    assert (system["config"], system["version"]) == ({}, version({}))
    assert full["origins"]["model_providers.mock.base_url"] == {"name": user["name"], "version": user["version"]}
    assert "profiles" not in full["origins"]


def version(config: JsonValue) -> str:
    compact = json.dumps(config, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(compact.encode()).hexdigest()}"


def project(stage: Stage, *folders: str) -> Path:
    """Make a project with one settings folder each, whose model is the folder's name."""
    root = stage.folder()
    (root / ".git").mkdir()
    for folder in folders:
        (root / folder).mkdir()
        (root / folder / "config.toml").write_text(f'model = "{folder}"\n')
    return root


@pytest.mark.requirement("config/read")
def test_a_directory_adds_its_project_and_an_untrusted_one_counts_for_nothing(stage: Stage) -> None:
    root = project(stage, ".codex")
    untrusted = stage.server.result("config/read", {"cwd": str(root), "includeLayers": True})
    assert untrusted["config"]["model"] == "gpt-5.2-codex"
    layer = untrusted["layers"][0]
    assert layer["name"] == {"type": "project", "dotCodexFolder": str(root / ".codex")}
    assert layer["config"] == {"model": ".codex"}
    assert layer["disabledReason"]
    with (stage.home / "config.toml").open("a") as file:
        file.write(f'[projects."{root}"]\ntrust_level = "trusted"\n')
    try:
        trusted = stage.server.result("config/read", {"cwd": str(root), "includeLayers": True})
        assert trusted["config"]["model"] == ".codex"
        assert "disabledReason" not in trusted["layers"][0]
        assert trusted["origins"]["model"]["name"] == layer["name"]
        assert stage.server.result("config/read", {})["config"]["model"] == "gpt-5.2-codex"
    finally:
        stage.mend()


@pytest.mark.requirement("config/read")
def test_a_relative_directory_is_one_of_the_process(stage: Stage) -> None:
    root = project(stage, ".codex")
    read = stage.server.result("config/read", {"cwd": root.name, "includeLayers": True})
    assert read["layers"][0]["name"]["dotCodexFolder"] == str(root / ".codex")


@pytest.mark.requirement("config/read")
@pytest.mark.parametrize("text", ["model = \n", 'approval_policy = "sometimes"\n'])
def test_a_configuration_that_cannot_be_read_is_an_internal_error(stage: Stage, text: str) -> None:
    (stage.home / "config.toml").write_text(text)
    try:
        error = stage.error("config/read", {})
        assert error["code"] == INTERNAL
    finally:
        stage.mend()


@pytest.mark.requirement("project-folder")
def test_a_project_is_configured_in_a_folder_of_our_own_name(ours: Stage) -> None:
    root = project(ours, ".codex", ".agent")
    layers = ours.server.result("config/read", {"cwd": str(root), "includeLayers": True})["layers"]
    folders = [layer["name"]["dotCodexFolder"] for layer in layers if layer["name"]["type"] == "project"]
    assert folders == [str(root / ".agent")]


@pytest.mark.requirement("account/read")
def test_there_is_no_account_where_the_provider_needs_none(stage: Stage) -> None:
    for params in ({}, {"refreshToken": True}):
        assert stage.server.result("account/read", params) == {"account": None, "requiresOpenaiAuth": False}


@pytest.mark.requirement("account/read")
def test_a_stored_key_is_an_account_and_nothing_of_it_is_told(fresh: Opener) -> None:
    with fresh(config='model = "gpt-5.2-codex"\n') as stage:
        read = stage.server.result("account/read", {})
        assert read == {"account": None, "requiresOpenaiAuth": True}
    with fresh(config='model = "gpt-5.2-codex"\n', auth={"OPENAI_API_KEY": "sk-stored"}) as stage:
        read = stage.server.result("account/read", {})
        assert read == {"account": {"type": "apiKey"}, "requiresOpenaiAuth": True}


@pytest.mark.requirement("skills/list")
def test_skills_are_listed_per_directory_in_the_order_asked_for(stage: Stage) -> None:
    first, second = str(stage.folder()), str(stage.folder())

    def directories(**params: JsonValue) -> list[str]:
        data = stage.server.result("skills/list", params)["data"]
        assert all(entry["errors"] == [] for entry in data)
        return [entry["cwd"] for entry in data]

    assert directories(cwds=[second, first]) == [second, first]
    assert directories() == [str(stage.root)]
    assert directories(cwds=[], forceReload=True, perCwdExtraUserRoots=None) == [str(stage.root)]


@pytest.mark.requirement("skills/list")
def test_extra_places_for_skills_have_to_be_absolute(stage: Stage) -> None:
    cwd = str(stage.folder())

    def extra(root: str) -> JsonValue:
        return [{"cwd": cwd, "extraUserRoots": [root]}]

    refused = stage.error("skills/list", {"cwds": [cwd], "perCwdExtraUserRoots": extra("relative")})
    assert refused["code"] == INVALID
    assert "data" in stage.server.result("skills/list", {"cwds": [cwd], "perCwdExtraUserRoots": extra(cwd)})
    assert "data" in stage.server.result("skills/list", {"perCwdExtraUserRoots": extra("relative")})
