"""Show that an install from our wheels takes all six distributions from us, with the index reachable.

    python scripts/prove_install.py [--keep DIR]

Builds the six wheels, installs the command from them into a fresh environment with the ordinary index switched on,
and compares every installed file with the wheel it must have come from. Needs Python with pip and venv, no more.
"""

import argparse
import base64
import csv
import hashlib
import json
import subprocess
import sys
import tempfile
import tomllib
import venv
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("protocol", "state", "sandbox", "core", "server", "cli")

INSPECT = """
import importlib.metadata, json, sys
found = {}
for name in sys.argv[1:]:
    dist = importlib.metadata.distribution(name)
    found[name] = {"version": dist.version, "root": str(dist.locate_file(""))}
print(json.dumps(found))
"""


def declared_version() -> str:
    """Return the version that the packages declare."""
    with (ROOT / "packages" / "cli" / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])


def run(*command: str | Path) -> str:
    """Run a command and return its standard output; end the script with its output if it fails."""
    done = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(map(str, command))}\n{done.stdout}{done.stderr}")
    return done.stdout


def fresh_environment(where: Path) -> Path:
    """Create a virtual environment with pip and return its interpreter."""
    venv.create(where, with_pip=True)
    return where / "bin" / "python"


def build_wheels(python: Path, into: Path) -> list[Path]:
    """Build the six wheels and return their paths."""
    sources = [ROOT / "packages" / name for name in NAMES]
    run(python, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", into, *sources)
    return sorted(into.glob("*.whl"))


def index_offer(python: Path, name: str) -> str | None:
    """Return the newest version of ``name`` that the index offers, or None where it offers none or is unreachable."""
    done = subprocess.run(
        [str(python), "-m", "pip", "index", "versions", name], capture_output=True, text=True, check=False
    )
    return done.stdout.split("(")[1].split(")")[0] if done.returncode == 0 and "(" in done.stdout else None


def differing_files(wheel: Path, root: Path) -> list[str]:
    """Return the files of ``wheel`` that are absent from the installation or differ from it."""
    with zipfile.ZipFile(wheel) as archive:
        record = next(name for name in archive.namelist() if name.endswith(".dist-info/RECORD"))
        rows = list(csv.reader(archive.read(record).decode().splitlines()))
    different = []
    for path, declared, _size in rows:
        if not declared:
            continue
        installed = root / path
        digest = hashlib.sha256(installed.read_bytes()).digest() if installed.is_file() else b""
        if declared != "sha256=" + base64.urlsafe_b64encode(digest).rstrip(b"=").decode():
            different.append(path)
    return different


def prove(work: Path) -> int:
    version = declared_version()
    wheels = build_wheels(fresh_environment(work / "build"), work / "wheels")
    python = fresh_environment(work / "install")
    run(python, "-m", "pip", "install", "--quiet", "--find-links", work / "wheels", f"agent-cli=={version}")
    installed = json.loads(run(python, "-c", INSPECT, *(f"agent-{name}" for name in NAMES)))
    strange = 0
    for name in NAMES:
        facts = installed[f"agent-{name}"]
        wheel = next(path for path in wheels if path.name.startswith(f"agent_{name}-"))
        different = differing_files(wheel, Path(facts["root"]))
        ours = facts["version"] == version and not different
        strange += not ours
        sys.stdout.write(f"agent-{name:<9} {facts['version']}  {'ours' if ours else f'NOT OURS: {different}'}\n")
    sys.stdout.write(run(python.parent / "agent", "--version"))
    offer = index_offer(python, "agent-protocol")
    if offer is None:
        sys.stdout.write("the index did not answer, so this run does not show that it was passed over\n")
    else:
        sys.stdout.write(f"the index was reachable: it offers agent-protocol {offer}, which was not taken\n")
    return 1 if strange else 0


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--keep", type=Path, help="work in this folder and leave it")
    keep: Path | None = parser.parse_args().keep
    if keep is not None:
        keep.mkdir(parents=True, exist_ok=True)
        return prove(keep.resolve())
    with tempfile.TemporaryDirectory() as work:
        return prove(Path(work))


if __name__ == "__main__":
    raise SystemExit(main())
