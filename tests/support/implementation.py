"""The programs that speak the protocol: ours, and the reference where it is installed."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

import pytest
from process_harness import AGENT

_CACHED = Path.home() / ".cache/agent-oracle/0.104.0/package/vendor/x86_64-unknown-linux-musl/codex/codex"


@dataclass(frozen=True)
class Implementation:
    """A program whose ``app-server`` can be driven."""

    name: str
    argv: tuple[str, ...]


OURS = Implementation("ours", (AGENT,))


def reference() -> Implementation | None:
    """Return the reference: ``AGENT_REFERENCE_BIN``, else a cached copy, else ``codex`` of the path."""
    found = os.environ.get("AGENT_REFERENCE_BIN") or (str(_CACHED) if _CACHED.exists() else shutil.which("codex"))
    return None if found is None else Implementation("reference", (found,))


IMPLEMENTATIONS = ["ours"] if reference() is None else ["ours", "reference"]
"""What a test of both is run with here."""


def find(name: str) -> Implementation:
    """Return ``ours`` or the ``reference``; a test that needs a reference that is not here is skipped."""
    found = OURS if name == "ours" else reference()
    if found is None:
        pytest.skip("the reference binary is not here: set AGENT_REFERENCE_BIN to compare with it")
    return found
