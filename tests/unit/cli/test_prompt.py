import codecs
import contextlib
import io

import pytest
from agent_cli.prompt import PromptError, decode_prompt, resolve_prompt
from hypothesis import given
from hypothesis import strategies as st


class Terminal(io.BytesIO):
    def isatty(self) -> bool:
        return True


def test_an_argument_leaves_standard_input_alone() -> None:
    stdin = io.BytesIO(b"unread")
    assert resolve_prompt("do it", stdin, pytest.fail) == "do it"
    assert stdin.tell() == 0


def test_a_dash_reads_standard_input_silently() -> None:
    assert resolve_prompt("-", io.BytesIO(b"piped\n"), pytest.fail) == "piped\n"


def test_no_argument_reads_standard_input_and_says_so() -> None:
    notes: list[str] = []
    assert resolve_prompt(None, io.BytesIO(b"piped"), notes.append) == "piped"
    assert len(notes) == 1


def test_no_argument_at_a_terminal_is_an_error() -> None:
    with pytest.raises(PromptError):
        resolve_prompt(None, Terminal(b"never read"), pytest.fail)


@pytest.mark.parametrize("blank", ["", " \n\t"])
def test_a_blank_prompt_is_an_error(blank: str) -> None:
    with pytest.raises(PromptError):
        resolve_prompt(blank, io.BytesIO(), pytest.fail)


@given(st.text(st.characters(codec="utf-8")).filter(lambda text: not text.startswith(("\ufeff", "\0"))))
def test_text_comes_back_from_every_encoding_a_shell_writes(text: str) -> None:
    assert decode_prompt(text.encode()) == text
    assert decode_prompt(codecs.BOM_UTF8 + text.encode()) == text
    assert decode_prompt(codecs.BOM_UTF16_LE + text.encode("utf-16-le")) == text
    assert decode_prompt(codecs.BOM_UTF16_BE + text.encode("utf-16-be")) == text


@pytest.mark.parametrize("data", ["x".encode("utf-32"), b"\xff\xfe\x00", b"caf\xe9"])
def test_what_cannot_be_decoded_is_an_error(data: bytes) -> None:
    with pytest.raises(PromptError):
        decode_prompt(data)


@given(st.binary())
def test_no_input_does_more_than_raise_the_one_error(data: bytes) -> None:
    with contextlib.suppress(PromptError):
        decode_prompt(data)
