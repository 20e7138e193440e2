"""The conformance manifest: what is required, and whether a test shows it. Run as a program to write its table."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MANIFEST = ROOT / "tests/conformance/manifest.toml"
TABLE = ROOT / "docs/reference/conformance.md"
DEFERRED = "deferred: "
TITLES: Mapping[str, str] = {
    "requests": "Requests of the client",
    "client_notifications": "Notifications of the client",
    "notifications": "Notifications of the server",
    "server_requests": "Requests of the server",
    "rules": "Rules for all of them",
    "differences": "Deliberate differences",
}
_PREFACE = """# Conformance

What the app-server does of the protocol, and where it differs from the reference on purpose. Every entry marked as
tested is shown by a test in `tests/conformance`; where the reference is installed, what both must do is shown with
both. Written from `tests/conformance/manifest.toml` by `python tests/support/requirement.py`.
"""


@dataclass(frozen=True)
class Requirement:
    """One entry. ``kind`` is the section it stands in."""

    kind: str
    key: str
    source: str
    requires: str
    state: str

    @property
    def is_tested(self) -> bool:
        return self.state == "tested"

    @property
    def deferral(self) -> str:
        """Return why there is no test, empty where there is one."""
        return self.state.removeprefix(DEFERRED) if self.state.startswith(DEFERRED) else ""


@cache
def manifest() -> Mapping[str, Requirement]:
    """Return the entries by key, in their order. Raises ``ValueError`` for a key that stands twice."""
    found: dict[str, Requirement] = {}
    for kind, entries in tomllib.loads(MANIFEST.read_text()).items():
        for key, entry in entries.items():
            if key in found:
                raise ValueError(f"{key} stands in {found[key].kind} and in {kind}")
            found[key] = Requirement(kind, key, **entry)
    return found


def table() -> str:
    """Return the manifest as a page."""
    parts = [_PREFACE]
    for kind, title in TITLES.items():
        entries = [entry for entry in manifest().values() if entry.kind == kind]
        tested = sum(entry.is_tested for entry in entries)
        rows = [f"| `{entry.key}` | {entry.requires} | {_cell(entry)} |" for entry in entries]
        head = [f"## {title}", "", f"{tested} of {len(entries)} tested.", "", "| | required | state |", "|---|---|---|"]
        parts.append("\n".join([*head, *rows, ""]))
    return "\n".join(parts)


def _cell(entry: Requirement) -> str:
    return "tested" if entry.is_tested else f"not yet: {entry.deferral}"


if __name__ == "__main__":
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    TABLE.write_text(table())
