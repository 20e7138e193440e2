import re

import pytest
from agent_core.model.identity import terminal, user_agent


def test_the_user_agent_names_program_system_machine_and_terminal() -> None:
    text = user_agent("agent_exec", "0.1.0", {"TERM": "xterm"})
    assert re.fullmatch(r"agent_exec/0\.1\.0 \([^;()]+ [\w.]+; \w+\) xterm", text)


def test_a_client_may_add_itself() -> None:
    assert user_agent("ide", "1", {"TERM": "xterm"}, "ide; 2").endswith(" xterm (ide; 2)")


def test_characters_that_cannot_be_printed_are_replaced() -> None:
    assert user_agent("ïde\n", "1", {}).startswith("_de_/1 (")


@pytest.mark.parametrize(
    ("environ", "name"),
    [
        ({}, "unknown"),
        ({"TERM": "xterm-256color"}, "xterm-256color"),
        ({"TERM_PROGRAM": "iTerm.app", "TERM_PROGRAM_VERSION": "3.5"}, "iTerm.app/3.5"),
        ({"TERM_PROGRAM": "my term (2)"}, "my_term__2_"),
        ({"TERM_PROGRAM": "tmux", "TERM_PROGRAM_VERSION": "3.3a", "WEZTERM_VERSION": "2024"}, "WezTerm/2024"),
        ({"KITTY_WINDOW_ID": "1", "TERM": "xterm-kitty"}, "kitty"),
        ({"VTE_VERSION": "7006", "TERM": "xterm"}, "VTE/7006"),
    ],
)
def test_the_terminal_is_known_by_its_variables(environ: dict[str, str], name: str) -> None:
    assert terminal(environ) == name
