"""`agent state`: whether the index says what the files say, and records as single files."""

import sys
from pathlib import Path

import click


@click.group("state")
def state() -> None:
    """Look after threads at rest: their records, which are files, and the index over them, which can be made again."""


@state.command("check", short_help="Compare the index with the files.")
def check() -> None:
    """Read every record and print where the index says something else. Ends with 1 if it does anywhere."""
    from agent_cli.state import check_index

    click.get_current_context().exit(check_index(click.echo))


@state.command("rebuild", short_help="Make the index anew from the files.")
def rebuild() -> None:
    """Make the index anew from the files. Nothing is lost by it; agents that run meanwhile answer from the files."""
    from agent_cli.state import rebuild_index

    done = 0
    hidden = not sys.stderr.isatty()
    with click.progressbar(length=1, label="Reading records", file=sys.stderr, hidden=hidden) as bar:

        def progress(read: int, total: int) -> None:
            nonlocal done
            bar.length = total
            bar.update(read - done)
            done = read

        code = rebuild_index(click.echo, progress)
    click.get_current_context().exit(code)


@state.command("verify", short_help="Look through records for lines that cannot be read.")
@click.argument("thread", required=False, metavar="[ID|NAME]")
def verify(thread: str | None) -> None:
    """Look through the record of a thread, or through all, for lines that cannot be read.

    Ends with 1 if there are any. Lines of kinds that this version does not know are counted and are no fault.
    """
    from agent_cli.state import verify_records

    click.get_current_context().exit(verify_records(click.echo, thread))


@state.command("export", short_help="Copy the record of a thread to a file.")
@click.argument("thread", metavar="ID|NAME")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--force", is_flag=True, help="Write over a file that is there already.")
def export(thread: str, file: Path, force: bool) -> None:
    """Copy the record of a thread to FILE, lines as they are, for `agent state import` under another home."""
    from agent_cli.state import export_record

    click.get_current_context().exit(export_record(click.echo, thread, file, force))


@state.command("import", short_help="Take the record in a file among the threads.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def import_(file: Path) -> None:
    """Take the record in FILE among the threads of this home, under its own id, and print where it is now."""
    from agent_cli.state import import_record

    click.get_current_context().exit(import_record(click.echo, file))
