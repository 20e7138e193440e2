import pytest
from agent_core.model.credential import Credential, resolve_credential
from agent_core.model.errors import CredentialMissing, CredentialUnusable
from agent_core.model.providers import ModelProvider, built_in_providers

OPENAI = built_in_providers({}, "1")["openai"]
CUSTOM = ModelProvider(id="mine", name="Mine")


async def login() -> Credential | None:
    return Credential(token="from-login", origin="the login", chatgpt=True, account_id="acc")


async def token(provider: ModelProvider, environ: dict[str, str], *, logged_in: bool = False) -> str | None:
    found = await (resolve_credential(provider, environ, login) if logged_in else resolve_credential(provider, environ))
    return found.token if found else None


@pytest.mark.anyio
async def test_the_named_variable_comes_first_then_the_token_then_the_login() -> None:
    everything = ModelProvider(id="p", name="P", env_key="K", experimental_bearer_token="bearer")
    only_token = ModelProvider(id="p", name="P", experimental_bearer_token="bearer")
    assert await token(everything, {"K": " key\n"}, logged_in=True) == "key"
    assert await token(only_token, {}, logged_in=True) == "bearer"
    assert await token(CUSTOM, {}, logged_in=True) == "from-login"
    assert await token(CUSTOM, {}) is None


@pytest.mark.anyio
@pytest.mark.parametrize("environ", [{}, {"K": ""}, {"K": "  "}])
async def test_an_unset_variable_is_named(environ: dict[str, str]) -> None:
    provider = ModelProvider(id="p", name="P", env_key="K", env_key_instructions="Ask the admin.")
    with pytest.raises(CredentialMissing) as raised:
        await token(provider, environ, logged_in=True)
    assert (raised.value.variable, raised.value.provider) == ("K", "p")
    assert raised.value.instructions == "Ask the admin."
    assert "K" in str(raised.value)
    assert not raised.value.retryable


@pytest.mark.anyio
async def test_the_built_in_provider_takes_the_login_or_its_variable() -> None:
    assert await token(OPENAI, {"OPENAI_API_KEY": "k"}, logged_in=True) == "from-login"
    assert await token(OPENAI, {"OPENAI_API_KEY": "k"}) == "k"
    with pytest.raises(CredentialMissing) as raised:
        await token(OPENAI, {})
    assert raised.value.variable == "OPENAI_API_KEY"


@pytest.mark.anyio
async def test_the_variable_of_the_built_in_provider_is_sent_to_no_other() -> None:
    assert await token(CUSTOM, {"OPENAI_API_KEY": "k"}) is None


@pytest.mark.anyio
@pytest.mark.parametrize("key", ["two words", "line\nbreak", "schlüssel"])
async def test_a_key_no_header_can_carry_is_refused(key: str) -> None:
    with pytest.raises(CredentialUnusable) as raised:
        await token(OPENAI, {"OPENAI_API_KEY": key})
    assert key not in str(raised.value)


def test_a_credential_does_not_show_its_token() -> None:
    assert "hush" not in repr(Credential(token="hush", origin="o"))
