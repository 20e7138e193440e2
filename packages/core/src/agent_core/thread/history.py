"""What the model reads: the items so far, and what the backend says they cost."""

from collections.abc import Iterable, Sequence

from agent_protocol.rollout.response_item import ResponseItem
from agent_protocol.rollout.usage import RateLimitSnapshot, TokenUsage, TokenUsageInfo
from msgspec import structs

from agent_core.context.estimate import history_tokens
from agent_core.context.history import drop_last_turns


class History:
    """The model-facing items of one thread, with its token and limit accounts. No input or output happens here."""

    def __init__(self, items: Iterable[ResponseItem] = (), info: TokenUsageInfo | None = None) -> None:
        self._items = list(items)
        self.usage: TokenUsageInfo | None = info
        """Totals of the thread and the usage of the last response; ``None`` until one is known."""
        self.limits: RateLimitSnapshot | None = None
        """The newest rate-limit snapshot, whatever its bucket."""

    @property
    def items(self) -> Sequence[ResponseItem]:
        """The items in order."""
        return tuple(self._items)

    def record(self, items: Iterable[ResponseItem]) -> None:
        """Append ``items``."""
        self._items.extend(items)

    def roll_back(self, turns: int) -> None:
        """Forget the last ``turns`` turns of the user's; all of them if there are fewer."""
        self._items = drop_last_turns(self._items, turns)

    def count_estimate(self, instructions: str, window: int | None) -> None:
        """Take a guess in place of the last response's usage, after the items were changed; totals stay."""
        total = self.usage.total_token_usage if self.usage is not None else TokenUsage()
        self.usage = TokenUsageInfo(
            total_token_usage=total,
            last_token_usage=TokenUsage(total_tokens=history_tokens(instructions, self._items)),
            model_context_window=window,
        )

    def count_usage(self, usage: TokenUsage, window: int | None) -> None:
        """Add the usage of one completed response."""
        total = self.usage.total_token_usage if self.usage is not None else TokenUsage()
        self.usage = TokenUsageInfo(
            total_token_usage=_sum(total, usage), last_token_usage=usage, model_context_window=window
        )

    def count_full_window(self, window: int) -> None:
        """Note that the context is full: the backend refused it as too long."""
        total = self.usage.total_token_usage if self.usage is not None else TokenUsage()
        self.usage = TokenUsageInfo(
            total_token_usage=total,
            last_token_usage=TokenUsage(total_tokens=window),
            model_context_window=window,
        )

    def count_limits(self, snapshot: RateLimitSnapshot) -> None:
        """Take a newer snapshot; credits and plan are kept from the older one where the newer has none."""
        old = self.limits
        self.limits = structs.replace(
            snapshot,
            limit_id=snapshot.limit_id or "codex",
            credits=snapshot.credits or (old.credits if old else None),
            plan_type=snapshot.plan_type or (old.plan_type if old else None),
        )


def _sum(left: TokenUsage, right: TokenUsage) -> TokenUsage:
    return TokenUsage(
        input_tokens=left.input_tokens + right.input_tokens,
        cached_input_tokens=left.cached_input_tokens + right.cached_input_tokens,
        output_tokens=left.output_tokens + right.output_tokens,
        reasoning_output_tokens=left.reasoning_output_tokens + right.reasoning_output_tokens,
        total_tokens=left.total_tokens + right.total_tokens,
    )
