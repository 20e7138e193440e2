import pytest
from agent_core.command.parse import heredoc_command, plain_commands
from agent_core.command.parsed import parse_command
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize("letter", ["é", "漢", "\u00a0", "\uffff", "😀", "\U000def9f", "\U0010ffff"])
def test_letters_of_any_alphabet_are_parts_of_words(letter: str) -> None:
    assert plain_commands(f"echo '{letter} x' && ls \"{letter}\"") == [["echo", f"{letter} x"], ["ls", letter]]
    assert heredoc_command(f"cat <<'{letter}'\na {letter}\n{letter}\n") == ["cat"]


@pytest.mark.parametrize("letter", ["é", "漢", "😀", "\U000def9f", "\U0010ffff"])
def test_letters_of_any_alphabet_need_no_quotes(letter: str) -> None:
    assert plain_commands(f"echo a{letter}b; cat {letter}") == [["echo", f"a{letter}b"], ["cat", letter]]


@pytest.mark.parametrize(
    "script", ["{X", "echo {X}", "{X,1}", "echo ${X:-1}", "echo a{1..X}", "X=1", "$X", "((X", "<<X"]
)
@given(letter=st.characters(min_codepoint=0x80))
def test_no_letter_in_any_place_ends_the_process(script: str, letter: str) -> None:
    parse_command(["bash", "-lc", script.replace("X", letter)])
    heredoc_command(script.replace("X", letter))
