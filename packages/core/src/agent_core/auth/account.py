"""Who is logged in, as clients are told."""

from agent_protocol.v2.account import Account, ApiKeyAccount, ChatgptAccount, GetAccountResponse, PlanType

from agent_core.auth.credential import ApiKeyAuth, Auth
from agent_core.auth.errors import AccountUnknown


def account_response(auth: Auth | None, *, requires_openai_auth: bool) -> GetAccountResponse:
    """Return the answer of ``account/read``; a provider that needs no login has no account, whatever is stored.

    Raises:
        AccountUnknown: a ChatGPT login without an email address or a plan.
    """
    account = account_of(auth) if auth and requires_openai_auth else None
    return GetAccountResponse(account=account, requires_openai_auth=requires_openai_auth)


def account_of(auth: Auth) -> Account:
    """Return a login as clients see it; raises as ``account_response`` does."""
    if isinstance(auth, ApiKeyAuth):
        return ApiKeyAccount()
    if auth.email is None:
        raise AccountUnknown(auth.origin, "email address")
    if auth.plan_type is None:
        raise AccountUnknown(auth.origin, "plan")
    return ChatgptAccount(email=auth.email, plan_type=PlanType(auth.plan_type))
