import os
from pathlib import Path

import pytest
from agent_sandbox.errors import PolicyInvalid, SandboxUnavailable
from agent_sandbox.policy import Mode, Policy, ReadAccess
from hypothesis import given, settings
from hypothesis import strategies as st

NO_TMPDIR: dict[str, str] = {}

absolute_paths = st.lists(st.sampled_from(["a", "b", ".git", "..", "c d"]), max_size=4).map(
    lambda parts: Path("/", *parts)
)


def writable(policy: Policy, cwd: Path, env: dict[str, str] = NO_TMPDIR) -> list[str]:
    return [str(root.path) for root in policy.resolve(cwd, env).writable_roots]


def read_only(policy: Policy, cwd: Path) -> list[Path]:
    (root,) = (root for root in policy.resolve(cwd, NO_TMPDIR).writable_roots if root.path == cwd)
    return list(root.read_only)


def test_writable_roots_are_configured_then_cwd_then_tmp_then_tmpdir(tmp_path: Path) -> None:
    policy = Policy.workspace_write(["/x", "/y"])
    assert writable(policy, tmp_path, {"TMPDIR": "/t"}) == ["/x", "/y", str(tmp_path), "/tmp", "/t"]


def test_a_root_given_twice_is_kept_once_at_its_first_place() -> None:
    assert writable(Policy.workspace_write(["/tmp", "/x"]), Path("/x"), {"TMPDIR": "/tmp"}) == ["/tmp", "/x"]


def test_temporary_directories_can_be_excluded(tmp_path: Path) -> None:
    policy = Policy.workspace_write(exclude_slash_tmp=True, exclude_tmpdir_env_var=True)
    assert writable(policy, tmp_path, {"TMPDIR": "/t"}) == [str(tmp_path)]


def test_an_empty_tmpdir_counts_as_unset(tmp_path: Path) -> None:
    assert writable(Policy.workspace_write(exclude_slash_tmp=True), tmp_path, {"TMPDIR": ""}) == [str(tmp_path)]


def test_a_relative_tmpdir_starts_at_the_process_directory(tmp_path: Path) -> None:
    policy = Policy.workspace_write(exclude_slash_tmp=True)
    assert writable(policy, tmp_path, {"TMPDIR": "rel"}) == [str(tmp_path), os.path.join(os.getcwd(), "rel")]


@pytest.mark.parametrize("policy", [Policy.read_only(), Policy.danger_full_access(), Policy.external()])
def test_only_workspace_write_has_writable_roots(policy: Policy, tmp_path: Path) -> None:
    assert policy.resolve(tmp_path, {"TMPDIR": "/t"}).writable_roots == ()


@pytest.mark.parametrize(
    ("policy", "full_write", "full_network", "confines"),
    [
        (Policy.read_only(), False, False, True),
        (Policy.read_only(network=True), False, True, True),
        (Policy.workspace_write(), False, False, True),
        (Policy.workspace_write(network=True), False, True, True),
        (Policy.danger_full_access(), True, True, False),
        (Policy.external(), True, False, True),
        (Policy.external(network=True), True, True, False),
    ],
)
def test_derived_questions(policy: Policy, full_write: bool, full_network: bool, confines: bool) -> None:
    assert (policy.full_write, policy.full_network, policy.confines) == (full_write, full_network, confines)


def test_a_relative_root_is_refused() -> None:
    with pytest.raises(PolicyInvalid) as caught:
        Policy.workspace_write(["rel"])
    assert (caught.value.field, caught.value.value) == ("writable_roots", "rel")
    with pytest.raises(PolicyInvalid) as caught:
        ReadAccess(roots=(Path("rel"),))
    assert caught.value.field == "readable_roots"


def test_a_relative_cwd_is_refused() -> None:
    with pytest.raises(PolicyInvalid):
        Policy.read_only().resolve("rel", NO_TMPDIR)


def test_existing_settings_are_read_only_in_a_fixed_order(tmp_path: Path) -> None:
    for name in (".agent", ".codex", ".agents", ".git"):
        (tmp_path / name).mkdir()
    expected = [tmp_path / name for name in (".git", ".agents", ".codex", ".agent")]
    assert read_only(Policy.workspace_write(), tmp_path) == expected


def test_what_is_missing_or_not_a_directory_or_deeper_is_not_protected(tmp_path: Path) -> None:
    (tmp_path / ".agents").write_text("a file")
    (tmp_path / ".codex").symlink_to(tmp_path / "gone")
    (tmp_path / "sub" / ".git").mkdir(parents=True)
    assert read_only(Policy.workspace_write(), tmp_path) == []


@pytest.mark.parametrize("pointer", ["gitdir: real\n", "gitdir:real", "gitdir: ./x/../real  \n"])
def test_the_target_of_a_git_pointer_comes_before_the_pointer(tmp_path: Path, pointer: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / ".git").write_text(pointer)
    assert read_only(Policy.workspace_write(), tmp_path) == [tmp_path / "real", tmp_path / ".git"]


