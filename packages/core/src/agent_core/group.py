"""Errors that came out of task groups, without the groups."""

from collections.abc import Iterator
from contextlib import contextmanager


def first_cause(error: BaseException) -> BaseException:
    """Return the first error inside nested groups, or ``error`` itself where it is no group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


@contextmanager
def ungrouped() -> Iterator[None]:
    """Let the block's error out bare when its task groups carry just one."""
    try:
        yield
    except BaseExceptionGroup as group:
        cause: BaseException = group
        while isinstance(cause, BaseExceptionGroup) and len(cause.exceptions) == 1:
            cause = cause.exceptions[0]
        raise cause from cause.__cause__
