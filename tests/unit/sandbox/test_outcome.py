from pathlib import Path

import pytest
from agent_sandbox.outcome import (
    DENIAL_WORDS,
    Denied,
    Finished,
    Grant,
    SetupFailed,
    Signalled,
    TimedOut,
    classify,
    shell_exit_code,
)
from agent_sandbox.policy import Policy
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize("word", DENIAL_WORDS)
def test_a_denial_word_in_the_output_of_a_failed_confined_command_counts(word: str) -> None:
    text = f"x: {word.upper()}\n"
    assert isinstance(classify(1, text, True), Denied)
    assert isinstance(classify(127, text.encode(), True), Denied)
    assert classify(0, text, True) == Finished(exit_code=0)
    assert classify(1, text, False) == Finished(exit_code=1)


@pytest.mark.parametrize("code", [1, 2, 7, 101, 126, 127])
def test_an_ordinary_failure_is_not_a_denial(code: int) -> None:
    assert classify(code, "no such file", True) == Finished(exit_code=code)


@pytest.mark.parametrize("code", [159, -31])
def test_a_bad_system_call_counts_as_denied_only_when_confined(code: int) -> None:
    assert classify(code, "", True) == Denied(exit_code=code)
    assert not isinstance(classify(code, "", False), Denied)


def test_signals_timeouts_and_failed_setups_come_first() -> None:
    assert classify(-9, "permission denied", True) == Signalled(signal=9)
    assert classify(124, "permission denied", True, timed_out=True) == TimedOut()
    assert classify(1, "permission denied", True, setup_failed=True) == SetupFailed(exit_code=1)


@pytest.mark.parametrize(
    ("line", "path"),
    [
        ("/bin/bash: line 1: /o/new: Permission denied", "/o/new"),
        ("sh: 1: cannot create /o/new: Read-only file system", "/o/new"),
        ("touch: cannot touch '/o/a b': Read-only file system", "/o/a b"),
        ("mkdir: cannot create directory ‘/o/d’: Permission denied", "/o/d"),
        ("PermissionError: [Errno 13] Permission denied: '/o/n'", "/o/n"),
        ("OSError: [Errno 30] Read-only file system: '/o/n'", "/o/n"),
        ("Error: EACCES: permission denied, open '/o/n'", "/o/n"),
        ("open /o/n: permission denied", "/o/n"),
        ("rm: cannot remove 'rel/x': Operation not permitted", "/w/rel/x"),
    ],
)
def test_the_path_of_a_denial_is_recognised(line: str, path: str) -> None:
    outcome = classify(1, f"noise\n{line}\nmore", True, cwd="/w")
    assert isinstance(outcome, Denied)
    assert (outcome.evidence, outcome.path) == (line, Path(path))


@pytest.mark.parametrize(
    ("line", "host"),
    [
        ("bash: /dev/tcp/10.0.0.1/80: Operation not permitted", "10.0.0.1"),
        ("fatal: unable to access 'https://u:p@example.com/x.git/': Operation not permitted", "example.com"),
    ],
)
def test_the_host_of_a_denial_is_recognised(line: str, host: str) -> None:
    outcome = classify(1, line, True)
    assert isinstance(outcome, Denied)
    assert (outcome.host, outcome.grant) == (host, Grant(kind="network", host=host))


@pytest.mark.parametrize(
    "line",
    [
        "curl: (6) Could not resolve host: example.com",
        "curl: (7) Failed to connect to example.com port 80",
        "Error: getaddrinfo EAI_AGAIN example.com",
        "Error: connect EPERM example.com:443",
        "HTTPSConnectionPool(host='example.com', port=443): Max retries exceeded",
        "dial tcp: lookup example.com: connection refused",
        "ssh: Could not resolve hostname example.com: Temporary failure in name resolution",
    ],
)
def test_a_missed_host_is_mentioned_without_calling_it_denied(line: str, tmp_path: Path) -> None:
    closed, opened = (Policy.workspace_write(network=on).resolve(tmp_path, {}) for on in (False, True))
    assert classify(6, line, True, resolved=closed) == Finished(exit_code=6, blocked_host="example.com")
    assert classify(6, line, True, resolved=opened) == Finished(exit_code=6)


def test_a_mere_address_in_the_output_is_not_a_missed_host(tmp_path: Path) -> None:
    resolved = Policy.read_only().resolve(tmp_path, {})
    assert classify(1, "1 failed, see https://example.com/", True, resolved=resolved) == Finished(exit_code=1)


def test_the_evidence_of_an_endless_line_is_bounded() -> None:
    outcome = classify(1, "x" * 100_000 + " permission denied " + "y" * 100_000, True)
    assert isinstance(outcome, Denied)
    assert "permission denied" in outcome.evidence
    assert len(outcome.evidence) < 2_000


def test_the_grant_for_a_path_is_the_nearest_existing_place(tmp_path: Path) -> None:
    resolved = Policy.read_only().resolve(tmp_path, {})
    outcome = classify(1, f"{tmp_path}/a/b: Permission denied", True, resolved=resolved)
    assert isinstance(outcome, Denied)
    assert outcome.grant == Grant(kind="write", path=tmp_path)


def test_a_protected_path_needs_more_than_a_root(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    resolved = Policy.workspace_write(exclude_slash_tmp=True).resolve(tmp_path, {})
    outcome = classify(1, "error: .git/config: Read-only file system", True, resolved=resolved)
    assert isinstance(outcome, Denied)
    assert outcome.grant == Grant(kind="unconfined", path=tmp_path / ".git" / "config")


def test_no_grant_is_offered_for_a_path_the_policy_already_opens(tmp_path: Path) -> None:
    resolved = Policy.workspace_write().resolve(tmp_path, {})
    outcome = classify(1, "./locked: Permission denied", True, resolved=resolved)
    assert isinstance(outcome, Denied)
    assert outcome.grant is None


@settings(deadline=None)
@given(st.integers(-64, 255), st.text() | st.binary(), st.booleans())
def test_any_output_gets_an_outcome(code: int, output: str | bytes, confined: bool) -> None:
    outcome = classify(code, output, confined, resolved=Policy.read_only().resolve("/", {}))
    assert confined or not isinstance(outcome, Denied)


def test_shell_exit_codes() -> None:
    assert [shell_exit_code(code) for code in (0, 37, -15)] == [0, 37, 143]
