"""`agent resume`."""

import click


@click.command(
    "resume",
    short_help="Go on with a thread in the interactive interface, which is not there yet.",
    context_settings={"ignore_unknown_options": True},
)
@click.argument("words", nargs=-1, metavar="[ID|NAME] [PROMPT]")
def resume(words: tuple[str, ...]) -> None:
    """Go on with an earlier thread interactively.

    The interactive interface does not exist yet: `agent exec resume` goes on with a thread, one task at a time.
    """
    raise click.ClickException(
        "the interactive interface is not there yet; `agent exec resume ID|NAME|--last PROMPT` goes on with a thread"
    )
