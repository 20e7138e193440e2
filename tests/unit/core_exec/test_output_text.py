import pytest
from agent_core.exec.text import decode_output
from hypothesis import given
from hypothesis import strategies as st


@given(st.text())
def test_utf8_is_itself(text: str) -> None:
    assert decode_output(text.encode()) == text


@given(st.binary())
def test_any_bytes_give_text(data: bytes) -> None:
    decode_output(data).encode()


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("пример", "cp1251"),
        ("Ошибка: файл не найден\n", "cp1251"),
        ("пример", "cp866"),
        ("Системе не удается найти указанный путь.\r\n", "cp866"),
        ("“test” – it’s", "cp1252"),
        ("Größe: façade, naïve\n", "cp1252"),
        ("Erreur : fichier non trouvé\n", "cp1252"),
    ],
)
def test_legacy_encodings_are_recognised(text: str, encoding: str) -> None:
    assert decode_output(text.encode(encoding)) == text


def test_utf8_with_a_bad_byte_stays_utf8() -> None:
    assert decode_output("größer über alles €".encode() + b"\xff") == "größer über alles €�"


def test_binary_output_is_replaced() -> None:
    assert "\ufffd" in decode_output(bytes(range(256)))
