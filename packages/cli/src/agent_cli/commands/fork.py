"""`agent fork`."""

import click

from agent_cli.commands.option import override_option


@click.command("fork", short_help="Copy a thread.")
@click.argument("thread", metavar="[ID|NAME]", required=False)
@click.option("--last", is_flag=True, help="The newest thread of this folder.")
@click.option("--all", "everywhere", is_flag=True, help="With --last: of any folder.")
@click.option("-m", "--model", metavar="MODEL", help="The model the copy goes on with.")
@override_option
@click.option("-C", "--cd", "directory", metavar="DIR", help="The folder of the copy, in place of the recorded one.")
@click.pass_context
def fork(
    context: click.Context,
    thread: str | None,
    last: bool,
    everywhere: bool,
    model: str | None,
    overrides: tuple[str, ...],
    directory: str | None,
) -> None:
    """Copy a thread into a new one that begins with the same history; the original stays as it is.

    Prints the id of the copy on standard output, and how to go on with it on standard error.
    """
    if last == (thread is not None):
        raise click.UsageError(
            "name the thread to copy, or say --last" if not last else "--last names a thread already"
        )
    if everywhere and not last:
        raise click.UsageError("--all belongs to --last")
    from agent_cli.fork import Options, execute
    from agent_cli.opening import Resume

    options = Options(source=Resume(thread, everywhere), model=model, overrides=overrides, directory=directory)
    context.exit(execute(options))
