"""`agent sandbox`: what can be confined here, and a command run confined."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from agent_cli.commands.option import SANDBOX_MODES

if TYPE_CHECKING:
    from agent_sandbox import BackendName, Policy

CANNOT_CONFINE = 125


@click.group("sandbox")
def sandbox() -> None:
    """Ask what can be confined on this host, and run commands confined."""


@sandbox.command("probe", short_help="Say what works here, what does not, and why.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def probe_host(as_json: bool) -> None:
    """Try each back end and say what works, what does not, why, and what to do about it."""
    from agent_sandbox import probe

    report = probe()
    click.echo(json.dumps(report.to_json(), indent=2) if as_json else report.text(), nl=as_json)


@sandbox.command("run", short_help="Run a command confined.", context_settings={"allow_interspersed_args": False})
@click.option("--policy", "mode", type=click.Choice(SANDBOX_MODES), default="read-only", show_default=True)
@click.option("--backend", type=click.Choice(["auto", "bubblewrap", "landlock"]), default="auto", show_default=True)
@click.option(
    "--writable-root",
    "roots",
    metavar="DIR",
    multiple=True,
    type=click.Path(exists=True, path_type=Path),
    help="With workspace-write: a further folder that may be written (repeatable).",
)
@click.option("--network", type=click.Choice(["off", "on", "proxy"]), help="Whether sockets may be opened.")
@click.option("-C", "--cd", "directory", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.argument("command", nargs=-1, required=True, metavar="-- COMMAND [ARGUMENT]...")
@click.pass_context
def run_confined(
    context: click.Context,
    mode: str,
    backend: "BackendName",
    roots: tuple[Path, ...],
    network: str | None,
    directory: Path | None,
    command: tuple[str, ...],
) -> None:
    """Run COMMAND under a policy, on this terminal, and end with its exit code.

    Ends with 125 and a reason where the command cannot be confined as asked; it has not run then.
    """
    from agent_sandbox import Policy, PolicyInvalid, SandboxError

    try:
        policy = Policy.named(mode, network=network, writable_roots=[root.resolve() for root in roots])
    except PolicyInvalid as error:
        raise click.UsageError(str(error)) from error
    except SandboxError as error:
        click.echo(f"error: {error}", err=True)
        context.exit(CANNOT_CONFINE)
    context.exit(_run(list(command), policy, backend, (directory or Path()).resolve()))


def _run(command: list[str], policy: "Policy", backend: "BackendName", directory: Path) -> int:
    import anyio
    from agent_sandbox import SandboxError, SpawnFailed, run_inherited

    try:
        return anyio.run(run_inherited, command, policy, backend, directory)
    except SandboxError as error:
        click.echo(f"error: {error}", err=True)
        return error.exit_code if isinstance(error, SpawnFailed) else CANNOT_CONFINE
