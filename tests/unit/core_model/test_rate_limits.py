import pytest
from agent_core.model.limits import active_snapshot, merged, snapshots
from agent_protocol.rollout.usage import CreditsSnapshot, RateLimitSnapshot, RateLimitWindow

EMPTY = RateLimitSnapshot(limit_id="codex")


def test_an_answer_without_limits_gives_the_empty_default_bucket() -> None:
    assert snapshots({}) == [EMPTY]


def test_both_windows_and_the_credits_are_read() -> None:
    headers = {
        "x-codex-primary-used-percent": "12.5",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "1800000000",
        "x-codex-secondary-used-percent": "40",
        "x-codex-limit-name": " main ",
        "x-codex-credits-has-credits": "True",
        "x-codex-credits-unlimited": "0",
        "x-codex-credits-balance": "9.99",
    }
    assert snapshots(headers) == [
        RateLimitSnapshot(
            limit_id="codex",
            limit_name="main",
            primary=RateLimitWindow(used_percent=12.5, window_minutes=300, resets_at=1800000000),
            secondary=RateLimitWindow(used_percent=40.0),
            credits=CreditsSnapshot(has_credits=True, unlimited=False, balance="9.99"),
        )
    ]


def test_other_buckets_follow_by_name_when_they_say_something() -> None:
    headers = {
        "x-codex-zeta-primary-used-percent": "1",
        "x-codex-beta-max-primary-used-percent": "2",
        "x-codex-silent-primary-used-percent": "0",
    }
    found = snapshots(headers)
    assert [snapshot.limit_id for snapshot in found] == ["codex", "codex_beta_max", "codex_zeta"]
    assert found[0] == EMPTY


@pytest.mark.parametrize(
    ("used", "minutes", "reset", "kept"),
    [
        ("0", None, None, False),
        ("0", "0", None, False),
        ("0", "15", None, True),
        ("0", None, "1800000000", True),
        ("0.5", None, None, True),
        (None, "15", "1800000000", False),
        ("nan", "15", None, False),
        ("inf", "15", None, False),
        ("much", "15", None, False),
        ("1", "soon", "later", True),
    ],
)
def test_a_window_needs_a_number_and_something_to_say(
    used: str | None, minutes: str | None, reset: str | None, kept: bool
) -> None:
    stated = {"used-percent": used, "window-minutes": minutes, "reset-at": reset}
    headers = {f"x-codex-primary-{name}": value for name, value in stated.items() if value is not None}
    assert (snapshots(headers)[0].primary is not None) is kept


def test_the_active_bucket_is_the_one_the_server_names() -> None:
    headers = {"x-codex-active-limit": "codex_other", "x-codex-other-primary-used-percent": "100"}
    assert active_snapshot(headers).limit_id == "codex_other"
    assert active_snapshot(headers).primary == RateLimitWindow(used_percent=100.0)
    assert active_snapshot({}) == EMPTY


def test_merging_keeps_earlier_credits_and_plan_but_no_windows() -> None:
    credit = CreditsSnapshot(has_credits=True, unlimited=False)
    earlier = RateLimitSnapshot(
        limit_id="codex", primary=RateLimitWindow(used_percent=1.0), credits=credit, plan_type="plus"
    )
    assert merged(earlier, RateLimitSnapshot()) == RateLimitSnapshot(limit_id="codex", credits=credit, plan_type="plus")
    assert merged(None, RateLimitSnapshot(limit_id="x")) == RateLimitSnapshot(limit_id="x")
