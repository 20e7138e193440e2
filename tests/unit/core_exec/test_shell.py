from collections.abc import Callable

import pytest
from agent_core.exec.shell import Shell, detect_shell, shell_named


def present(*paths: str) -> Callable[[str], bool]:
    return lambda path: path in paths


def finder(*names: str) -> Callable[[str], str | None]:
    return lambda name: f"/usr/bin/{name}" if name in names else None


@pytest.mark.parametrize("path", ["/bin/bash", "/usr/local/bin/zsh", "/bin/sh"])
def test_the_account_shell_is_taken_when_it_is_known_and_there(path: str) -> None:
    assert detect_shell(path, is_program=present(path), which=finder()) == Shell(path)


@pytest.mark.parametrize("path", ["/usr/bin/fish", "/sbin/nologin", "", "/gone/bash"])
def test_otherwise_the_best_shell_there_is(path: str) -> None:
    assert detect_shell(path, is_program=present("/usr/bin/fish"), which=finder("zsh", "bash")).name in ("bash", "zsh")
    assert detect_shell(path, is_program=present(), which=finder("sh")) == Shell("/usr/bin/sh")
    assert detect_shell(path, is_program=present(), which=finder()) == Shell("/bin/sh")


def test_this_host_has_a_shell() -> None:
    assert detect_shell().name in ("bash", "zsh", "sh")


def test_a_script_is_handed_over_with_or_without_the_profile() -> None:
    assert Shell("/bin/bash").argv("ls | wc") == ["/bin/bash", "-lc", "ls | wc"]
    assert Shell("/bin/bash").argv("ls", login=False) == ["/bin/bash", "-c", "ls"]


def test_a_shell_asked_for_by_the_model() -> None:
    detected = Shell("/bin/bash")
    there = present("/opt/zsh")
    assert shell_named("/opt/zsh", detected, is_program=there, which=finder()) == Shell("/opt/zsh")
    assert shell_named("sh", detected, is_program=there, which=finder("sh")) == Shell("/usr/bin/sh")
    assert shell_named("bash", detected, is_program=there, which=finder("bash")) == detected
    assert shell_named("/gone/zsh", detected, is_program=there, which=finder()) == detected
    assert shell_named("fish", detected, is_program=there, which=finder("fish")) == detected
