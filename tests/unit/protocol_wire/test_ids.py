import uuid

import pytest
from agent_protocol.ids import canonical_uuid
from hypothesis import given, settings
from hypothesis import strategies as st

PLAIN = "0192f3c1-7e0a-7b1c-8d2e-0123456789ab"


@pytest.mark.parametrize(
    "text", [PLAIN, PLAIN.upper(), f"urn:uuid:{PLAIN}", f"{{{PLAIN}}}", PLAIN.replace("-", ""), f"URN:UUID:{PLAIN}"]
)
def test_every_text_form_has_one_canonical_spelling(text: str) -> None:
    assert canonical_uuid(text) == PLAIN


@pytest.mark.parametrize(
    "text", ["", "x", PLAIN[:-1], f"{PLAIN}0", f" {PLAIN}", f"{{{PLAIN}", f"urn:{PLAIN}", PLAIN.replace("-", "", 1)]
)
def test_anything_else_is_no_uuid(text: str) -> None:
    with pytest.raises(ValueError, match="UUID"):
        canonical_uuid(text)


@settings(deadline=None)
@given(value=st.uuids())
def test_a_canonical_spelling_stays_as_it_is(value: uuid.UUID) -> None:
    assert canonical_uuid(str(value)) == str(value)
    assert canonical_uuid(value.hex) == str(value)
