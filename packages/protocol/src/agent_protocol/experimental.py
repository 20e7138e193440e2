"""Marks on members that not every client sees, and the finder of the experimental ones a request uses."""

from typing import TypeVar

from msgspec import Meta

from agent_protocol.registry import Method

P = TypeVar("P")
R = TypeVar("R")


def Experimental(reason: str) -> Meta:
    """Mark a member that only clients with ``experimentalApi`` may use; *reason* is what others are told.

    A whole variant of a union is marked by a class variable ``__experimental__`` that holds the reason.
    """
    return Meta(extra={"experimental": reason})


def Since(release: str) -> Meta:
    """Mark a member that the reference release does not have; the exported schema leaves it out."""
    return Meta(extra={"since": release})


def first_experimental_reason(method: Method[P, R], params: P) -> str | None:
    """The reason of the first experimental thing a request uses, in the order of declaration, or ``None``.

    An experimental method is its own reason. A marked member counts as used by its declared type: an optional one
    when it is given and its inner type counts, a list or map when it is not empty, a flag when it is true, anything
    else always.
    """
    if method.experimental:
        return method.name
    # The types are looked into with msgspec.inspect, too dear for every import of a struct.
    from agent_protocol.presence import first_reason

    return first_reason(params)
