"""Set the version of all six distributions, and every pin between them, in one step.

    python scripts/bump.py            print the version
    python scripts/bump.py 0.2.0      set 0.2.0+harness everywhere, then run `uv lock`

The local part is added here and nowhere else. A public index cannot hold a version with a local part, so a pin on
one can never be satisfied by a stranger's package that has the same name.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = "harness"
VERSION_LINE = re.compile(r'^version = "(?P<version>[^"]+)"$', re.MULTILINE)
PIN = re.compile(r'"(?P<name>agent-(?:protocol|state|sandbox|core|server|cli))==(?P<version>[^"]+)"')
VERSION_CONSTANT = re.compile(r'^VERSION = "(?P<version>[^"]+)"$', re.MULTILINE)
RELEASE = re.compile(r"\d+\.\d+\.\d+((a|b|rc)\d+)?")


def project_files() -> list[Path]:
    """Return the pyproject files that carry the version: the root's and the six packages'."""
    return [ROOT / "pyproject.toml", *sorted(ROOT.glob("packages/*/pyproject.toml"))]


def constant_files() -> list[Path]:
    """Return the modules that repeat the version as a constant, so that printing it imports nothing."""
    return sorted(path for path in ROOT.glob("packages/*/src/agent_*/version.py"))


def versions() -> Iterator[tuple[Path, str, str]]:
    """Yield (file, what, version) for every place that states a version or a pin."""
    for path in project_files():
        text = path.read_text(encoding="utf-8")
        for match in VERSION_LINE.finditer(text):
            yield path, "version", match["version"]
        for match in PIN.finditer(text):
            yield path, match["name"], match["version"]
    for path in constant_files():
        for match in VERSION_CONSTANT.finditer(path.read_text(encoding="utf-8")):
            yield path, "VERSION", match["version"]


def rewrite(version: str) -> list[Path]:
    """Write ``version`` to every place and return the files that changed."""
    changed = []
    for path in [*project_files(), *constant_files()]:
        text = path.read_text(encoding="utf-8")
        new = VERSION_LINE.sub(f'version = "{version}"', text)
        new = PIN.sub(lambda match: f'"{match["name"]}=={version}"', new)
        new = VERSION_CONSTANT.sub(f'VERSION = "{version}"', new)
        if new != text:
            path.write_text(new, encoding="utf-8")
            changed.append(path)
    return changed


def lock() -> int:
    """Run `uv lock` against the default index, whatever index this machine is set up with: one file for all."""
    public = {name: value for name, value in os.environ.items() if not (name.startswith("UV_") and "INDEX" in name)}
    return subprocess.run(["uv", "lock", "--no-config"], cwd=ROOT, env=public, check=False).returncode


def main(arguments: list[str]) -> int:
    if not arguments:
        sys.stdout.write("\n".join(sorted({version for _, _, version in versions()})) + "\n")
        return 0
    release = arguments[0].removesuffix(f"+{LOCAL}")
    if not RELEASE.fullmatch(release):
        sys.stderr.write(f"{arguments[0]!r} is not of the form 1.2.3 or 1.2.3rc1\n")
        return 2
    for path in rewrite(f"{release}+{LOCAL}"):
        sys.stdout.write(f"{path.relative_to(ROOT)}\n")
    return lock()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
