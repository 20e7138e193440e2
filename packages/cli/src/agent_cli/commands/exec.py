"""`agent exec`: the options of a run, read and checked."""

from pathlib import Path

import click

from agent_cli.commands.option import SANDBOX_MODES, override_option

_FILE = click.Path(dir_okay=False, path_type=Path)


@click.command("exec", short_help="Do one task and end.")
@click.argument("words", metavar="[PROMPT|-] | resume [ID|NAME] [PROMPT|-]", nargs=-1)
@click.option("-m", "--model", metavar="MODEL", help="The model to use.")
@override_option
@click.option("-s", "--sandbox", type=click.Choice(SANDBOX_MODES), help="What commands may do.")
@click.option("--full-auto", is_flag=True, help="Let commands write to the workspace: -s workspace-write.")
@click.option("-C", "--cd", "directory", metavar="DIR", help="Work in this folder.")
@click.option("--skip-git-repo-check", is_flag=True, help="Work outside a git repository too.")
@click.option("--json", "as_json", is_flag=True, help="Print events as JSON lines instead of text.")
@click.option("--experimental-json", "as_json", is_flag=True, hidden=True)
@click.option("-o", "--output-last-message", metavar="FILE", type=_FILE, help="Write the final message to FILE.")
@click.option("--output-schema", metavar="FILE", type=_FILE, help="JSON schema the final message must follow.")
@click.option("--record", metavar="FILE", type=_FILE, help="Record the model's answers for a later replay.")
@click.option("--color", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True)
@click.option("--last", is_flag=True, help="With resume: the newest thread of this folder.")
@click.option("--all", "everywhere", is_flag=True, help="With resume --last: of any folder.")
@click.pass_context
def run(
    context: click.Context,
    words: tuple[str, ...],
    model: str | None,
    overrides: tuple[str, ...],
    sandbox: str | None,
    full_auto: bool,
    directory: str | None,
    skip_git_repo_check: bool,
    as_json: bool,
    output_last_message: Path | None,
    output_schema: Path | None,
    record: Path | None,
    color: str,
    last: bool,
    everywhere: bool,
) -> None:
    """Give the agent one task and wait until it is done.

    The task is PROMPT, or standard input where PROMPT is - or absent. The final message goes to standard output,
    everything else to standard error. Nothing asks for approval: what the sandbox does not allow does not happen.

    `agent exec resume ID|NAME PROMPT` goes on with an earlier thread; `agent exec resume --last PROMPT` with the newest
    one of this folder.

    Ends with 0 when the turn was completed (or interrupted by Ctrl-C), 1 when it failed or could not start, and 2 for
    a mistake in the options.
    """
    resume, prompt = resume_and_prompt(words, last=last, everywhere=everywhere)
    from agent_cli.opening import Resume
    from agent_cli.run import Options, execute

    options = Options(
        prompt=prompt,
        resume=None if resume is None else Resume(*resume),
        directory=directory,
        must_be_repository=not skip_git_repo_check,
        model=model,
        overrides=overrides,
        sandbox="workspace-write" if full_auto else sandbox,
        as_json=as_json,
        color=color,
        last_message_file=output_last_message,
        output_schema_file=output_schema,
        record=record,
    )
    context.exit(execute(options))


def resume_and_prompt(
    words: tuple[str, ...], *, last: bool, everywhere: bool
) -> tuple[tuple[str | None, bool] | None, str | None]:
    """Return ((thread or None for the newest, whether from any folder), prompt); the first is None for a new thread.

    Raises ``click.UsageError`` for words and options that do not go together.
    """
    if words[:1] == ("review",):
        raise click.UsageError("exec review is not available yet")
    if words[:1] != ("resume",):
        if last or everywhere:
            raise click.UsageError("--last and --all belong to `exec resume`")
        return None, _only(words)
    given = words[1:]
    if everywhere and not last:
        raise click.UsageError("--all belongs to `exec resume --last`")
    if last:
        return (None, everywhere), _only(given)
    if not given:
        raise click.UsageError("name the thread to resume, or say --last")
    return (given[0], False), _only(given[1:])


def _only(words: tuple[str, ...]) -> str | None:
    if len(words) > 1:
        raise click.UsageError(f"{words[1]!r} is one argument too many; put the prompt in quotes")
    return words[0] if words else None
