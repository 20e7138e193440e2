import pytest
from agent_core.model.errors import ProviderInvalid
from agent_core.model.providers import (
    ModelProvider,
    built_in_providers,
    provider_from_table,
    providers,
    select_provider,
)
from agent_protocol.wire import JsonValue


def test_the_built_in_providers_need_no_configuration() -> None:
    known = built_in_providers({}, "1.2.3")
    assert sorted(known) == ["lmstudio", "ollama", "openai", "replay"]
    openai = known["openai"]
    assert (openai.name, openai.address(), openai.http_headers) == (
        "OpenAI",
        "https://api.openai.com/v1",
        {"version": "1.2.3"},
    )
    assert openai.requires_openai_auth
    assert known["ollama"].address() == "http://localhost:11434/v1"
    assert known["lmstudio"].address() == "http://localhost:1234/v1"
    assert (openai.request_retries, openai.stream_retries, openai.stream_idle_timeout_ms) == (4, 5, 300_000)


def test_the_environment_moves_built_in_providers() -> None:
    known = built_in_providers(
        {"OPENAI_BASE_URL": "http://proxy/v1/", "AGENT_OSS_PORT": "99", "AGENT_REPLAY_FILE": "/c.jsonl"}, "1"
    )
    assert known["openai"].address() == "http://proxy/v1"
    assert known["ollama"].address() == "http://localhost:99/v1"
    assert known["replay"].cassette == "/c.jsonl"
    assert built_in_providers({"AGENT_OSS_BASE_URL": "http://gpu/v1"}, "1")["lmstudio"].address() == "http://gpu/v1"


def test_a_chatgpt_login_has_a_default_address_of_its_own() -> None:
    openai = built_in_providers({}, "1")["openai"]
    assert openai.address(chatgpt=True) == "https://chatgpt.com/backend-api/codex"


def test_every_field_of_the_configuration_is_read() -> None:
    table = {
        "name": "Mine",
        "base_url": "http://h/v1",
        "env_key": "K",
        "env_key_instructions": "Get one.",
        "experimental_bearer_token": "secret-token",
        "wire_api": "responses",
        "query_params": {"api-version": "1"},
        "http_headers": {"X-A": "b"},
        "env_http_headers": {"X-B": "VAR"},
        "request_max_retries": 1000,
        "stream_max_retries": 0,
        "stream_idle_timeout_ms": 5,
        "requires_openai_auth": True,
        "supports_websockets": True,
        "unknown_member": 1,
    }
    provider = provider_from_table("mine", table)
    for name, value in table.items():
        if name != "unknown_member":
            assert getattr(provider, name) == value
    assert (provider.id, provider.request_retries, provider.stream_retries) == ("mine", 100, 0)
    assert "secret-token" not in repr(provider)


def test_user_entries_are_added_and_cannot_take_a_built_in_id() -> None:
    mine = {"name": "Mine"}
    known = providers({"mine": mine, "openai": {"name": "Other", "base_url": "http://evil"}}, {}, "1")
    assert known["mine"].name == "Mine"
    assert known["openai"].name == "OpenAI"


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("text", "model_providers.p"),
        ({}, "model_providers.p"),
        ({"name": 5}, "model_providers.p.name"),
        ({"name": "n", "request_max_retries": -1}, "model_providers.p.request_max_retries"),
        ({"name": "n", "query_params": {"a": 1}}, "model_providers.p.query_params[...]"),
        ({"name": "n", "wire_api": "chat"}, "model_providers.p.wire_api"),
        ({"name": "n", "wire_api": "soap"}, "model_providers.p.wire_api"),
        ({"name": "n", "http_headers": {"X-A": "line\nbreak"}}, "model_providers.p.http_headers.X-A"),
        ({"name": "n", "http_headers": {"bad name": "v"}}, "model_providers.p.http_headers.bad name"),
    ],
)
def test_a_bad_entry_is_refused_with_the_key_at_fault(table: JsonValue, key: str) -> None:
    with pytest.raises(ProviderInvalid) as raised:
        provider_from_table("p", table)
    assert raised.value.key == key


@pytest.mark.parametrize("name", ["nobody", "ollama-chat"])
def test_an_unknown_provider_is_refused(name: str) -> None:
    with pytest.raises(ProviderInvalid) as raised:
        select_provider(built_in_providers({}, "1"), name)
    assert raised.value.key == "model_provider"


@pytest.mark.parametrize(
    ("name", "base_url", "azure"),
    [
        ("Azure", None, True),
        ("x", "https://r.openai.azure.com/openai", True),
        ("x", "https://r.cognitiveservices.azure.com", True),
        ("x", "https://x.aoai.azure.com", True),
        ("x", "https://gw.azure-api.net", True),
        ("x", "https://x.azurefd.net", True),
        ("x", "https://x.windows.net/openai", True),
        ("x", "https://x.windows.net/other", False),
        ("x", "https://api.openai.com/v1", False),
        ("Azure East", None, False),
    ],
)
def test_azure_is_known_by_name_or_address(name: str, base_url: str | None, azure: bool) -> None:
    assert ModelProvider(id="p", name=name, base_url=base_url).is_azure() is azure


def test_a_cassette_makes_any_provider_a_replay() -> None:
    assert provider_from_table("demo", {"name": "Demo", "cassette": "demo.jsonl"}).is_replay
    assert not provider_from_table("p", {"name": "P"}).is_replay
