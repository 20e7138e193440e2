"""The error of everything that is wrong with the user's settings."""

from dataclasses import dataclass
from pathlib import Path

from agent_core.errors import AgentError


@dataclass(frozen=True, slots=True)
class TextRange:
    """A place in a text: 1-based lines and columns, the end is the last character itself."""

    line: int
    column: int
    end_line: int
    end_column: int


class ConfigError(AgentError):
    """A setting that cannot be used.

    ``path`` is the file, ``key`` the dotted key, ``range`` the place in the file; each ``None`` where there is none.
    ``reason`` says what is wrong, ``remedy`` what to write instead.
    """

    def __init__(
        self,
        reason: str,
        *,
        key: str | None = None,
        path: Path | None = None,
        range: TextRange | None = None,
        remedy: str | None = None,
    ) -> None:
        self.reason = reason
        self.key = key
        self.path = path
        self.range = range
        self.remedy = remedy
        super().__init__(self._sentence())

    @property
    def line(self) -> int | None:
        """The 1-based line in ``path``."""
        return self.range.line if self.range else None

    @property
    def column(self) -> int | None:
        """The 1-based column in ``line``."""
        return self.range.column if self.range else None

    def _sentence(self) -> str:
        place = str(self.path) if self.path else ""
        if place and self.range:
            place += f":{self.range.line}:{self.range.column}"
        parts = [place, f"`{self.key}`" if self.key else "", self.reason]
        sentence = ": ".join(part for part in parts if part)
        return f"{sentence} ({self.remedy})" if self.remedy else sentence
