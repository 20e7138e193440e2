from dataclasses import replace
from typing import get_args

import pytest
from agent_sandbox.errors import SandboxUnavailable
from agent_sandbox.policy import Policy
from agent_sandbox.report import BackendName, BackendReport, Report
from agent_sandbox.select import choose

NAMES: tuple[BackendName, ...] = get_args(BackendName)


def report(*, bubblewrap: bool, landlock: bool, seccomp: bool = True) -> Report:
    return Report(
        system="Linux",
        kernel="6",
        machine="x86_64",
        is_root=False,
        seccomp=seccomp,
        backends=(
            BackendReport(name="bubblewrap", works=bubblewrap, reason=None if bubblewrap else "b", remedy="do b"),
            BackendReport(name="landlock", works=landlock, reason=None if landlock else "l"),
        ),
    )


@pytest.mark.parametrize(
    ("requested", "bubblewrap", "landlock", "expected"),
    [
        ("auto", True, True, "bubblewrap"),
        ("auto", False, True, "landlock"),
        ("bubblewrap", True, True, "bubblewrap"),
        ("landlock", True, True, "landlock"),
    ],
)
def test_what_works_and_is_asked_for_is_chosen(
    requested: BackendName, bubblewrap: bool, landlock: bool, expected: str
) -> None:
    assert choose(Policy.read_only(), requested, report(bubblewrap=bubblewrap, landlock=landlock)) == expected


@pytest.mark.parametrize(
    ("requested", "bubblewrap", "landlock", "blamed"),
    [
        ("auto", False, False, ["bubblewrap", "landlock"]),
        ("bubblewrap", False, True, ["bubblewrap"]),
        ("landlock", True, False, ["landlock"]),
        ("none", True, True, ["none"]),
    ],
)
def test_a_back_end_that_was_asked_for_is_never_replaced(
    requested: BackendName, bubblewrap: bool, landlock: bool, blamed: list[str]
) -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        choose(Policy.workspace_write(), requested, report(bubblewrap=bubblewrap, landlock=landlock))
    assert [obstacle.backend for obstacle in caught.value.obstacles] == blamed
    assert caught.value.requested == requested


@pytest.mark.parametrize("requested", NAMES)
@pytest.mark.parametrize("policy", [Policy.danger_full_access(), Policy.external(network=True)])
def test_a_policy_that_confines_nothing_needs_no_back_end(policy: Policy, requested: BackendName) -> None:
    assert choose(policy, requested, report(bubblewrap=False, landlock=False)) == "none"


def test_an_open_disk_without_network_needs_the_filter_alone() -> None:
    host = report(bubblewrap=False, landlock=False)
    assert choose(Policy.external(), "auto", host) == "landlock"
    with pytest.raises(SandboxUnavailable):
        choose(Policy.external(), "auto", replace(host, seccomp=False))


def test_the_refusal_carries_reason_and_remedy() -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        choose(Policy.read_only(), "auto", report(bubblewrap=False, landlock=False))
    assert [(each.reason, each.remedy) for each in caught.value.obstacles] == [("b", "do b"), ("l", None)]
