"""Our own schema is kept in the tree. ``AGENT_REGENERATE=1`` writes it anew; the change is then there to review."""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from agent_protocol.schema import write_json_schema, write_typescript
from agent_protocol.schema.naming import BUNDLE

GOLDEN = Path(__file__).parent / "golden"
EXPORTS = pytest.mark.parametrize("experimental", [False, True], ids=["stable", "experimental"])


def digests(folder: Path) -> str:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    lines = [
        f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n" for path in files
    ]
    return "".join(lines)


def compare(kept: Path, made: Mapping[str, str]) -> None:
    if os.environ.get("AGENT_REGENERATE") == "1":
        kept.mkdir(parents=True, exist_ok=True)
        for name, text in made.items():
            (kept / name).write_text(text, encoding="utf-8")
    assert {name: (kept / name).read_text(encoding="utf-8") for name in made} == dict(made)


@EXPORTS
def test_regenerating_the_json_schema_changes_nothing(tmp_path: Path, experimental: bool) -> None:
    count = write_json_schema(tmp_path, experimental=experimental)
    assert count == sum(1 for path in tmp_path.rglob("*.json"))
    kept = GOLDEN / ("experimental" if experimental else "stable")
    compare(kept, {BUNDLE: (tmp_path / BUNDLE).read_text(encoding="utf-8"), "json.sha256": digests(tmp_path)})


@EXPORTS
def test_regenerating_the_typescript_changes_nothing(tmp_path: Path, experimental: bool) -> None:
    count = write_typescript(tmp_path, experimental=experimental)
    assert count == sum(1 for path in tmp_path.rglob("*.ts"))
    compare(GOLDEN / ("experimental" if experimental else "stable"), {"typescript.sha256": digests(tmp_path)})
