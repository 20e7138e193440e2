"""Cutting long output down to what the model shall read: the middle goes, head and tail stay."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from agent_protocol.rollout.response_item import InputImagePart, InputTextPart

BYTES_PER_TOKEN = 4
"""The rule of thumb by which text is counted in tokens."""


@dataclass(frozen=True, slots=True)
class TruncationPolicy:
    """How much text a model is given of one output, in bytes of UTF-8 or in tokens of four bytes."""

    mode: Literal["bytes", "tokens"]
    limit: int

    @property
    def budget_bytes(self) -> int:
        """The most bytes of the text itself that are kept; the marker comes on top."""
        return self.limit * BYTES_PER_TOKEN if self.mode == "tokens" else self.limit

    def scaled(self, factor: float) -> "TruncationPolicy":
        """Return the policy with its limit multiplied, rounded up."""
        return TruncationPolicy(self.mode, math.ceil(self.limit * factor))


def approximate_tokens(size_bytes: int) -> int:
    """Return how many tokens ``size_bytes`` of text count for, rounded up."""
    return -(-size_bytes // BYTES_PER_TOKEN)


def truncate(text: str, policy: TruncationPolicy) -> str:
    """Return ``text``, or its two ends around a marker that says how much was taken out."""
    data = text.encode(errors="surrogatepass")
    budget = policy.budget_bytes
    if len(data) <= budget:
        return text
    head = _decoded(data[: budget // 2])
    tail_bytes = budget - budget // 2
    tail = _decoded(data[len(data) - tail_bytes :]) if tail_bytes else ""
    if policy.mode == "tokens":
        marker = f"…{approximate_tokens(len(data) - budget)} tokens truncated…"
    else:
        marker = f"…{len(text) - len(head) - len(tail)} chars truncated…"
    return f"{head}{marker}{tail}"


def truncate_formatted(text: str, policy: TruncationPolicy) -> str:
    """Return ``text`` truncated; when something is taken out, the number of its lines stands in front."""
    shortened = truncate(text, policy)
    return text if shortened is text else f"Total output lines: {line_count(text)}\n\n{shortened}"


def truncate_parts(
    parts: Sequence[InputTextPart | InputImagePart], policy: TruncationPolicy
) -> list[InputTextPart | InputImagePart]:
    """Return an output of several parts within one budget for all its text, spent in order; images stay."""
    kept: list[InputTextPart | InputImagePart] = []
    remaining, omitted = policy.limit, 0
    for part in parts:
        if isinstance(part, InputImagePart):
            kept.append(part)
            continue
        if remaining <= 0:
            omitted += 1
            continue
        size = len(part.text.encode(errors="surrogatepass"))
        cost = size if policy.mode == "bytes" else approximate_tokens(size)
        kept.append(InputTextPart(text=truncate(part.text, TruncationPolicy(policy.mode, remaining))))
        remaining -= cost
    if omitted:
        kept.append(InputTextPart(text=f"[omitted {omitted} text items ...]"))
    return kept


def line_count(text: str) -> int:
    """Return the number of lines; a last one counts without its line end, too."""
    return text.count("\n") + (not text.endswith("\n") and bool(text))


def _decoded(data: bytes) -> str:
    """Return the whole characters of a slice of UTF-8; one that is cut at either end is left out."""
    return data.decode(errors="ignore")
