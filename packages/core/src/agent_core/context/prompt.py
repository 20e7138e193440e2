"""Prompt texts shipped with the package, read when they are first needed."""

from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "prompts"


@cache
def prompt(name: str) -> str:
    """Return the text of ``prompts/<name>.md`` without surrounding blank lines."""
    return (_FOLDER / f"{name}.md").read_text(encoding="utf-8").strip()


def base_instructions() -> str:
    """Return the instructions every thread gets that has none of its own."""
    return prompt("base")
