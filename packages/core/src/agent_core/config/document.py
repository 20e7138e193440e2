"""One TOML file: its text, and what it says as plain JSON values."""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import Path

from agent_protocol.wire import JsonValue

from agent_core.config.errors import ConfigError, TextRange

_PLACE = re.compile(r" \(at (?:line (\d+), column (\d+)|end of document)\)$")


@dataclass(frozen=True, slots=True)
class Document:
    """A file that was read; one that does not exist is an empty one."""

    path: Path
    text: str = ""
    table: dict[str, JsonValue] = field(default_factory=dict)


def read_document(path: Path) -> Document:
    """Read a TOML file.

    Raises:
        ConfigError: it cannot be read, or is not TOML; the error then tells the place.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (FileNotFoundError, NotADirectoryError):
        return Document(path)
    except OSError as error:
        raise ConfigError(f"it cannot be read: {error.strerror}", path=path) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"it is not UTF-8 text (byte {error.start})", path=path, remedy="save it as UTF-8") from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _syntax_error(path, text, str(error)) from error
    except RecursionError as error:
        raise ConfigError("its values are nested too deeply", path=path) from error
    return Document(path, text, plain(table))


def plain(value: object) -> JsonValue:
    """Return a TOML value as JSON: times become their text, everything else stays."""
    if isinstance(value, dict):
        return {name: plain(member) for name, member in value.items()}
    if isinstance(value, list):
        return [plain(member) for member in value]
    return value.isoformat() if isinstance(value, datetime | date | time) else value


def _syntax_error(path: Path, text: str, sentence: str) -> ConfigError:
    found = _PLACE.search(sentence)
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = text.count("\n") + 1, len(text) - text.rfind("\n")
    reason = sentence[: found.start()] if found else sentence
    return ConfigError(f"not valid TOML: {reason}", path=path, range=TextRange(line, column, line, column))
