"""`agent demo`: the whole real path on a small project, with only the model replayed."""

import io
import shutil
import sys
from collections.abc import Sequence

import anyio
from agent_core.model.providers import REPLAY_FILE_VARIABLE
from agent_sandbox import Report, probe

from agent_cli.demo.stage import Stage, cassette, staged
from agent_cli.failure import sentence
from agent_cli.run import IMPOSSIBLE, Options, run
from agent_cli.view import Streams

PROMPT = "A test of this project fails. Find out why and fix it."
ABOUT = """\
This is a demonstration. The model is replayed: its answers were recorded earlier and come with this program, and no
service is asked. Everything else is the real thing: the server, the turn, the tools, the sandbox, the commands and
the patch. A request that is not the one that was recorded would end the run.
"""
UNCONFINED = """\
This host can confine nothing, so the demo's commands, which came with this program, run without a sandbox.
`agent exec` would refuse here. Why:
"""


def play(*, keep: bool, color: str, report: Report | None = None) -> int:
    """Run the demo; return 0 where the project's tests failed before and pass after it, else 1.

    ``report`` says what this host can confine with, in place of a probe.
    """
    report = report or probe()
    with staged(keep=keep) as stage:
        _say(ABOUT)
        if not report.works:
            _say(UNCONFINED, *obstacles(report))
        before = stage.run_tests()
        _title("tests before")
        _say(before.output)
        if before.passed:
            _say("The project's tests pass already: there is nothing to show.")
            return 1
        _title("the run")
        code = _run(stage, color=color, confined=report.works)
        _show_difference(stage)
        after = stage.run_tests()
        _title("tests after")
        _say(after.output)
        if keep:
            _say(f"The project is in {stage.project}, the record of the run below {stage.home}.")
    succeeded = code == 0 and after.passed
    _say("The failing test passes now." if succeeded else "The demo did not work: see above.")
    return 0 if succeeded else 1


def options_of(stage: Stage, *, color: str, confined: bool, overrides: Sequence[str] = ()) -> Options:
    """Return the run on ``stage``; ``overrides`` come last."""
    return Options(
        prompt=PROMPT,
        directory=str(stage.project),
        must_be_repository=stage.has_git,
        sandbox="workspace-write" if confined else "danger-full-access",
        overrides=('model_provider="replay"', *overrides),
        color=color,
        environ={**stage.environ(), REPLAY_FILE_VARIABLE: str(cassette())},
    )


def obstacles(report: Report) -> list[str]:
    """Return why each back end does not work here, one line each."""
    lines = []
    for backend in report.backends:
        remedy = f"; {backend.remedy}" if backend.remedy else ""
        lines.append(f"  {backend.name}: {backend.reason}{remedy}")
    return lines


def _run(stage: Stage, *, color: str, confined: bool) -> int:
    shown = Streams(stdin=io.BytesIO(), stdout=io.StringIO(), stderr=sys.stdout)
    code = 1
    try:
        code = anyio.run(run, options_of(stage, color=color, confined=confined), shown)
    except* IMPOSSIBLE as group:
        _say(f"error: {sentence(group)}")
    return code


def _show_difference(stage: Stage) -> None:
    difference = stage.difference()
    if difference is not None:
        _title("what changed")
        _say(difference)


def _say(*lines: str) -> None:
    sys.stdout.write("".join(line.rstrip("\n") + "\n" for line in lines))
    sys.stdout.flush()


def _title(text: str) -> None:
    width = min(shutil.get_terminal_size().columns, 80)
    _say("", f"== {text} ".ljust(width, "="))
