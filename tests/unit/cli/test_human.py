import msgspec
import pytest
from agent_cli.render.human import SHOWN_OUTPUT_LINES, Facts, State, closing, heading, step
from agent_cli.render.paint import PLAIN, Paint
from agent_cli.render.text import duration
from agent_protocol.registry import notification
from agent_protocol.v2.common import WorkspaceWriteSandboxPolicy
from agent_protocol.wire import JsonValue

THREAD = {"threadId": "t", "turnId": "u"}


def wire(method: str, **params: JsonValue) -> object:
    found = notification(method)
    assert found is not None
    return msgspec.convert(params, found.params)


def command(phase: str, ident: str = "c1", **members: JsonValue) -> object:
    base = {"type": "commandExecution", "id": ident, "command": f"run {ident}", "cwd": "/w", "commandActions": []}
    status = "inProgress" if phase == "started" else "completed"
    return wire(f"item/{phase}", item={**base, "status": status, **members}, **THREAD)


def shown(*notifications: object, state: State | None = None) -> tuple[State, list[str]]:
    state = state or State()
    lines: list[str] = []
    for each in notifications:
        state, more = step(state, each)
        lines += more
    return state, lines


def test_the_heading_names_every_setting_of_the_run() -> None:
    policy = WorkspaceWriteSandboxPolicy(writable_roots=["/x"], network_access=True)
    facts = Facts(
        version="1", workdir="/w", model="m", provider="p", approval="never", sandbox=policy,
        reasoning_effort=None, reasoning_summaries="concise", thread_id="id",
    )  # fmt: skip
    lines = heading(facts, "do\nit", PLAIN)
    labels = [line.partition(":")[0] for line in lines if ": " in line]
    assert labels == [
        "workdir", "model", "provider", "approval", "sandbox", "reasoning effort", "reasoning summaries", "session id",
    ]  # fmt: skip
    assert lines[-2:] == ["do", "it"]
    assert any("/x" in line and "workspace-write" in line for line in lines)


def test_a_command_shows_its_first_lines_and_how_many_are_left() -> None:
    output = "".join(f"{number}\n" for number in range(SHOWN_OUTPUT_LINES + 3))
    _, lines = shown(command("started"), command("completed", exitCode=0, durationMs=90, aggregatedOutput=output))
    assert "run c1" in lines[1]
    assert lines[3 : 3 + SHOWN_OUTPUT_LINES] == [str(number) for number in range(SHOWN_OUTPUT_LINES)]
    assert len(lines) == 3 + SHOWN_OUTPUT_LINES + 1
    assert "3" in lines[-1]


def test_a_command_that_ends_out_of_turn_names_itself_again() -> None:
    _, lines = shown(
        command("started", "a"), command("started", "b"), command("completed", "a", exitCode=0),
        command("completed", "b", exitCode=2, status="failed"),
    )  # fmt: skip
    endings = lines[4:]
    assert "run a" in endings[0]
    assert "run b" in endings[1]
    assert "2" in endings[1]


def test_the_activity_follows_the_running_command() -> None:
    state, _ = shown(command("started"))
    assert state.activity == "run c1"
    state, _ = shown(command("completed", exitCode=0), state=state)
    assert state.activity == ""


def test_the_last_message_of_the_agent_is_kept() -> None:
    messages = [
        wire("item/completed", item={"type": "agentMessage", "id": text, "text": text}, **THREAD)
        for text in ("first", "last")
    ]
    state, lines = shown(*messages)
    assert state.final_message == "last"
    assert {"first", "last"} <= set(lines)


def test_file_changes_show_what_was_done_to_each_file() -> None:
    changes = [
        {"path": "/w/a", "kind": {"type": "add"}, "diff": "new\n"},
        {"path": "/w/b", "kind": {"type": "delete"}, "diff": "old\n"},
        {"path": "/w/c", "kind": {"type": "update", "move_path": None}, "diff": "@@ -1 +1 @@\n-x\n+y\n"},
        {"path": "/w/d", "kind": {"type": "update", "move_path": "/w/e"}, "diff": ""},
    ]
    item = {"type": "fileChange", "id": "f", "changes": changes, "status": "completed"}
    _, lines = shown(wire("item/completed", item=item, **THREAD))
    assert lines[1:] == [
        "A /w/a", "+new", "D /w/b", "-old", "M /w/c", "@@ -1 +1 @@", "-x", "+y", "R /w/d -> /w/e",
    ]  # fmt: skip


def test_a_plan_marks_what_is_done_doing_and_to_do() -> None:
    steps = [
        {"step": "a", "status": "completed"},
        {"step": "b", "status": "inProgress"},
        {"step": "c", "status": "pending"},
    ]
    _, lines = shown(wire("turn/plan/updated", plan=steps, **THREAD))
    assert [line.split() for line in lines[1:]] == [["✓", "a"], ["→", "b"], ["•", "c"]]


def test_tokens_leave_out_what_was_cached() -> None:
    counts = {"totalTokens": 0, "inputTokens": 2000, "cachedInputTokens": 500, "outputTokens": 40}
    total = {**counts, "reasoningOutputTokens": 0}
    state, _ = shown(wire("thread/tokenUsage/updated", tokenUsage={"total": total, "last": total}, **THREAD))
    assert "1,540" in closing(state, "id")


@pytest.mark.parametrize(("thread", "word"), [("id", "id"), ("my thread", "'my thread'")])
def test_the_end_says_how_to_go_on(thread: str, word: str) -> None:
    assert f"agent exec resume {word} " in closing(State(), thread)[-1]


def test_without_colour_no_line_holds_an_escape() -> None:
    error = {"message": "bad", "codexErrorInfo": None, "additionalDetails": None}
    notes = [
        command("started"),
        command("completed", exitCode=1),
        wire("error", error=error, willRetry=False, **THREAD),
    ]
    assert not any("\x1b" in line for line in shown(*notes)[1])
    assert any("\x1b" in line for line in shown(*notes, state=State(paint=Paint(enabled=True)))[1])


def test_durations_are_said_as_a_person_would() -> None:
    assert [duration(ms) for ms in (7, 999, 1500, 65_000)] == ["7ms", "999ms", "1.50s", "1m 05s"]
