import pytest
from agent_core.command.parsed import parse_command
from agent_core.command.summary import short_path
from agent_protocol.rollout.event import (
    ListFilesCommand,
    ParsedCommand,
    ReadCommand,
    SearchCommand,
    UnknownCommand,
)
from hypothesis import given
from hypothesis import strategies as st


def read(cmd: str, name: str, path: str | None = None) -> ReadCommand:
    return ReadCommand(cmd=cmd, name=name, path=name if path is None else path)


def listing(cmd: str, path: str | None = None) -> ListFilesCommand:
    return ListFilesCommand(cmd=cmd, path=path)


def search(cmd: str, query: str | None = None, path: str | None = None) -> SearchCommand:
    return SearchCommand(cmd=cmd, query=query, path=path)


def unknown(cmd: str) -> UnknownCommand:
    return UnknownCommand(cmd=cmd)


def parsed(script: str) -> list[ParsedCommand]:
    return list(parse_command(["bash", "-lc", script]))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ls", listing("ls")),
        ("ls -la src/app/", listing("ls -la src/app/", "app")),
        ("ls -I foo bar", listing("ls -I foo bar", "bar")),
        ("ls --color=auto x", listing("ls '--color=auto' x", "x")),
        ("tree -L 2 src", listing("tree -L 2 src", "src")),
        ("du -d 1 a/b/", listing("du -d 1 a/b/", "b")),
        ("rg --files src", listing("rg --files src", "src")),
        ("git ls-files --exclude x y", listing("git ls-files --exclude x y", "y")),
        ("fd src/", listing("fd src/", "src")),
        ("find . -type f", listing("find . -type f", ".")),
        ("python3 -c 'import os; os.walk(1)'", listing("python3 -c 'import os; os.walk(1)'")),
        ("rg -n -g '*.py' foo a/b", search("rg -n -g '*.py' foo a/b", "foo", "b")),
        ("grep -rn foo .", search("grep -rn foo .", "foo", ".")),
        ("grep -e foo -e bar f", search("grep -e foo -e bar f", "foo", "f")),
        ("grep -A 3 foo f g", search("grep -A 3 foo f g", "foo", "f")),
        ("git grep foo bar", search("git grep foo bar", "foo", "bar")),
        ("ack -G x foo d", search("ack -G x foo d", "foo", "d")),
        ("fd -t f foo src", search("fd -t f foo src", "foo", "src")),
        ("find src -name '*.py'", search("find src -name '*.py'", "*.py", "src")),
        ("cat -n src/a.py", read("cat -n src/a.py", "a.py", "src/a.py")),
        ("cat -- -f", read("cat -- -f", "-f")),
        ("bat --theme x f", read("bat --theme x f", "f")),
        ("less -p pat f", read("less -p pat f", "f")),
        ("head -n 5 f", read("head -n 5 f", "f")),
        ("head -n5 f", read("head -n5 f", "f")),
        ("tail -n +5 f", read("tail -n +5 f", "f")),
        ("nl -ba f", read("nl -ba f", "f")),
        ("awk '{print}' f", read("awk '{print}' f", "f")),
        ("awk -f s f", read("awk -f s f", "f")),
        ("sed -n 1,5p f", read("sed -n '1,5p' f", "f")),
        ("sed -n -e 1,5p f", read("sed -n -e '1,5p' f", "f")),
        ("cat a b", unknown("cat a b")),
        ("sed -e s/a/b/ f", unknown("sed -e s/a/b/ f")),
        ("head -5 f", unknown("head -5 f")),
        ("python3 -c 'print(1)'", unknown("python3 -c 'print(1)'")),
        ("git status", unknown("git status")),
        ("awk '{print}'", unknown("awk '{print}'")),
        ("wc -l f", unknown("wc -l f")),
        ("echo $HOME", unknown("echo $HOME")),
        ("ls > x", unknown("ls > x")),
        ("cat <<EOF\nx\nEOF", unknown("cat <<EOF\nx\nEOF")),
    ],
)
def test_single_commands(script: str, expected: ParsedCommand) -> None:
    assert parsed(script) == [expected]


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("cat f | head -n 5", [read("cat f", "f")]),
        ("cat f | wc -l", [read("cat f", "f")]),
        ("nl -ba f | sed -n 1,20p", [read("nl -ba f | sed -n 1,20p", "f")]),
        ("sed -n 1,5p f | cat", [read("sed -n '1,5p' f", "f"), unknown("cat")]),
        ("rg foo | sort | uniq -c", [search("rg foo", "foo")]),
        ("cd a && cat f", [read("cat f", "f", "a/f")]),
        ("cd a && cd b && cat f", [read("cat f", "f", "a/b/f")]),
        ("cd a && cat /y/f", [read("cat /y/f", "f", "/y/f")]),
        ("cd a && ls", [listing("ls")]),
        ("cd", []),
        ("cat f || true", [read("cat f", "f")]),
        ("true", [unknown("true")]),
        ("echo hi && ls", [listing("ls")]),
        ("ls && echo hi", [listing("ls"), unknown("echo hi")]),
        ("ls; ls", [listing("ls")]),
        ("pwd && ls && rg x", [unknown("pwd"), listing("ls"), search("rg x", "x")]),
        ("ls | xargs cat", [listing("ls")]),
        ("ls | xargs sed -i x", [listing("ls"), unknown("xargs sed -i x")]),
        ("yes | head -n 2", [unknown("yes | head -n 2")]),
    ],
)
def test_scripts(script: str, expected: list[ParsedCommand]) -> None:
    assert parsed(script) == expected


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["ls", "-la"], [listing("ls -la")]),
        (["ls", "&&", "cat", "f"], [listing("ls"), read("cat f", "f")]),
        (["yes", "|", "cat", "f"], [read("cat f", "f")]),
        (["cd", "a", "&&", "cat", "f"], [read("cat f", "f", "a/f")]),
        (["pwsh", "-NoProfile", "-Command", "ls"], [unknown("ls")]),
        (["/bin/bash", "-c", "cat f"], [read("cat f", "f")]),
        (["it's"], [unknown('"it\'s"')]),
        ([], []),
    ],
)
def test_argument_lists(argv: list[str], expected: list[ParsedCommand]) -> None:
    assert list(parse_command(argv)) == expected


def test_paths_are_shortened_to_the_part_that_says_most() -> None:
    assert [short_path(path) for path in ("a/b/", "build/x/dist", "./src/", "/", "a\\b", "src")] == [
        "b",
        "x",
        ".",
        "",
        "b",
        "src",
    ]


@given(
    st.lists(st.sampled_from(["cat", "-n", "--", "sed", "head", "&&", "|", "f", "-e", "cd", "xargs", "fd", "", "rg"]))
)
def test_any_argument_list_is_summarised(argv: list[str]) -> None:
    parse_command(argv)
    parse_command(["bash", "-lc", " ".join(argv)])


@given(st.text(max_size=20))
def test_any_script_is_summarised(script: str) -> None:
    parse_command(["bash", "-lc", script])
