"""How this program names itself to model servers: the user agent."""

import re
from collections.abc import Mapping

_UNPRINTABLE = re.compile(r"[^\x20-\x7e]")
_NOT_TERMINAL = re.compile(r"[^A-Za-z0-9\-_./]")
_SYSTEM_NAMES = {
    "alpine": "Alpine Linux",
    "amzn": "Amazon Linux AMI",
    "arch": "Arch Linux",
    "centos": "CentOS",
    "debian": "Debian",
    "fedora": "Fedora",
    "linuxmint": "Linux Mint",
    "nixos": "NixOS",
    "opensuse-leap": "openSUSE",
    "opensuse-tumbleweed": "openSUSE",
    "rhel": "Red Hat Enterprise Linux",
    "rocky": "Rocky Linux",
    "ubuntu": "Ubuntu",
}
_TERMINALS_BY_VARIABLE = (
    ("WEZTERM_VERSION", "WezTerm"),
    ("ITERM_SESSION_ID", "iTerm.app"),
    ("TERM_SESSION_ID", "Apple_Terminal"),
    ("KITTY_WINDOW_ID", "kitty"),
    ("ALACRITTY_SOCKET", "Alacritty"),
    ("KONSOLE_VERSION", "Konsole"),
    ("GNOME_TERMINAL_SCREEN", "gnome-terminal"),
    ("VTE_VERSION", "VTE"),
    ("WT_SESSION", "WindowsTerminal"),
)


def user_agent(originator: str, version: str, environ: Mapping[str, str], suffix: str | None = None) -> str:
    """Return ``originator/version (system; machine) terminal``, with ``(suffix)`` where a client gave one."""
    import platform

    text = f"{originator}/{version} ({system()}; {platform.machine() or 'unknown'}) {terminal(environ)}"
    if suffix:
        text += f" ({suffix})"
    return _UNPRINTABLE.sub("_", text)


def system() -> str:
    """Return the operating system's name and its version in three parts, such as ``Debian 12.0.0``."""
    import platform

    kind = platform.system()
    if kind == "Darwin":
        return f"Mac OS {_three_parts(platform.mac_ver()[0])}"
    if kind == "Linux":
        try:
            release = platform.freedesktop_os_release()
        except OSError:
            return f"Linux {_three_parts(platform.release())}"
        name = _SYSTEM_NAMES.get(release.get("ID", ""), release.get("NAME", "Linux"))
        return f"{name} {_three_parts(release.get('VERSION_ID', ''))}"
    return f"{kind or 'Unknown'} {platform.version() or 'unknown'}"


def terminal(environ: Mapping[str, str]) -> str:
    """Return the terminal's name, with its version where that is known."""
    name = environ.get("TERM_PROGRAM", "").strip()
    if name and name.lower() != "tmux":
        version = environ.get("TERM_PROGRAM_VERSION", "").strip()
        return _plain(f"{name}/{version}" if version else name)
    for variable, known in _TERMINALS_BY_VARIABLE:
        if variable in environ:
            version = environ[variable].strip() if variable.endswith("_VERSION") else ""
            return _plain(f"{known}/{version}" if version else known)
    return _plain(environ.get("TERM", "").strip() or "unknown")


def _plain(text: str) -> str:
    return _NOT_TERMINAL.sub("_", text)


def _three_parts(version: str) -> str:
    numbers = re.findall(r"\d+", version)[:3]
    if not numbers:
        return "unknown"
    return ".".join(str(int(number)) for number in [*numbers, "0", "0"][:3])
