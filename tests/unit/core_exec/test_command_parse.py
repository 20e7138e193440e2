import shlex
import subprocess

import pytest
from agent_core.command.parse import canonical, heredoc_command, plain_commands, shell_script, split
from agent_protocol.shellquote import join
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("ls -l && git log | wc -l; x || y", [["ls", "-l"], ["git", "log"], ["wc", "-l"], ["x"], ["y"]]),
        ("ls;", [["ls"]]),
        ("ls\npwd\n", [["ls"], ["pwd"]]),
        ("echo 'a b' \"c d\" '' \"\" x'y'\"z\"", [["echo", "a b", "c d", "", "", "xyz"]]),
        ("echo 'it'\\''s' a\\ b \\*", [["echo", "it's", "a b", "*"]]),
        ('echo "a\\"b" "a\\b" "a\nb"', [["echo", 'a"b', "a\\b", "a\nb"]]),
        ("ls \\\n -l", [["ls", "-l"]]),
        ("find . -name *.py -o {} ~/x a=b 12", [["find", ".", "-name", "*.py", "-o", "{}", "~/x", "a=b", "12"]]),
        ("e''cho -ex\\ec", [["echo", "-exec"]]),
    ],
)
def test_plain_scripts_are_split_into_the_words_the_shell_passes(script: str, commands: list[list[str]]) -> None:
    assert plain_commands(script) == commands


@pytest.mark.parametrize(
    "script",
    [
        *("", "# only", "ls # c", "ls &", "ls |& wc", "(ls)", "{ ls; }", "! ls", "ls || ", "ls; ; pwd", "'"),
        *("a=1 ls", "a=1", "echo $x", "echo ${x}", "echo $(x)", "echo `x`", 'echo "$x"', 'echo "`x`"', "echo $'x'"),
        *("ls > f", "ls < f", "ls 2>&1", "cat <<< x", "cat <<E\nx\nE", "diff <(a) b"),
        *("if a; then b; fi", "for x in a; do b; done", "while a; do b; done", "f() { a; }", "[[ -f x ]]", "[ -f x ]"),
        *("git diff --{output,x}=f", "echo {1..3}", "echo -{e'x',y}", "find . -exe\\\nc rm"),
        *("ls\r", "ls \x0b", "echo ''\\;", "echo {\\;", "echo x\n\\\n."),
    ],
)
def test_anything_else_is_not_plain(script: str) -> None:
    assert plain_commands(script) is None


# An escaped line end inside a word makes a script not plain, however it is quoted.
words = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r"), max_size=8).filter(
    lambda word: "\\\n" not in word
)


@given(
    st.lists(st.lists(words, min_size=1, max_size=4), min_size=1, max_size=3), st.sampled_from([" && ", "; ", " | "])
)
def test_quoted_commands_come_back_as_they_were(commands: list[list[str]], connector: str) -> None:
    commands = [["cmd", *command] for command in commands]
    found = plain_commands(connector.join(shlex.join(command) for command in commands))
    assert found == commands


@given(st.lists(words, max_size=4))
def test_our_own_quoting_is_read_back(arguments: list[str]) -> None:
    assert plain_commands(join(["cmd", *arguments])) == [["cmd", *arguments]]


@settings(max_examples=200, deadline=None)
@given(st.text(st.sampled_from("ab \\'\"-{},.\n;"), max_size=12))
def test_what_is_called_plain_is_what_a_shell_passes(text: str) -> None:
    found = plain_commands(f"printf '<%s>' x {text}")
    if found is None or len(found) != 1:
        return
    done = subprocess.run(["bash", "-c", f"printf '<%s>' x {text}"], capture_output=True, text=True, check=False)
    assert done.stdout == "".join(f"<{word}>" for word in found[0][2:])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=30))
def test_no_script_crashes_the_reader(script: str) -> None:
    plain_commands(script)
    heredoc_command(script)


def test_shell_wrappers() -> None:
    assert shell_script(["/usr/bin/bash", "-lc", "x"]) == "x"
    assert shell_script(["zsh", "-c", "x"]) == "x"
    assert shell_script(["fish", "-c", "x"]) is None
    assert shell_script(["bash", "-x", "x"]) is None
    assert shell_script(["bash", "-lc", "x", "y"]) is None


def test_splitting_falls_back_to_the_whole_command() -> None:
    assert split(["bash", "-lc", "a && b"]) == [["a"], ["b"]]
    assert split(["bash", "-lc", "a > b"]) == [["bash", "-lc", "a > b"]]
    assert split(["git", "status"]) == [["git", "status"]]


def test_a_plain_command_fed_by_a_here_document() -> None:
    assert heredoc_command("python3 - <<'E'\nprint()\nE") == ["python3", "-"]
    assert heredoc_command("cat <<E\nplain\nE\n") == ["cat"]
    for script in ("cat <<E\n$x\nE", "cat <<E > f\nx\nE", "cat <<E | wc\nx\nE", "a && cat <<E\nx\nE", "a", "a <b"):
        assert heredoc_command(script) is None


def test_approvals_do_not_depend_on_the_path_of_the_shell() -> None:
    assert canonical(["/bin/bash", "-lc", "ls 'a'"]) == canonical(["bash", "-c", "ls a"]) == ("ls", "a")
    assert canonical(["/bin/bash", "-lc", "a && b"]) == canonical(["zsh", "-lc", "a && b"])
    assert canonical(["bash", "-lc", "a && b"]) != canonical(["bash", "-lc", "a || b"])
    assert canonical(["bash", "-lc", "a > b"]) != canonical(["bash", "-c", "a > b"])
    assert canonical(["git", "push"]) == ("git", "push")
