"""`agent demo`."""

import click


@click.command("demo")
@click.option("--keep", is_flag=True, help="Leave the folders of the demo and say where they are.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.pass_context
def demo(context: click.Context, keep: bool, color: str) -> None:
    """Fix a small project with a failing test, in a temporary folder, with a replayed model.

    Everything but the model's answers is real. Ends with 0 where the failing test passes at the end.
    """
    from agent_cli.demo.play import play

    context.exit(play(keep=keep, color=color))
