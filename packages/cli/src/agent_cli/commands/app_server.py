"""`agent app-server`: its help, its exports, and whatever the short way in did not recognise."""

from pathlib import Path

import click

from agent_cli.argv import STDIO, AppServerOptions
from agent_cli.commands.option import override_option


@click.group("app-server", invoke_without_command=True)
@click.option("--listen", metavar="URL", default=STDIO, show_default=True, help="Where to listen; only stdio:// yet.")
@click.option("--analytics-default-enabled", is_flag=True, hidden=True, help="Accepted and without effect.")
@override_option
@click.pass_context
def app_server(
    context: click.Context, listen: str, analytics_default_enabled: bool, overrides: tuple[str, ...]
) -> None:
    """Serve the app-server protocol to a client that started this process, until its input ends."""
    if listen != STDIO:
        raise click.BadParameter(f"{listen!r} is not available; listen on {STDIO}", param_hint="--listen")
    if context.invoked_subcommand is not None:
        return
    from agent_cli.serve import serve

    context.exit(serve(AppServerOptions(listen, overrides)))


@app_server.command("generate-json-schema", short_help="Write the JSON schema.")
@click.option("-o", "--out", metavar="DIR", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--experimental", is_flag=True, help="Include experimental methods and fields.")
def generate_json_schema(out: Path, experimental: bool) -> None:
    """Write the protocol's JSON schema to DIR, one file per type and one bundle."""
    from agent_protocol.schema import write_json_schema

    try:
        write_json_schema(out, experimental=experimental)
    except OSError as error:
        raise click.ClickException(str(error)) from error


@app_server.command("generate-ts", short_help="Write the TypeScript types.")
@click.option("-o", "--out", metavar="DIR", required=True, type=click.Path(file_okay=False, path_type=Path))
@click.option("--experimental", is_flag=True, help="Include experimental methods and fields.")
@click.option(
    "-p", "--prettier", metavar="BIN", type=click.Path(path_type=Path), help="Run this prettier over what was written."
)
def generate_ts(out: Path, experimental: bool, prettier: Path | None) -> None:
    """Write the protocol's TypeScript types to DIR."""
    from agent_protocol.schema import PrettierError, write_typescript

    try:
        write_typescript(out, experimental=experimental, prettier=prettier)
    except (PrettierError, OSError) as error:
        raise click.ClickException(str(error)) from error
