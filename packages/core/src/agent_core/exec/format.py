"""The texts in which the model is given the results of commands. Their frames are read by programs; keep them exact."""

from dataclasses import dataclass

import msgspec

from agent_core.truncation import TruncationPolicy, line_count, truncate, truncate_formatted

DEFAULT_OUTPUT_TOKENS = 10_000


@dataclass(frozen=True, slots=True)
class CommandOutcome:
    """How a one-shot command ended."""

    exit_code: int
    output: str
    """Standard output, then standard error."""
    duration_seconds: float
    timed_out: bool = False

    def body(self) -> str:
        """Return the output as the model is given it, before truncation: a timeout is told first."""
        if not self.timed_out:
            return self.output
        return f"command timed out after {round(self.duration_seconds * 1000)} milliseconds\n{self.output}"


def plain_text(outcome: CommandOutcome, policy: TruncationPolicy) -> str:
    """Return the result of ``shell_command`` and of the freeform patch tool."""
    body = outcome.body()
    shown = truncate(body, policy)
    lines = [f"Exit code: {outcome.exit_code}", f"Wall time: {_short(outcome.duration_seconds)} seconds"]
    if line_count(shown) != line_count(body):
        lines.append(f"Total output lines: {line_count(body)}")
    return "\n".join([*lines, "Output:", shown])


def structured_text(outcome: CommandOutcome, policy: TruncationPolicy) -> str:
    """Return the result of ``shell`` and of a patch, as a JSON string."""
    metadata = {"exit_code": outcome.exit_code, "duration_seconds": round(outcome.duration_seconds, 1)}
    result = {"output": truncate_formatted(outcome.body(), policy), "metadata": metadata}
    return msgspec.json.encode(result).decode()


def process_text(
    *,
    chunk_id: str,
    wall_seconds: float,
    exit_code: int | None,
    process_id: int | None,
    original_tokens: int,
    output: str,
    max_output_tokens: int | None = None,
) -> str:
    """Return the result of ``exec_command`` and ``write_stdin``.

    ``process_id`` is given while the process runs, ``exit_code`` when it has ended and the code is known.
    """
    lines = [f"Chunk ID: {chunk_id}", f"Wall time: {wall_seconds:.4f} seconds"]
    if exit_code is not None:
        lines.append(f"Process exited with code {exit_code}")
    if process_id is not None:
        lines.append(f"Process running with session ID {process_id}")
    lines.append(f"Original token count: {original_tokens}")
    limit = DEFAULT_OUTPUT_TOKENS if max_output_tokens is None else max(max_output_tokens, 0)
    shown = truncate_formatted(output, TruncationPolicy("tokens", limit))
    return "\n".join([*lines, "Output:", shown])


def _short(seconds: float) -> str:
    rounded = round(seconds, 1)
    return str(int(rounded)) if rounded == int(rounded) else str(rounded)
