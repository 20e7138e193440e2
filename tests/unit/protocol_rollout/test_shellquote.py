import shlex

import pytest
from agent_protocol.shellquote import join, quote
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("token", "quoted"),
    [
        ("", "''"),
        ("plain-1.2/x:y@z]_+", "plain-1.2/x:y@z]_+"),
        ("it's", '"it\'s"'),
        ("a=b", "'a=b'"),
        ("a b", "'a b'"),
        ("a\\b", '"a\\\\b"'),
        ("a^b", "a'^b'"),
        ("^", "'^'"),
        ("x!'", "'x!'\"'\""),
        ("it's `x`", '"it\'s "' + "'`x`'"),
        ("é", "'é'"),
        ('say "hi"', "'say \"hi\"'"),
        ("'\"", '"\'\\""'),
    ],
)
def test_a_token_is_quoted_in_the_shortest_style_that_holds_it(token: str, quoted: str) -> None:
    assert quote(token) == quoted


@given(argv=st.lists(st.text(alphabet=st.characters(exclude_characters="\0"), max_size=12), min_size=1, max_size=4))
def test_a_shell_reads_back_what_was_joined(argv: list[str]) -> None:
    assert shlex.split(join(argv)) == argv


def test_an_argument_that_cannot_be_quoted_is_joined_as_it_is() -> None:
    assert join(["a b", "c\0d"]) == "a b c\0d"
