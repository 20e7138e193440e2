import pytest
from agent_core.command.decision import (
    CommandDecision,
    Forbidden,
    NeedsApproval,
    Skip,
    approval_key,
    decide,
    escalation_refusal,
)
from agent_protocol.v2.common import AskForApproval
from agent_sandbox.policy import Policy

NEVER, ON_REQUEST, ON_FAILURE, UNTRUSTED = (
    AskForApproval.NEVER,
    AskForApproval.ON_REQUEST,
    AskForApproval.ON_FAILURE,
    AskForApproval.UNTRUSTED,
)
FULL, CONFINED = Policy.danger_full_access(), Policy.workspace_write()


def shell(script: str) -> list[str]:
    return ["bash", "-lc", script]


def decided(
    script: str, approval: AskForApproval, sandbox: Policy = CONFINED, escalated: bool = False
) -> CommandDecision:
    return decide(
        shell(script),
        approval_policy=approval,
        sandbox=sandbox,
        sandbox_permissions="require_escalated" if escalated else "use_default",
    )


@pytest.mark.parametrize("approval", list(AskForApproval))
@pytest.mark.parametrize("sandbox", [FULL, CONFINED, Policy.read_only(), Policy.external()])
def test_known_safe_commands_run_under_every_policy(approval: AskForApproval, sandbox: Policy) -> None:
    assert decided("ls && cat f", approval, sandbox) == Skip(bypass_sandbox=False, amendment=("ls",))


@pytest.mark.parametrize(
    ("approval", "sandbox", "asks"),
    [
        (NEVER, CONFINED, False),
        (ON_FAILURE, CONFINED, False),
        (ON_REQUEST, CONFINED, False),
        (ON_REQUEST, FULL, False),
        (UNTRUSTED, CONFINED, True),
        (UNTRUSTED, FULL, True),
    ],
)
def test_other_commands_are_asked_for_only_under_untrusted(
    approval: AskForApproval, sandbox: Policy, asks: bool
) -> None:
    expected = NeedsApproval if asks else Skip
    assert isinstance(decided("make", approval, sandbox), expected)
    assert isinstance(decided("make > log", approval, sandbox), expected)


def test_a_request_to_leave_the_sandbox_is_asked_for_where_there_is_one() -> None:
    assert decided("make", ON_REQUEST, escalated=True) == NeedsApproval(bypass_sandbox=True, amendment=("make",))
    assert decided("make", ON_REQUEST, Policy.read_only(), escalated=True) == NeedsApproval(
        bypass_sandbox=True, amendment=("make",)
    )
    assert decided("make", ON_REQUEST, FULL, escalated=True) == Skip(bypass_sandbox=True, amendment=("make",))
    assert decided("make", ON_REQUEST, Policy.external(), escalated=True) == Skip(
        bypass_sandbox=True, amendment=("make",)
    )


def test_a_known_safe_command_leaves_the_sandbox_without_a_question() -> None:
    assert decided("echo x", ON_REQUEST, escalated=True) == Skip(bypass_sandbox=True, amendment=("echo", "x"))


@pytest.mark.parametrize("approval", [NEVER, UNTRUSTED, ON_FAILURE])
def test_only_on_request_lets_a_call_ask_to_leave_the_sandbox(approval: AskForApproval) -> None:
    assert escalation_refusal(approval, "require_escalated")
    assert escalation_refusal(approval, "use_default") is None
    assert escalation_refusal(ON_REQUEST, "require_escalated") is None


@pytest.mark.parametrize("sandbox", [FULL, CONFINED])
def test_dangerous_commands_are_asked_for_and_refused_under_never(sandbox: Policy) -> None:
    assert isinstance(decided("rm -rf x", NEVER, sandbox), Forbidden)
    assert isinstance(decided("ls && rm -rf x", NEVER, sandbox), Forbidden)
    for approval in (ON_REQUEST, ON_FAILURE, UNTRUSTED):
        assert isinstance(decided("ls && rm -rf x", approval, sandbox), NeedsApproval)


def test_the_first_command_that_needs_the_question_is_proposed_as_a_rule() -> None:
    assert decided("ls && touch b && make", UNTRUSTED) == NeedsApproval(bypass_sandbox=False, amendment=("touch", "b"))


def test_a_here_document_is_complex_and_proposes_nothing() -> None:
    assert decided("cat <<'E'\nx\nE", UNTRUSTED) == NeedsApproval(bypass_sandbox=False, amendment=None)


def test_the_rule_the_model_wishes_is_proposed_unless_it_is_too_broad() -> None:
    for wish, proposed in [
        (("npm", "test"), ("npm", "test")),
        (("python3", "-c"), ("make", "x")),
        (("/bin/bash", "-lc"), ("make", "x")),
        ((), ("make", "x")),
    ]:
        decision = decide(["make", "x"], approval_policy=UNTRUSTED, sandbox=CONFINED, prefix_rule=wish)
        assert decision == NeedsApproval(bypass_sandbox=False, amendment=proposed)


def test_what_is_remembered_for_the_session() -> None:
    key = approval_key(shell("make x"), "/a", "use_default")
    assert key == approval_key(["/bin/bash", "-lc", "make 'x'"], "/a", "use_default")
    assert (
        len(
            {
                key,
                approval_key(shell("make y"), "/a", "use_default"),
                approval_key(shell("make x"), "/b", "use_default"),
                approval_key(shell("make x"), "/a", "require_escalated"),
                approval_key(shell("make x"), "/a", "use_default", tty=False),
                approval_key(shell("make x"), "/a", "use_default", tty=True),
            }
        )
        == 6
    )
