"""Options that several commands share."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

SANDBOX_MODES = ("read-only", "workspace-write", "danger-full-access")


def override_option(function: F) -> F:
    """Add ``-c KEY=VALUE``; overrides given before the command's name come first, so these win."""
    return click.option(
        "-c", "--config", "overrides", metavar="KEY=VALUE", multiple=True, callback=_after_those_of_the_group,
        help="Override a setting by its dotted name; the value is TOML, or else text (repeatable).",
    )(function)  # fmt: skip


def _after_those_of_the_group(
    context: click.Context, parameter: click.Parameter, given: tuple[str, ...]
) -> tuple[str, ...]:
    inherited: tuple[str, ...] = context.find_root().obj or ()
    return (*inherited, *given)
