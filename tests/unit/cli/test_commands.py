import json
import re
from pathlib import Path

import click
import pytest
from agent_cli.commands.exec import resume_and_prompt
from agent_cli.commands.root import COMMANDS, LazyGroup, agent
from click.testing import CliRunner


@pytest.mark.parametrize(
    ("words", "last", "everywhere", "expected"),
    [
        ((), False, False, (None, None)),
        (("do it",), False, False, (None, "do it")),
        (("-",), False, False, (None, "-")),
        (("resume", "id"), False, False, (("id", False), None)),
        (("resume", "id", "more"), False, False, (("id", False), "more")),
        (("resume",), True, False, ((None, False), None)),
        (("resume", "more"), True, False, ((None, False), "more")),
        (("resume", "more"), True, True, ((None, True), "more")),
    ],
)
def test_words_name_a_prompt_or_a_thread_and_a_prompt(
    words: tuple[str, ...], last: bool, everywhere: bool, expected: object
) -> None:
    assert resume_and_prompt(words, last=last, everywhere=everywhere) == expected


@pytest.mark.parametrize(
    "arguments",
    [
        ["nonsense"],
        ["--nonsense"],
        ["exec", "--nonsense"],
        ["exec", "two", "prompts"],
        ["exec", "--last", "prompt"],
        ["exec", "resume"],
        ["exec", "resume", "--last", "--all", "two", "prompts"],
        ["exec", "resume", "--all", "id"],
        ["exec", "-s", "everything", "prompt"],
        ["exec", "review"],
        ["fork"],
        ["fork", "--last", "id"],
        ["fork", "--all", "id"],
        ["app-server", "--listen", "ws://127.0.0.1:1"],
        ["app-server", "generate-ts"],
        ["sandbox", "run"],
        ["sandbox", "run", "--writable-root", "/tmp", "--", "true"],
    ],
)
def test_a_mistake_in_the_options_ends_with_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(agent, arguments).exit_code == 2


@pytest.mark.parametrize("arguments", [[], ["id"], ["--last"], ["name", "prompt"]])
def test_resume_names_the_command_that_is_there(arguments: list[str]) -> None:
    done = CliRunner().invoke(agent, ["resume", *arguments])
    assert done.exit_code == 1
    assert "agent exec resume" in done.output


@pytest.mark.parametrize("name", list(COMMANDS))
def test_every_command_is_where_the_overview_says(name: str) -> None:
    assert isinstance(agent, LazyGroup)
    command = agent.get_command(click.Context(agent), name)
    assert command is not None
    assert CliRunner().invoke(agent, [name, "--help"]).exit_code == 0


def test_the_probe_prints_one_json_object() -> None:
    done = CliRunner().invoke(agent, ["sandbox", "probe", "--json"])
    assert done.exit_code == 0
    assert {backend["name"] for backend in json.loads(done.output)["backends"]} == {"bubblewrap", "landlock"}


def test_a_command_that_cannot_be_confined_as_asked_ends_with_125() -> None:
    assert CliRunner().invoke(agent, ["sandbox", "run", "--network", "proxy", "--", "true"]).exit_code == 125


def test_the_exit_code_of_an_unconfined_command_is_its_own() -> None:
    arguments = ["sandbox", "run", "--policy", "danger-full-access", "--"]
    assert CliRunner().invoke(agent, [*arguments, "sh", "-c", "exit 7"]).exit_code == 7
    assert CliRunner().invoke(agent, [*arguments, "/nonexistent"]).exit_code == 127


def test_exports_are_written_to_the_folder(tmp_path: Path) -> None:
    for command in ("generate-json-schema", "generate-ts"):
        out = tmp_path / command
        assert CliRunner().invoke(agent, ["app-server", command, "--out", str(out)]).exit_code == 0
        assert list(out.rglob("*"))
    missing = ["app-server", "generate-ts", "--out", str(tmp_path), "--prettier", str(tmp_path / "absent")]
    assert CliRunner().invoke(agent, missing).exit_code == 1


def test_the_version_is_one_line() -> None:
    assert re.fullmatch(r"agent \d+\.\d+\.\d+\S*\n", CliRunner().invoke(agent, ["--version"]).output)
