import base64
import json
from contextlib import suppress
from pathlib import Path

import pytest
from agent_core.auth.account import account_response
from agent_core.auth.credential import ApiKeyAuth, ChatgptAuth, ExternalChatgptAuth
from agent_core.auth.errors import AccountUnknown, AuthFileInvalid, TokenInvalid
from agent_core.auth.login import find_login
from agent_core.auth.manager import AuthManager
from agent_core.auth.record import AuthRecord, read_record
from agent_core.auth.token import Claims, read_claims
from agent_core.errors import UsageError
from agent_core.model.credential import Credential
from agent_protocol.v2.account import ApiKeyAccount, ChatgptAccount, PlanType
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st

ENVIRON = {"OPENAI_API_KEY": " env-key "}
OWNER = {"email": "me@example.org", "https://api.openai.com/auth": {"chatgpt_plan_type": "pro", "user_id": "u"}}


def _jwt(payload: JsonValue) -> str:
    middle = base64.urlsafe_b64encode(json.dumps(payload).encode()).decode().rstrip("=")
    return f"e30.{middle}.sig"


def _store(home: Path, record: JsonValue) -> Path:
    path = home / "auth.json"
    path.write_text(json.dumps(record))
    return path


def _tokens(**more: str) -> dict[str, JsonValue]:
    return {"id_token": _jwt(OWNER), "access_token": "access", "refresh_token": "refresh"} | more


def test_nobody_is_logged_in_where_nothing_says_so(home: Path) -> None:
    assert find_login(home, {}) is None
    assert find_login(home, {"OPENAI_API_KEY": " "}) is None
    assert find_login(home / "none", {}) is None


def test_a_stored_login_counts_before_the_environment(home: Path) -> None:
    assert find_login(home, ENVIRON) == ApiKeyAuth("env-key", "OPENAI_API_KEY")
    path = _store(home, {"auth_mode": "apikey", "OPENAI_API_KEY": "stored"})
    assert find_login(home, ENVIRON) == ApiKeyAuth("stored", str(path))
    _store(home, {"OPENAI_API_KEY": None})
    assert find_login(home, ENVIRON) == ApiKeyAuth("env-key", "OPENAI_API_KEY")


@pytest.mark.parametrize(
    ("record", "kind"),
    [
        ({"OPENAI_API_KEY": "k"}, ApiKeyAuth),
        ({"OPENAI_API_KEY": "k", "tokens": {"access_token": "t"}}, ApiKeyAuth),
        ({"auth_mode": "chatgpt", "OPENAI_API_KEY": "k", "tokens": {"access_token": "t"}}, ChatgptAuth),
        ({"OPENAI_API_KEY": None, "tokens": {"access_token": "t"}, "unheard": 1}, ChatgptAuth),
        ({"auth_mode": "chatgpt", "tokens": None}, None),
        ({"auth_mode": "apikey", "OPENAI_API_KEY": None, "tokens": {"access_token": "t"}}, None),
        ({}, None),
    ],
)
def test_the_mode_decides_and_where_it_is_missing_a_key_does(
    home: Path, record: JsonValue, kind: type[ApiKeyAuth | ChatgptAuth] | None
) -> None:
    _store(home, record)
    login = find_login(home, {})
    assert login is None if kind is None else isinstance(login, kind)


def test_a_chatgpt_login_is_read_with_its_owner(home: Path) -> None:
    path = _store(home, {"auth_mode": "chatgpt", "OPENAI_API_KEY": None, "tokens": _tokens(account_id="acc")})
    login = find_login(home, {})
    assert login == ChatgptAuth(
        access_token="access",
        refresh_token="refresh",
        account_id="acc",
        email="me@example.org",
        plan_type="pro",
        origin=str(path),
    )
    response = account_response(login, requires_openai_auth=True)
    assert response.account == ChatgptAccount(email="me@example.org", plan_type=PlanType.PRO)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"OPENAI_API_KEY": 3}', b"\xff"])
def test_a_file_that_is_no_login_is_an_error(home: Path, content: bytes) -> None:
    (home / "auth.json").write_bytes(content)
    with pytest.raises(AuthFileInvalid) as caught:
        find_login(home, ENVIRON)
    assert caught.value.path == home / "auth.json"


