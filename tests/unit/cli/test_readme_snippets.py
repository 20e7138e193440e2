import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from agent_sandbox import cached_probe

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("packages/*/README.md")), *sorted(ROOT.glob("docs/**/*.md"))]


def blocks(language: str) -> list[tuple[str, str]]:
    pattern = re.compile(rf"^```{language}\n(.*?)^```$", re.MULTILINE | re.DOTALL)
    return [
        (f"{page.relative_to(ROOT)}:{index}", code)
        for page in PAGES
        for index, code in enumerate(pattern.findall(page.read_text()))
    ]


@pytest.mark.parametrize(("place", "code"), blocks("python"), ids=[place for place, _ in blocks("python")])
def test_every_python_example_runs(place: str, code: str, tmp_path: Path) -> None:
    if "sandbox" in place and not cached_probe().works:
        pytest.skip("this host can confine nothing")
    environ = {
        "AGENT_HOME": str(tmp_path),
        "HOME": str(tmp_path),
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=tmp_path, env=environ, capture_output=True, text=True, timeout=50, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_every_package_shows_how_to_embed_it() -> None:
    shown = {place.split(":")[0] for place, _ in blocks("python")}
    assert {str(path.relative_to(ROOT)) for path in ROOT.glob("packages/*/README.md")} <= shown
    assert len(list(ROOT.glob("packages/*/README.md"))) == 6


@pytest.mark.parametrize(("place", "code"), blocks("toml"), ids=[place for place, _ in blocks("toml")])
def test_every_toml_example_is_toml(place: str, code: str) -> None:
    assert tomllib.loads(code)


def test_links_between_pages_lead_somewhere() -> None:
    pages = [*PAGES, *ROOT.glob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)\)", page.read_text())
        if not (page.parent / target).exists()
    ]
    assert not broken
