"""Errors that came out of task groups, without the groups."""

from collections.abc import Iterator
from contextlib import contextmanager


def single_cause(error: BaseException) -> BaseException:
    """Return the one error inside nested groups, or ``error`` itself where there are several."""
    while isinstance(error, BaseExceptionGroup) and len(error.exceptions) == 1:
        error = error.exceptions[0]
    return error


@contextmanager
def ungrouped() -> Iterator[None]:
    """Let the block's error out bare when its task groups carry just one."""
    try:
        yield
    except BaseExceptionGroup as group:
        cause = single_cause(group)
        if cause is group:
            raise
        raise cause from cause.__cause__
