import json

from agent_core.exec.format import CommandOutcome, plain_text, process_text, structured_text
from agent_core.truncation import TruncationPolicy

WIDE = TruncationPolicy("tokens", 10_000)


def test_plain_text_of_a_short_command() -> None:
    assert plain_text(CommandOutcome(3, "out\nerr\n", 0.04), WIDE) == (
        "Exit code: 3\nWall time: 0 seconds\nOutput:\nout\nerr\n"
    )


def test_plain_text_rounds_the_time_to_one_decimal_without_a_trailing_zero() -> None:
    lines = [plain_text(CommandOutcome(0, "", seconds), WIDE).split("\n")[1] for seconds in (0.5, 1.04, 12.36, 0.96)]
    assert lines == [f"Wall time: {shown} seconds" for shown in ("0.5", "1", "12.4", "1")]


def test_plain_text_of_a_timeout_tells_the_time_that_passed() -> None:
    assert plain_text(CommandOutcome(124, "out\n", 0.3031, timed_out=True), WIDE) == (
        "Exit code: 124\nWall time: 0.3 seconds\nOutput:\ncommand timed out after 303 milliseconds\nout\n"
    )


def test_plain_text_counts_lines_only_when_truncation_took_some() -> None:
    small = TruncationPolicy("tokens", 5)
    assert "Total output lines: 40\nOutput:\n" in plain_text(CommandOutcome(0, "x\n" * 40, 0), small)
    assert "Total output lines" not in plain_text(CommandOutcome(0, "x" * 80, 0), small)


def test_structured_text_is_one_json_object_in_fixed_order() -> None:
    text = structured_text(CommandOutcome(0, "é\n", 1.26), WIDE)
    assert text == '{"output":"é\\n","metadata":{"exit_code":0,"duration_seconds":1.3}}'
    assert json.loads(structured_text(CommandOutcome(0, "", 0.0), WIDE))["metadata"]["duration_seconds"] == 0.0


def test_structured_text_tells_the_lines_before_truncated_output() -> None:
    text = structured_text(CommandOutcome(0, "x\n" * 40, 0.0), TruncationPolicy("tokens", 5))
    assert json.loads(text)["output"].startswith("Total output lines: 40\n\nx\n")


def test_process_text_of_a_running_process() -> None:
    assert process_text(
        chunk_id="9408b3",
        wall_seconds=1.50126,
        exit_code=None,
        process_id=74069,
        original_tokens=42,
        output="…\n",
    ) == (
        "Chunk ID: 9408b3\nWall time: 1.5013 seconds\nProcess running with session ID 74069\n"
        "Original token count: 42\nOutput:\n…\n"
    )


def test_process_text_of_an_ended_process_within_its_own_budget() -> None:
    text = process_text(
        chunk_id="000000",
        wall_seconds=0.0,
        exit_code=-1,
        process_id=None,
        original_tokens=13,
        output="x" * 50,
        max_output_tokens=0,
    )
    assert text == (
        "Chunk ID: 000000\nWall time: 0.0000 seconds\nProcess exited with code -1\n"
        "Original token count: 13\nOutput:\nTotal output lines: 1\n\n…13 tokens truncated…"
    )
