from pathlib import Path

import pytest
from agent_core.context.instructions import SEPARATOR, InstructionSearch, instruction_files, user_instructions


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    return home


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "app" / ".git").mkdir(parents=True)
    (tmp_path / "app" / "lib" / "deep").mkdir(parents=True)
    return tmp_path / "app"


def test_without_files_there_are_no_instructions(home: Path, project: Path) -> None:
    assert user_instructions(InstructionSearch(home=home, cwd=project)) is None
    assert user_instructions(InstructionSearch(home=home / "none", cwd=project / "none")) is None


def test_the_home_comes_first_then_the_project_from_the_outside_in(home: Path, project: Path) -> None:
    (home / "AGENTS.md").write_text("\n home \n")
    (project / "AGENTS.md").write_text("outer\n")
    (project / "lib" / "AGENTS.md").write_text("   \n")
    (project / "lib" / "deep" / "AGENTS.md").write_text("inner")
    (project.parent / "AGENTS.md").write_text("beyond")
    search = InstructionSearch(home=home, cwd=project / "lib" / "deep")
    assert user_instructions(search) == f"home{SEPARATOR}outer\n\n\ninner"
    (home / "AGENTS.override.md").write_text("instead")
    assert user_instructions(search) == f"instead{SEPARATOR}outer\n\n\ninner"


def test_each_directory_gives_its_first_file_only(home: Path, project: Path) -> None:
    (project / "AGENTS.md").write_text("plain")
    (project / "AGENTS.override.md").write_text("override")
    (project / "lib" / "GUIDE.md").write_text("guide")
    (project / "lib" / "deep" / "AGENTS.md").mkdir()
    search = InstructionSearch(home=home, cwd=project / "lib" / "deep", fallback_names=["", "GUIDE.md"])
    assert [file.name for file in instruction_files(search)] == ["AGENTS.override.md", "GUIDE.md"]


def test_links_are_followed(home: Path, project: Path) -> None:
    (project.parent / "elsewhere.md").write_text("linked")
    (project / "AGENTS.md").symlink_to(project.parent / "elsewhere.md")
    assert user_instructions(InstructionSearch(home=home, cwd=project)) == "linked"


def test_the_budget_is_spent_in_order_and_the_file_that_crosses_it_is_cut(home: Path, project: Path) -> None:
    (project / "AGENTS.md").write_text("12345")
    (project / "lib" / "AGENTS.md").write_text("6789")
    (project / "lib" / "deep" / "AGENTS.md").write_text("never")
    cwd = project / "lib" / "deep"
    assert user_instructions(InstructionSearch(home=home, cwd=cwd, max_bytes=7)) == "12345\n\n67"
    assert user_instructions(InstructionSearch(home=home, cwd=cwd, max_bytes=0)) is None


def test_without_markers_only_the_working_directory_counts(home: Path, project: Path) -> None:
    (project / "AGENTS.md").write_text("outer")
    (project / "lib" / "AGENTS.md").write_text("inner")
    search = InstructionSearch(home=home, cwd=project / "lib", root_markers=())
    assert user_instructions(search) == "inner"
    other = InstructionSearch(home=home, cwd=project / "lib", root_markers=("none",))
    assert user_instructions(other) == "inner"


def test_bytes_that_are_no_text_do_no_harm(home: Path, project: Path) -> None:
    (project / "AGENTS.md").write_bytes(b"caf\xe9 \xff")
    assert (user_instructions(InstructionSearch(home=home, cwd=project)) or "").startswith("caf")


def test_a_project_file_that_cannot_be_read_leaves_the_homes(home: Path, project: Path) -> None:
    (home / "AGENTS.md").write_text("home")
    (project / "AGENTS.md").symlink_to("/proc/self/mem")
    assert user_instructions(InstructionSearch(home=home, cwd=project)) == "home"
