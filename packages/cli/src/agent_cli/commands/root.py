"""The `agent` command group. A command's module is imported when the command is named."""

import importlib
from collections.abc import Mapping
from typing import NamedTuple

import click
from agent_protocol.version import VERSION


class Entry(NamedTuple):
    """Where a command lives and what it does, in a line: enough for the overview without importing it."""

    home: str
    summary: str


COMMANDS: Mapping[str, Entry] = {
    "app-server": Entry(
        "agent_cli.commands.app_server:app_server", "Serve the app-server protocol; export its schema."
    ),
    "demo": Entry("agent_cli.commands.demo:demo", "Fix a small failing project with a replayed model."),
    "exec": Entry("agent_cli.commands.exec:run", "Do one task and end; `exec resume` goes on with an earlier one."),
    "fork": Entry("agent_cli.commands.fork:fork", "Copy a thread and say how to go on with the copy."),
    "resume": Entry("agent_cli.commands.resume:resume", "Interactive, and not there yet: use `exec resume`."),
    "sandbox": Entry("agent_cli.commands.sandbox:sandbox", "Ask what can be confined here; run a command confined."),
    "state": Entry("agent_cli.commands.state:state", "Check and rebuild the index; verify, export, import records."),
}
ALIASES = {"e": "exec"}


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(ALIASES.get(cmd_name, cmd_name))
        if entry is None:
            return None
        module, _, name = entry.home.partition(":")
        found = getattr(importlib.import_module(module), name)
        assert isinstance(found, click.Command)
        return found

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in COMMANDS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(VERSION, "-V", "--version", prog_name="agent", message="%(prog)s %(version)s")
@click.option(
    "-c", "--config", "overrides", metavar="KEY=VALUE", multiple=True, help="Override a setting (repeatable)."
)
@click.pass_context
def agent(context: click.Context, overrides: tuple[str, ...]) -> None:
    """A coding agent: a model proposes commands and patches, this runs them inside a sandbox and records everything.

    Settings are read from config.toml under AGENT_HOME (~/.agent unless set).
    """
    context.obj = overrides
