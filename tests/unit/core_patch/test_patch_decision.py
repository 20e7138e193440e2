from pathlib import Path

import pytest
from agent_core.patch.decision import Apply, Ask, PatchDecision, Refuse, decide
from agent_protocol.v2.common import AskForApproval
from agent_sandbox.policy import Policy

WORKSPACE = Policy.workspace_write(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
INSIDE = ("/repo/a", "/repo/b/../c")
OUTSIDE = ("/repo/a", "/repo/../etc/x")
NEVER, ON_REQUEST, ON_FAILURE, UNTRUSTED = (
    AskForApproval.NEVER,
    AskForApproval.ON_REQUEST,
    AskForApproval.ON_FAILURE,
    AskForApproval.UNTRUSTED,
)


def decided(
    paths: tuple[str, ...], approval: AskForApproval, policy: Policy = WORKSPACE, can_confine: bool = True
) -> PatchDecision:
    return decide(paths, approval_policy=approval, sandbox=policy.resolve("/repo"), can_confine=can_confine)


@pytest.mark.parametrize(
    ("paths", "approval", "policy", "expected"),
    [
        (INSIDE, NEVER, WORKSPACE, Apply(confined=True)),
        (INSIDE, ON_REQUEST, WORKSPACE, Apply(confined=True)),
        (INSIDE, ON_FAILURE, WORKSPACE, Apply(confined=True)),
        (INSIDE, UNTRUSTED, WORKSPACE, Ask(confined=True)),
        (OUTSIDE, ON_REQUEST, WORKSPACE, Ask(confined=False)),
        (OUTSIDE, ON_FAILURE, WORKSPACE, Apply(confined=True)),
        (OUTSIDE, UNTRUSTED, WORKSPACE, Ask(confined=False)),
        (INSIDE, ON_REQUEST, Policy.read_only(), Ask(confined=False)),
        (INSIDE, ON_FAILURE, Policy.read_only(), Apply(confined=True)),
        (OUTSIDE, NEVER, Policy.danger_full_access(), Apply(confined=False)),
        (OUTSIDE, ON_REQUEST, Policy.external(), Apply(confined=False)),
        (OUTSIDE, UNTRUSTED, Policy.danger_full_access(), Ask(confined=False)),
    ],
)
def test_the_table(paths: tuple[str, ...], approval: AskForApproval, policy: Policy, expected: PatchDecision) -> None:
    assert decided(paths, approval, policy) == expected


@pytest.mark.parametrize("policy", [WORKSPACE, Policy.read_only()])
def test_never_refuses_what_the_sandbox_would(policy: Policy) -> None:
    assert isinstance(decided(OUTSIDE, NEVER, policy), Refuse)


@pytest.mark.parametrize("approval", list(AskForApproval))
def test_an_empty_patch_is_refused(approval: AskForApproval) -> None:
    assert isinstance(decided((), approval), Refuse)


def test_without_a_sandbox_the_user_is_asked() -> None:
    assert decided(INSIDE, ON_REQUEST, can_confine=False) == Ask(confined=True)
    assert decided(OUTSIDE, ON_FAILURE, can_confine=False) == Ask(confined=False)


def test_protected_paths_of_a_root_are_outside(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    sandbox = WORKSPACE.resolve(str(tmp_path))
    decision = decide([f"{tmp_path}/.git/config"], approval_policy=ON_REQUEST, sandbox=sandbox, can_confine=True)
    assert decision == Ask(confined=False)
