"""Bytes that a program wrote, as text."""

from collections.abc import Callable

_CYRILLIC = ("cp1251", "cp866")
_WESTERN = "cp1252"
_WESTERN_PUNCTUATION = frozenset(range(0x82, 0x98)) | {0x99, 0x9B}
_BINARY_SHARE = 0.1
_SAMPLE_BYTES = 64 * 1024


def decode_output(data: bytes) -> str:
    """Return output as text: UTF-8 where it is, else the likeliest legacy encoding, else with replacements.

    Legacy encodings told apart are Windows-1251 and IBM 866 (Cyrillic) and Windows-1252 (western).
    """
    try:
        return data.decode()
    except UnicodeDecodeError:
        encoding = _legacy_encoding(data[:_SAMPLE_BYTES])
    if encoding is None:
        return data.decode(errors="replace")
    return data.decode(encoding, errors="replace")


def _legacy_encoding(sample: bytes) -> str | None:
    high = [byte for byte in sample if byte >= 0x80]
    controls = sum(byte < 0x20 and byte not in b"\t\n\r\x1b\x08\x0c" for byte in sample)
    if controls > len(sample) * _BINARY_SHARE or _is_mostly_utf8(sample, len(high)):
        return None
    if _WESTERN_PUNCTUATION.issuperset(high):
        return _WESTERN
    scores = {
        encoding: _score(sample.decode(encoding, errors="replace"), _is_cyrillic, alone=False) for encoding in _CYRILLIC
    }
    scores[_WESTERN] = _score(sample.decode(_WESTERN, errors="replace"), _is_western, alone=True)
    best = max(scores, key=lambda encoding: scores[encoding])
    return best if scores[best] > 0 else None


def _is_mostly_utf8(sample: bytes, high: int) -> bool:
    decoded = sample.decode(errors="replace")
    wide = sum(len(char.encode()) for char in decoded if "\x80" <= char != "\ufffd")
    return wide * 2 > high


def _score(text: str, belongs: Callable[[str], bool], *, alone: bool) -> int:
    """Score a reading: letters of its script speak for it, most of all in lower case, other signs against it.

    Accented letters stand ``alone`` among plain ones, Cyrillic letters stand beside each other.
    """
    score = 0
    before = " "
    for char in text:
        if char >= "\x80":
            if not belongs(char):
                score -= 2
            elif before.isalpha() and (before < "\x80") != alone:
                score -= 1
            else:
                score += 3 if char.islower() else 1
        before = char
    return score


def _is_cyrillic(char: str) -> bool:
    return "\u0400" <= char <= "\u045f"


def _is_western(char: str) -> bool:
    return "\xc0" <= char <= "\xff" and char not in "×÷"
