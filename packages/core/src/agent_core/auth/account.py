"""Who is logged in, as clients are told."""

from agent_protocol.v2.account import Account, ApiKeyAccount, ChatgptAccount, GetAccountResponse, PlanType

from agent_core.auth.login import ApiKeyAuth, Auth, ExternalChatgptAuth
from agent_core.errors import InputInvalid


def account_response(auth: Auth | None, *, requires_openai_auth: bool) -> GetAccountResponse:
    """Return the answer of ``account/read``; a provider that needs no login has no account.

    Raises:
        InputInvalid: the ChatGPT login does not say whose it is.
    """
    account = _account(auth) if requires_openai_auth else None
    return GetAccountResponse(account=account, requires_openai_auth=requires_openai_auth)


def _account(auth: Auth | None) -> Account | None:
    if auth is None:
        return None
    if isinstance(auth, ApiKeyAuth):
        return ApiKeyAccount()
    plan = auth.plan if isinstance(auth, ExternalChatgptAuth) and auth.plan else auth.claims.plan
    if auth.claims.email is None or plan is None:
        raise InputInvalid("the ChatGPT login does not say whose it is; log in again")
    return ChatgptAccount(email=auth.claims.email, plan_type=PlanType(plan))
