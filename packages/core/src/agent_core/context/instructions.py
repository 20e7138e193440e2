"""Instructions the owners of a home and of a project left in files."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from agent_core.config.project import DEFAULT_MARKERS, directories_down, project_root

_log = logging.getLogger(__name__)

OVERRIDE_NAME = "AGENTS.override.md"
NAME = "AGENTS.md"
SEPARATOR = "\n\n--- project-doc ---\n\n"
"""Stands between the home's text and the project's; programs look for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InstructionSearch:
    """Where to look for instructions, and how much of them to take."""

    home: Path
    cwd: Path
    max_bytes: int = 32_768
    """How many bytes of project files are taken in all; 0 takes none."""
    fallback_names: Sequence[str] = ()
    """Names that stand in for ``AGENTS.md`` in a directory without one."""
    root_markers: Sequence[str] = DEFAULT_MARKERS
    """What marks the directory a project begins in; none of them means that only ``cwd`` is looked at."""


def user_instructions(search: InstructionSearch) -> str | None:
    """Return the home's instructions and the project's, or ``None`` where there are none. Blocks while reading."""
    parts = [part for part in (home_instructions(search.home), project_instructions(search)) if part]
    return SEPARATOR.join(parts) or None


def home_instructions(home: Path) -> str | None:
    """Return the text of the home's own file, trimmed."""
    for name in (OVERRIDE_NAME, NAME):
        try:
            text = (home / name).read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        if text:
            return text
    return None


def project_instructions(search: InstructionSearch) -> str | None:
    """Return the texts of the project's files, from its root down to the working directory.

    A file that cannot be read is noted in the log, and then none is taken: half of the rules may be worse than none.
    """
    remaining = search.max_bytes
    texts: list[str] = []
    try:
        for file in instruction_files(search):
            if remaining <= 0:
                break
            with file.open("rb") as stream:
                data = stream.read(remaining)
            text = data.decode(errors="replace")
            if text.strip():
                texts.append(text)
                remaining -= len(data)
    except OSError as error:
        _log.warning("project instructions are left out: %s", error)
        return None
    return "\n\n".join(texts) or None


def instruction_files(search: InstructionSearch) -> list[Path]:
    """Return the files that apply to the working directory, outermost first: at most one of each directory."""
    root = project_root(search.cwd, search.root_markers) if search.root_markers else search.cwd
    names = dict.fromkeys((OVERRIDE_NAME, NAME, *(name for name in search.fallback_names if name)))
    found = (
        next((directory / name for name in names if (directory / name).is_file()), None)
        for directory in directories_down(root, search.cwd)
    )
    return [file for file in found if file]
