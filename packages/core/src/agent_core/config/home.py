"""The directory everything of a user lives in."""

from collections.abc import Mapping
from pathlib import Path

from agent_core.config.errors import ConfigError

VARIABLE = "AGENT_HOME"
FOLDER = ".agent"


def agent_home(env: Mapping[str, str]) -> Path:
    """Return ``AGENT_HOME``, made canonical, else ``~/.agent``, which need not exist yet.

    Raises:
        ConfigError: the variable names what is not a directory.
    """
    named = env.get(VARIABLE, "")
    if not named:
        return user_directory(env) / FOLDER
    try:
        home = Path(named).resolve(strict=True)
    except (OSError, RuntimeError, ValueError) as error:
        reason = f"{VARIABLE} names {named!r}, which does not exist"
        raise ConfigError(reason, key=VARIABLE, remedy="create the directory or unset the variable") from error
    if not home.is_dir():
        raise ConfigError(f"{VARIABLE} names {named!r}, which is not a directory", key=VARIABLE)
    return home


def user_directory(env: Mapping[str, str]) -> Path:
    """Return the home directory of the user's account."""
    return Path(env["HOME"]) if env.get("HOME") else Path.home()
