"""What a history costs in tokens, as far as that can be told without asking the model."""

from collections.abc import Iterable

from agent_protocol.rollout.response_item import (
    CompactionItem,
    GhostSnapshotItem,
    ReasoningItem,
    ResponseItem,
    encode_response_item,
)

from agent_core.truncation import approximate_tokens

_SEALED_OVERHEAD_BYTES = 650
"""What encryption adds to a text, besides the third that its spelling in letters adds."""


def history_tokens(instructions: str, items: Iterable[ResponseItem]) -> int:
    """Return about how many tokens a request with these items reads."""
    own = approximate_tokens(len(instructions.encode(errors="surrogatepass")))
    return own + sum(approximate_tokens(_size_bytes(item)) for item in items)


def _size_bytes(item: ResponseItem) -> int:
    match item:
        case GhostSnapshotItem():
            return 0
        case ReasoningItem(encrypted_content=str(sealed)) | CompactionItem(encrypted_content=str(sealed)):
            return max(0, len(sealed) * 3 // 4 - _SEALED_OVERHEAD_BYTES)
        case _:
            return len(encode_response_item(item))