@pytest.mark.parametrize("text", ["gitdir: missing", "gitdir:", "", "other: real", "gitdir: a\0b"])
def test_a_git_file_without_a_usable_pointer_is_protected_alone(tmp_path: Path, text: str) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / ".git").write_text(text)
    assert read_only(Policy.workspace_write(), tmp_path) == [tmp_path / ".git"]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_no_git_file_breaks_resolving(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    root = tmp_path_factory.mktemp("r")
    (root / ".git").write_bytes(data)
    assert root / ".git" in read_only(Policy.workspace_write(), root)


def test_readable_roots_are_none_when_everything_can_be_read(tmp_path: Path) -> None:
    assert Policy.read_only().resolve(tmp_path, NO_TMPDIR).readable_roots is None
    full = Policy(mode=Mode.EXTERNAL, read_access=ReadAccess())
    assert full.resolve(tmp_path, NO_TMPDIR).readable_roots is None


def test_readable_roots_are_configured_then_platform_then_cwd_then_writable(tmp_path: Path) -> None:
    access = ReadAccess(roots=(Path("/r"),))
    policy = Policy.workspace_write(["/w"], exclude_slash_tmp=True, exclude_tmpdir_env_var=True, read_access=access)
    found = policy.resolve(tmp_path, NO_TMPDIR).readable_roots
    assert found is not None
    assert found[0] == Path("/r")
    assert Path("/usr") in found
    assert found[-2:] == (tmp_path, Path("/w"))


def test_without_platform_defaults_only_what_is_named_can_be_read(tmp_path: Path) -> None:
    policy = Policy.read_only(read_access=ReadAccess(roots=(Path("/r"),), platform_defaults=False))
    assert policy.resolve(tmp_path, NO_TMPDIR).readable_roots == (Path("/r"),)


def test_can_write_follows_roots_and_protection(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    resolved = Policy.workspace_write(exclude_slash_tmp=True).resolve(tmp_path, NO_TMPDIR)
    assert resolved.can_write(tmp_path / "a" / "b")
    assert resolved.can_write("a")
    assert not resolved.can_write(".git/config")
    assert not resolved.can_write("x/../.git")
    assert not resolved.can_write("../elsewhere")
    assert not resolved.can_write(str(tmp_path) + "-neighbour")
    assert Policy.external().resolve(tmp_path, NO_TMPDIR).can_write("/etc/passwd")
    assert not Policy.read_only().resolve(tmp_path, NO_TMPDIR).can_write("a")


@settings(deadline=None)
@given(roots=st.lists(absolute_paths, max_size=5), cwd=absolute_paths, tmpdir=st.none() | absolute_paths)
def test_resolving_keeps_every_root_once_and_lets_it_be_written(
    roots: list[Path], cwd: Path, tmpdir: Path | None
) -> None:
    env = {} if tmpdir is None else {"TMPDIR": str(tmpdir)}
    resolved = Policy.workspace_write(roots).resolve(cwd, env)
    paths = [root.path for root in resolved.writable_roots]
    assert len(paths) == len(set(paths))
    assert {*roots, cwd} <= set(paths)
    assert paths[: len(dict.fromkeys(roots))] == list(dict.fromkeys(roots))
    assert all(resolved.can_write(path / "new") for path in paths)


@pytest.mark.parametrize(
    ("name", "network", "expected"),
    [
        ("read-only", None, Policy.read_only()),
        ("read-only", "on", Policy.read_only(network=True)),
        ("workspace-write", "off", Policy.workspace_write()),
        ("workspace-write", "on", Policy.workspace_write(network=True)),
        ("danger-full-access", None, Policy.danger_full_access()),
        ("danger-full-access", "off", Policy.external()),
    ],
)
def test_named_policies(name: str, network: str | None, expected: Policy) -> None:
    assert Policy.named(name, network=network) == expected


def test_the_proxy_is_refused_and_not_replaced() -> None:
    with pytest.raises(SandboxUnavailable) as caught:
        Policy.named("workspace-write", network="proxy")
    assert [obstacle.backend for obstacle in caught.value.obstacles] == ["proxy"]


@pytest.mark.parametrize(
    ("name", "network", "roots", "field"),
    [
        ("nothing", None, [], "policy"),
        ("read-only", "maybe", [], "network"),
        ("read-only", None, ["/x"], "writable_roots"),
    ],
)
def test_names_without_meaning_are_refused(name: str, network: str | None, roots: list[str], field: str) -> None:
    with pytest.raises(PolicyInvalid) as caught:
        Policy.named(name, network=network, writable_roots=roots)
    assert caught.value.field == field


def test_the_summary_lists_what_can_be_written() -> None:
    assert Policy.read_only().summary() == "read-only"
    assert Policy.danger_full_access().summary() == "danger-full-access"
    policy = Policy.workspace_write(["/x"], network=True, exclude_slash_tmp=True)
    assert policy.summary() == "workspace-write [workdir, $TMPDIR, /x] (network access enabled)"
