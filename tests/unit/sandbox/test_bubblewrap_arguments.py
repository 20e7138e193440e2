import errno
import itertools
from pathlib import Path

import pytest
from agent_sandbox.backends import bubblewrap
from agent_sandbox.command import CommandRequest
from agent_sandbox.errors import SpawnFailed
from agent_sandbox.linux.capability import FILE_OWNERSHIP
from agent_sandbox.policy import Policy
from agent_sandbox.report import Bubblewrap, Report
from agent_sandbox.view import FileView

FOUND = Bubblewrap(path="/usr/bin/bwrap", version="1", setsid="/usr/bin/setsid")
HOST = Report(system="Linux", kernel="6", machine="x86_64", is_root=False, seccomp=True, bubblewrap=FOUND)


def view(*writable: str, protected: tuple[str, ...] = (), readable: tuple[str, ...] | None = None) -> FileView:
    return FileView(writable=writable, protected=protected, readable=readable, readable_names=readable or ())


def options(
    files: FileView,
    found: Bubblewrap = FOUND,
    *,
    is_root: bool = False,
    network: bool = False,
) -> list[str]:
    return bubblewrap.options(found, files, is_root=is_root, network=network, full_write=False)


def position(arguments: list[str] | tuple[str, ...], *wanted: str) -> int:
    found = [at for at in range(len(arguments)) if tuple(arguments[at : at + len(wanted)]) == wanted]
    assert len(found) == 1, (wanted, arguments)
    return found[0]


def request(tmp_path: Path, policy: Policy, *argv: str, terminal: bool = False) -> CommandRequest:
    resolved = policy.resolve(tmp_path, {})
    return CommandRequest(argv=argv, cwd=str(tmp_path), env={"PATH": "/bin"}, resolved=resolved, terminal=terminal)


def test_the_root_comes_first_then_devices_then_roots_then_protection() -> None:
    arguments = options(view("/a", "/b", protected=("/a/.git",)))
    order = [
        position(arguments, "--ro-bind", "/", "/"),
        position(arguments, "--dev", "/dev"),
        position(arguments, "--proc", "/proc"),
        position(arguments, "--bind", "/a", "/a"),
        position(arguments, "--bind", "/b", "/b"),
        position(arguments, "--ro-bind", "/a/.git", "/a/.git"),
    ]
    assert order == sorted(order)


def test_it_dies_with_its_parent_and_leaves_the_terminal_alone() -> None:
    arguments = options(view())
    assert {"--die-with-parent", "--new-session", "--unshare-pid"} <= set(arguments)
    position(arguments, "--cap-drop", "ALL")


@pytest.mark.parametrize("network", [False, True])
@pytest.mark.parametrize("possible", [False, True])
def test_the_network_namespace_is_closed_where_it_should_and_can_be(network: bool, possible: bool) -> None:
    found = Bubblewrap(path="bwrap", version="1", network_namespace=possible)
    assert ("--unshare-net" in options(view(), found, network=network)) is (possible and not network)


def test_root_keeps_the_file_capabilities_only_and_loses_the_kernel_settings() -> None:
    arguments = options(view(), is_root=True)
    kept = {value for option, value in itertools.pairwise(arguments) if option == "--cap-add"}
    assert kept == set(FILE_OWNERSHIP)
    position(arguments, "--ro-bind-try", "/proc/sys", "/proc/sys")
    assert "--cap-add" not in options(view())


def test_without_a_proc_of_its_own_the_host_shows_through_read_only() -> None:
    assert "--proc" not in options(view(), Bubblewrap(path="bwrap", version="1", proc=False))


def test_a_writable_root_of_everything_replaces_the_read_only_one() -> None:
    arguments = options(view("/", protected=("/.git",)))
    assert position(arguments, "--bind", "/", "/") < position(arguments, "--dev", "/dev")
    position(arguments, "--ro-bind", "/.git", "/.git")


def test_restricted_reading_binds_only_what_is_named_and_rebuilds_links(tmp_path: Path) -> None:
    real = tmp_path / "real"
    real.mkdir()
    (tmp_path / "link").symlink_to("real")
    base = str(tmp_path)
    files = FileView(
        writable=(), protected=(), readable=(f"{base}/real", "/dev", "/proc"), readable_names=(f"{base}/link",)
    )
    arguments = options(files)
    position(arguments, "--ro-bind", f"{base}/real", f"{base}/real")
    position(arguments, "--symlink", "real", f"{base}/link")
    position(arguments, "--remount-ro", "/")
    assert ("--ro-bind", "/", "/") not in list(zip(arguments, arguments[1:], arguments[2:], strict=False))


def test_the_filter_travels_by_descriptor_unless_the_network_is_on(tmp_path: Path) -> None:
    closed = bubblewrap.prepare(request(tmp_path, Policy.read_only(), "/bin/sh"), HOST)
    ((descriptor, program),) = closed.files
    position(closed.argv, "--seccomp", str(descriptor))
    assert len(program) % 8 == 0
    opened = bubblewrap.prepare(request(tmp_path, Policy.workspace_write(network=True), "/bin/sh"), HOST)
    assert opened.files == ()
    assert "--seccomp" not in opened.argv


def test_the_command_follows_unchanged_and_gets_a_terminal_where_it_has_one(tmp_path: Path) -> None:
    argv = ("/bin/sh", "-c", "--proc", "--")
    plain = bubblewrap.prepare(request(tmp_path, Policy.read_only(), *argv), HOST)
    assert plain.argv[-5:] == ("--", *argv)
    terminal = bubblewrap.prepare(request(tmp_path, Policy.read_only(), *argv, terminal=True), HOST)
    assert terminal.argv[-7:] == ("--", "/usr/bin/setsid", "--ctty", *argv)


def test_a_program_that_is_not_there_is_found_out_before(tmp_path: Path) -> None:
    (tmp_path / "plain").write_text("not executable")
    for argv, number in ((("missing",), errno.ENOENT), (("./missing",), errno.ENOENT), (("./plain",), errno.EACCES)):
        with pytest.raises(SpawnFailed) as caught:
            bubblewrap.prepare(request(tmp_path, Policy.read_only(), *argv), HOST)
        assert caught.value.errno == number