def test_a_file_that_cannot_be_read_or_holds_no_token_is_an_error(home: Path) -> None:
    _store(home, {"tokens": {"access_token": "t", "id_token": "nonsense"}})
    with pytest.raises(AuthFileInvalid):
        find_login(home, {})
    (home / "auth.json").unlink()
    (home / "auth.json").mkdir()
    with pytest.raises(AuthFileInvalid):
        read_record(home)


def test_the_key_counts_as_mode_only_where_the_mode_is_missing() -> None:
    assert AuthRecord(api_key="k").is_api_key
    assert not AuthRecord(api_key="k", auth_mode="chatgpt").is_api_key


def test_accounts_are_told_only_where_the_provider_wants_them() -> None:
    key = ApiKeyAuth("k", "f")
    assert account_response(key, requires_openai_auth=True).account == ApiKeyAccount()
    assert account_response(key, requires_openai_auth=False).account is None
    assert account_response(None, requires_openai_auth=True).account is None


def test_an_account_without_address_or_plan_is_an_error_and_an_unknown_plan_is_none() -> None:
    external = ExternalChatgptAuth(access_token="t", account_id="a", email="e", plan_type="galactic")
    response = account_response(external, requires_openai_auth=True)
    assert response.account == ChatgptAccount(email="e", plan_type=PlanType.UNKNOWN)
    for email, plan in ((None, "pro"), ("e", None)):
        broken = ExternalChatgptAuth(access_token="t", account_id="a", email=email, plan_type=plan)
        with pytest.raises(AccountUnknown) as caught:
            account_response(broken, requires_openai_auth=True)
        assert isinstance(caught.value, UsageError)


def test_claims_are_found_in_either_place() -> None:
    auth = {"chatgpt_user_id": "cu", "user_id": "u", "chatgpt_account_id": "a", "chatgpt_plan_type": "team"}
    token = _jwt({"https://api.openai.com/profile": {"email": "p@x"}, "https://api.openai.com/auth": auth})
    assert read_claims(token) == Claims(email="p@x", plan="team", user_id="cu", account_id="a")
    assert read_claims(_jwt({"email": "e", "https://api.openai.com/auth": 3})) == Claims(email="e")


@pytest.mark.parametrize("token", ["", "a.b", "a..c", "a.b.c.d", "a.!!.c", _jwt([1]), "a.e30=.c.d"])
def test_what_is_no_json_web_token_is_refused(token: str) -> None:
    with pytest.raises(TokenInvalid):
        read_claims(token)


@given(st.text())
def test_no_text_breaks_the_token_reader(text: str) -> None:
    with suppress(TokenInvalid):
        read_claims(f"a.{text}.c")


def test_secrets_do_not_show() -> None:
    logins = (
        ApiKeyAuth("hush", "f"),
        ChatgptAuth(access_token="hush", refresh_token="hush", account_id=None, email=None, plan_type=None, origin="f"),
        ExternalChatgptAuth(access_token="hush", account_id="a", email=None, plan_type=None),
    )
    assert not any("hush" in repr(login) for login in logins)


@pytest.mark.anyio
async def test_the_manager_keeps_the_login_until_it_is_told_to_read_again(home: Path) -> None:
    manager = AuthManager(home, {})
    assert await manager.auth() is None
    path = _store(home, {"OPENAI_API_KEY": "k"})
    assert await manager.credential() is None
    await manager.reload()
    assert await manager.credential() == Credential(token="k", origin=str(path))


@pytest.mark.anyio
async def test_a_key_of_the_environment_is_a_login_but_never_sent_to_just_any_provider(home: Path) -> None:
    manager = AuthManager(home, ENVIRON)
    assert isinstance(await manager.auth(), ApiKeyAuth)
    assert await manager.credential() is None


@pytest.mark.anyio
async def test_a_chatgpt_login_signs_with_its_access_token(home: Path) -> None:
    path = _store(home, {"tokens": _tokens(account_id="acc")})
    credential = await AuthManager(home, {}).credential()
    assert credential == Credential(token="access", origin=str(path), chatgpt=True, account_id="acc")
