"""The short way into `agent app-server`: its plain forms are read here, so a server start never loads click.

Whatever is not a plain, valid form (help, an export, a mistake) is left to the full parser, which explains it.
"""

from collections.abc import Sequence
from typing import NamedTuple

STDIO = "stdio://"


class AppServerOptions(NamedTuple):
    """How to serve: where to listen and which settings the command line overrides."""

    listen: str = STDIO
    overrides: tuple[str, ...] = ()
    """``key=value`` texts in the order given; later ones win."""


def app_server_options(arguments: Sequence[str]) -> AppServerOptions | None:
    """Return the options of a plain ``[-c k=v]… app-server [--listen URL] [-c k=v]…``, or None for anything else."""
    listen = STDIO
    overrides = []
    named = False
    pending = iter(arguments)
    for argument in pending:
        flag, equals, attached = argument.partition("=")
        if argument == "app-server" and not named:
            named = True
        elif argument == "--analytics-default-enabled" and named:
            continue
        elif flag in ("-c", "--config"):
            value = attached if equals and flag == "--config" else next(pending, None)
            if value is None or (equals and flag == "-c"):
                return None
            overrides.append(value)
        elif flag == "--listen" and named:
            value = attached if equals else next(pending, None)
            if value is None:
                return None
            listen = value
        else:
            return None
    return AppServerOptions(listen, tuple(overrides)) if named and listen == STDIO else None
