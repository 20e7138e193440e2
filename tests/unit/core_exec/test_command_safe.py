import pytest
from agent_core.command.safe import is_dangerous, is_known_safe


@pytest.mark.parametrize(
    "command",
    [
        *(
            "ls -la",
            "/bin/cat f",
            "/usr/bin/wc -l",
            "cd x",
            "echo $HOME",
            "grep -rn x .",
            "tail -f x",
            "which ls",
            "pwd",
        ),
        *("base64 f", "base64 -d f", "find . -name x -type f", "rg --files", "rg -n x", "sed -n 5p", "sed -n 1,5p f"),
        *("git status", "git log -p", "git diff --stat", "git show HEAD", "git branch", "git branch -vv --all"),
        *("git -C /x status", "git --git-dir y log", "git --no-pager diff", "git branch --format=%x"),
    ],
)
def test_reading_commands_are_safe(command: str) -> None:
    assert is_known_safe(command.split())


@pytest.mark.parametrize(
    "command",
    [
        *("", "make", "rm x", "./ls", "bin/cat f", "/tmp/ls", "touch x", "python3 -c 1", "LS"),
        *("base64 -o f", "base64 -of", "base64 --output f", "base64 --output=f"),
        *("find . -delete", "find . -exec rm", "find . -okdir x", "find . -fprintf f", "find . -fls f"),
        *("rg --pre x y", "rg --pre=x y", "rg --hostname-bin x", "rg --hostname-bin=x", "rg -z x", "rg --search-zip x"),
        *("git push", "git", "git -c a=b status", "git -ca=b status", "git --config-env=a=b status", "git checkout x"),
        *("git status -c", "git diff --output=f", "git diff --output f", "git diff --ext-diff", "git log --textconv"),
        *("git log --exec=x", "git show --paginate", "git branch new", "git branch -d x", "git branch -m a b"),
        *("git -C status", "git -C x", "sed -n 5p f g", "sed 5p f", "sed -n 5d f", "sed -n 5p;w f", "sed -i -n 5p"),
    ],
)
def test_commands_that_write_or_run_others_are_not(command: str) -> None:
    assert not is_known_safe(command.split())


def test_a_script_is_as_safe_as_all_its_commands() -> None:
    assert is_known_safe(["bash", "-lc", "cd x && ls | wc -l; git status"])
    assert is_known_safe(["/bin/zsh", "-c", "cat 'a b'"])
    assert not is_known_safe(["bash", "-lc", "ls && make"])
    assert not is_known_safe(["bash", "-lc", "ls > f"])
    assert not is_known_safe(["bash", "-lc", "bash -c ls"])
    assert not is_known_safe(["bash", "-lc", "find . -ex\\ec rm"])


@pytest.mark.parametrize("command", ["rm -f x", "rm -rf /", "sudo rm -rf /", "sudo sudo rm -f x"])
def test_forced_removals_are_dangerous(command: str) -> None:
    assert is_dangerous(command.split())
    assert is_dangerous(["bash", "-lc", f"ls; {command}"])


@pytest.mark.parametrize(
    "command", ["rm x", "rm -fr x", "rm -r -f x", "/bin/rm -rf x", "sudo ls", "sudo", "rm", "ls", ""]
)
def test_others_are_not_on_the_list(command: str) -> None:
    assert not is_dangerous(command.split())


def test_a_script_that_is_not_plain_is_not_looked_into() -> None:
    assert not is_dangerous(["bash", "-lc", "rm -rf $x"])
