import json
import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from agent_protocol.wire import JsonValue

REPOSITORY = Path(__file__).parents[2]


class Contract:
    """The wire as the reference exports it: names and shapes only."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def read(self, name: str) -> JsonValue:
        return json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))

    def files(self) -> Mapping[str, JsonValue]:
        paths = sorted((self.folder / "files").glob("*.json"))
        return {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in paths}


@pytest.fixture(scope="session")
def contract() -> Contract:
    folder = Path(os.environ.get("AGENT_CONTRACT_DIR", REPOSITORY.parent / "shared" / "contract"))
    if not (folder / "methods.json").is_file():
        pytest.skip(f"no contract to compare with in {folder}; AGENT_CONTRACT_DIR names another folder")
    return Contract(folder)
