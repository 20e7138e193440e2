import re
from pathlib import Path

import pytest
from agent_cli.demo.play import play
from agent_cli.demo.stage import cassette, staged
from agent_sandbox import BackendReport, Report

NOTHING_WORKS = Report(
    system="Linux",
    kernel="1",
    machine="x86_64",
    is_root=False,
    backends=(BackendReport(name="landlock", works=False, reason="the kernel is too old"),),
)


def test_the_project_comes_with_one_failing_test() -> None:
    with staged(keep=False) as stage:
        result = stage.run_tests()
        folder = stage.project
    assert not result.passed
    assert len(re.findall(r"^FAIL ", result.output, re.MULTILINE)) == 1
    assert not folder.exists()


def test_the_demo_fixes_it_through_the_whole_path(capsys: pytest.CaptureFixture[str]) -> None:
    assert play(keep=False, color="never") == 0
    shown = capsys.readouterr().out
    assert shown.index("1 failed") < shown.index("+    return") < shown.rindex("0 failed")


def test_a_host_that_confines_nothing_is_told_why_and_the_demo_goes_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert play(keep=False, color="never", report=NOTHING_WORKS) == 0
    shown = capsys.readouterr().out
    assert "the kernel is too old" in shown
    assert "danger-full-access" in shown


def test_the_cassette_names_no_place_of_the_machine_it_was_recorded_on() -> None:
    text = cassette().read_text(encoding="utf-8")
    assert not re.search(r"/(?:root|home|tmp|work|Users)/\w", text)
    assert str(Path.home()) not in text
