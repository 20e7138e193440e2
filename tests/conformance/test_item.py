"""What a turn shows of its work: items, their deltas, and the numbers beside them."""

import json
import re

import pytest
from agent_core.testing.answer import answer, completed, created, custom_call, function_call, message, reasoning
from agent_core.testing.server import Received, Reply, Stream
from agent_protocol.wire import JsonValue
from stage import WAIT, Record, Stage

FINE = answer(message("Done."))
ADD = "*** Begin Patch\n*** Add File: new.txt\n+hello\n*** End Patch"
CHANGE = "*** Begin Patch\n*** Update File: new.txt\n@@\n-hello\n+bye\n*** Add File: b.txt\n+b\n*** End Patch"
RAW_ITEM = {"type": "reasoning", "id": "rs1", "summary": []}
PLACE = {"item_id": "rs1", "output_index": 0}
RAW_REASONING: list[JsonValue] = [
    {"type": "response.output_item.added", "output_index": 0, "item": {**RAW_ITEM, "content": []}},
    {"type": "response.reasoning_text.delta", **PLACE, "content_index": 0, "delta": "First "},
    {"type": "response.reasoning_text.delta", **PLACE, "content_index": 0, "delta": "this."},
    {
        "type": "response.output_item.done",
        "output_index": 0,
        "item": {**RAW_ITEM, "content": [{"type": "reasoning_text", "text": "First this."}]},
    },
]


def of_item(record: Record, item_id: str) -> list[str]:
    """Return the names of what was said about an item, each run of deltas once."""
    names: list[str] = []
    for each in record.messages:
        params = each.get("params", {})
        if item_id in (params.get("itemId"), params.get("item", {}).get("id")) and names[-1:] != [each["method"]]:
            names.append(each["method"])
    return names


def text(record: Record, method: str, item_id: str) -> str:
    return "".join(params["delta"] for params in record.all(method) if params["itemId"] == item_id)


@pytest.mark.requirement("item/agentMessage/delta", "item/started", "item/completed")
def test_a_message_comes_in_pieces_and_then_whole(stage: Stage) -> None:
    record = stage.talk().run(answer(message("Hello there.", item_id="m1", deltas=["Hello", " ", "there."])))
    assert record.items("item/started", "agentMessage") == [{"type": "agentMessage", "id": "m1", "text": ""}]
    assert [params["delta"] for params in record.all("item/agentMessage/delta")] == ["Hello", " ", "there."]
    assert {(params["itemId"]) for params in record.all("item/agentMessage/delta")} == {"m1"}
    assert record.items("item/completed", "agentMessage") == [
        {"type": "agentMessage", "id": "m1", "text": "Hello there."}
    ]
    assert of_item(record, "m1") == ["item/started", "item/agentMessage/delta", "item/completed"]


@pytest.mark.requirement("item/started", "item/completed")
def test_an_item_that_was_not_announced_begins_and_ends_at_once(stage: Stage) -> None:
    (whole,) = message("Whole.", item_id="m1")[-1:]
    record = stage.talk().run(answer([whole]))
    assert of_item(record, "m1") == ["item/started", "item/completed"]
    (item,) = record.items("item/completed", "agentMessage")
    assert item["text"] == "Whole."


@pytest.mark.requirement("item/reasoning/summaryPartAdded", "item/reasoning/summaryTextDelta")
def test_a_reasoning_summary_comes_part_by_part(stage: Stage) -> None:
    record = stage.talk().run(answer(reasoning("Look.", "Think.", item_id="rs1"), message("Done.")))
    said = [
        (each["method"], each["params"]["summaryIndex"], each["params"].get("delta"))
        for each in record.messages
        if str(each.get("method")).startswith("item/reasoning/")
    ]
    assert said == [
        ("item/reasoning/summaryPartAdded", 0, None),
        ("item/reasoning/summaryTextDelta", 0, "Look."),
        ("item/reasoning/summaryPartAdded", 1, None),
        ("item/reasoning/summaryTextDelta", 1, "Think."),
    ]
    assert record.items("item/completed", "reasoning") == [
        {"type": "reasoning", "id": "rs1", "summary": ["Look.", "Think."], "content": []}
    ]


@pytest.mark.requirement("item/reasoning/textDelta")
def test_raw_reasoning_comes_in_pieces(stage: Stage) -> None:
    record = stage.talk(config={"show_raw_agent_reasoning": True}).run(answer(RAW_REASONING, message("Done.")))
    assert text(record, "item/reasoning/textDelta", "rs1") == "First this."
    assert {params["contentIndex"] for params in record.all("item/reasoning/textDelta")} == {0}
    (item,) = record.items("item/completed", "reasoning")
    assert (item["summary"], item["content"]) == ([], ["First this."])


@pytest.mark.requirement("item/started", "item/completed", "item/commandExecution/outputDelta")
def test_a_command_shows_its_beginning_its_output_and_its_end(stage: Stage) -> None:
    talk = stage.talk()
    record = talk.run_command("echo out; cat missing 2>&1; exit 3", FINE)
    (begun,), (ended,) = (
        record.items("item/started", "commandExecution"),
        record.items("item/completed", "commandExecution"),
    )
    assert list(begun) == [
        "type",
        "id",
        "command",
        "cwd",
        "processId",
        "status",
        "commandActions",
        "aggregatedOutput",
        "exitCode",
        "durationMs",
    ]
    assert begun["command"] == f"/bin/bash -lc '{WAIT}; echo out; cat missing 2>&1; exit 3'"
    assert (begun["status"], begun["cwd"]) == ("inProgress", str(talk.folder))
    assert (begun["aggregatedOutput"], begun["exitCode"], begun["durationMs"]) == (None, None, None)
    assert begun["processId"].isdecimal()
    assert (ended["status"], ended["exitCode"], ended["processId"]) == ("failed", 3, begun["processId"])
    assert ended["aggregatedOutput"].startswith("out\n")
    assert "missing" in ended["aggregatedOutput"]
    assert text(record, "item/commandExecution/outputDelta", "c1") == ended["aggregatedOutput"]
    assert isinstance(ended["durationMs"], int)
    assert of_item(record, "c1") == ["item/started", "item/commandExecution/outputDelta", "item/completed"]


@pytest.mark.requirement("item/completed", "item/commandExecution/outputDelta")
def test_a_shell_command_has_no_process_id(stage: Stage) -> None:
    record = stage.talk().run(answer(function_call("shell_command", {"command": "echo out"}, call_id="c1")), FINE)
    (item,) = record.items("item/completed", "commandExecution")
    assert (item["processId"], item["status"], item["exitCode"]) == (None, "completed", 0)
    assert item["aggregatedOutput"] == text(record, "item/commandExecution/outputDelta", "c1") == "out\n"


@pytest.mark.requirement("item/started")
@pytest.mark.parametrize(
    "command, actions",
    [
        ("cat a.txt", [{"type": "read", "command": "cat a.txt", "name": "a.txt", "path": "a.txt"}]),
        ("ls sub", [{"type": "listFiles", "command": "ls sub", "path": "sub"}]),
        ("rg word src", [{"type": "search", "command": "rg word src", "query": "word", "path": "src"}]),
        ("make all", [{"type": "unknown", "command": "make all"}]),
    ],
)
def test_a_command_says_what_it_does(stage: Stage, command: str, actions: JsonValue) -> None:
    record = stage.talk().run(answer(function_call("exec_command", {"cmd": command})), FINE)
    (item,) = record.items("item/started", "commandExecution")
    assert item["commandActions"] == actions


@pytest.mark.requirement("output-is-never-lost")
def test_output_before_anybody_watches_is_not_lost(stage: Stage) -> None:
    talk = stage.talk()
    early = function_call("exec_command", {"cmd": f"echo early; {WAIT}; echo late"}, call_id="c1")
    record = talk.begin(answer(early), FINE)
    stage.server.until(lambda each: each.get("params", {}).get("item", {}).get("id") == "c1")
    (talk.folder / "go").touch()
    talk.finish(record)
    (item,) = record.items("item/completed", "commandExecution")
    if stage.is_ours:
        assert item["aggregatedOutput"] == "early\nlate\n"
        assert text(record, "item/commandExecution/outputDelta", "c1") == "early\nlate\n"
    else:
        assert item["aggregatedOutput"].endswith("late\n")


@pytest.mark.requirement("item/commandExecution/terminalInteraction")
def test_what_the_model_types_is_told_under_the_item_of_the_command(stage: Stage) -> None:
    talk = stage.talk()

    def type_in(request: Received) -> Reply:
        found = re.search(r"session ID (\d+)", json.dumps(request.body))
        assert found is not None
        arguments = {"session_id": int(found[1]), "chars": "word\n", "yield_time_ms": 250}
        return answer(function_call("write_stdin", arguments, call_id="w1"))

    command = f"read word; echo got $word; {WAIT}"
    call = function_call("exec_command", {"cmd": command, "tty": True, "yield_time_ms": 250}, call_id="c1")
    record = talk.run(answer(call), type_in, FINE)
    told = record.one("item/commandExecution/terminalInteraction")
    (item,) = record.items("item/started", "commandExecution")
    assert (told["itemId"], told["processId"], told["stdin"]) == ("c1", item["processId"], "word\n")
    assert told["turnId"] == record.one("turn/completed")["turn"]["id"]
    (talk.folder / "go").touch()
    stage.server.until(lambda each: each.get("method") == "item/completed" and each["params"]["item"]["id"] == "c1")
    (ended,) = talk.record.items("item/completed", "commandExecution")
    assert ended["exitCode"] == 0
    assert "got word" in ended["aggregatedOutput"]


@pytest.mark.requirement("item/started", "item/completed", "item/fileChange/outputDelta", "turn/diff/updated")
def test_a_patch_shows_its_changes_and_the_diff_of_the_turn(stage: Stage) -> None:
    talk = stage.talk()
    record = talk.run(
        answer(custom_call("apply_patch", ADD, call_id="p1")),
        answer(custom_call("apply_patch", CHANGE, call_id="p2")),
        FINE,
    )
    first, second = record.items("item/completed", "fileChange")
    new, other = str(talk.folder / "new.txt"), str(talk.folder / "b.txt")
    assert first == {
        "type": "fileChange",
        "id": "p1",
        "changes": [{"path": new, "kind": {"type": "add"}, "diff": "hello\n"}],
        "status": "completed",
    }
    assert [(each["path"], each["kind"]) for each in second["changes"]] == [
        (other, {"type": "add"}),
        (new, {"type": "update", "move_path": None}),
    ]
    assert "-hello\n+bye\n" in second["changes"][1]["diff"]
    assert [item["status"] for item in record.items("item/started", "fileChange")] == ["inProgress"] * 2
    assert of_item(record, "p1") == ["item/started", "item/fileChange/outputDelta", "item/completed"]
    assert "A new.txt" in text(record, "item/fileChange/outputDelta", "p1")
    diffs = [params["diff"] for params in record.all("turn/diff/updated")]
    assert "+hello" in diffs[0]
    assert "+bye" in diffs[-1]
    assert "+hello" not in diffs[-1]
    assert len(diffs) == 5
    assert (talk.folder / "new.txt").read_text() == "bye\n"


@pytest.mark.requirement("turn/plan/updated")
def test_a_plan_is_told_with_its_steps(stage: Stage) -> None:
    talk = stage.talk()
    steps = [{"step": "a", "status": "completed"}, {"step": "b", "status": "in_progress"}]
    steps.append({"step": "c", "status": "pending"})
    record = talk.run(
        answer(function_call("update_plan", {"explanation": "why", "plan": steps})),
        answer(function_call("update_plan", {"plan": []})),
        answer(function_call("update_plan", {"plan": [{"step": "a", "status": "done"}]})),
        FINE,
    )
    first, second = record.all("turn/plan/updated")
    assert first == {
        "threadId": talk.id,
        "turnId": record.one("turn/completed")["turn"]["id"],
        "explanation": "why",
        "plan": [
            {"step": "a", "status": "completed"},
            {"step": "b", "status": "inProgress"},
            {"step": "c", "status": "pending"},
        ],
    }
    assert (second["explanation"], second["plan"]) == (None, [])


@pytest.mark.requirement("thread/tokenUsage/updated")
def test_tokens_are_counted_for_the_thread_and_the_last_request(stage: Stage) -> None:
    talk = stage.talk()
    usage = completed(input_tokens=100, output_tokens=20, cached_tokens=40, reasoning_tokens=5)
    first = talk.run([created(), *message("One."), usage])
    second = talk.run(answer(message("Two."), input_tokens=200, output_tokens=30))
    count = {
        "totalTokens": 120,
        "inputTokens": 100,
        "cachedInputTokens": 40,
        "outputTokens": 20,
        "reasoningOutputTokens": 5,
    }
    assert first.one("thread/tokenUsage/updated") == {
        "threadId": talk.id,
        "turnId": first.one("turn/completed")["turn"]["id"],
        "tokenUsage": {"total": count, "last": count, "modelContextWindow": 258_400},
    }
    repeated, counted = second.all("thread/tokenUsage/updated")
    assert repeated["tokenUsage"]["total"]["totalTokens"] == 120
    assert (counted["tokenUsage"]["total"]["totalTokens"], counted["tokenUsage"]["last"]["totalTokens"]) == (350, 230)


@pytest.mark.requirement("account/rateLimits/updated")
def test_limits_are_told_even_without_any(stage: Stage) -> None:
    talk = stage.talk()
    nothing = {"limitId": "codex", **dict.fromkeys(["limitName", "primary", "secondary", "credits", "planType"])}
    assert talk.run(FINE).all("account/rateLimits/updated") == [{"rateLimits": nothing}] * 2
    headers = {
        "x-codex-primary-used-percent": "12.5",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "1800000000",
        "x-codex-credits-has-credits": "true",
        "x-codex-credits-unlimited": "false",
        "x-codex-credits-balance": "5",
    }
    told = talk.run(Stream(parts=answer(message("Two.")), headers=headers)).all("account/rateLimits/updated")
    assert told[-1]["rateLimits"] == {
        **nothing,
        "primary": {"usedPercent": 13, "windowDurationMins": 300, "resetsAt": 1_800_000_000},
        "credits": {"hasCredits": True, "unlimited": False, "balance": "5"},
    }


@pytest.mark.requirement("model/rerouted")
def test_another_model_is_told_once(stage: Stage) -> None:
    talk = stage.talk()
    headers = {"openai-model": "gpt-other"}
    command = answer(function_call("exec_command", {"cmd": "true"}))
    record = talk.run(Stream(parts=command, headers=headers), Stream(parts=FINE, headers=headers))
    assert record.one("model/rerouted") == {
        "threadId": talk.id,
        "turnId": record.one("turn/completed")["turn"]["id"],
        "fromModel": "gpt-5.2-codex",
        "toModel": "gpt-other",
        "reason": "highRiskCyberActivity",
    }
    same = Stream(parts=answer(message("Two.")), headers={"openai-model": "GPT-5.2-Codex"})
    assert talk.run(same).all("model/rerouted") == []


@pytest.mark.requirement("rawResponseItem/completed")
def test_raw_entries_of_the_history_are_told_to_threads_that_want_them(stage: Stage) -> None:
    talk = stage.talk(experimentalRawEvents=True)
    record = talk.run(answer(function_call("exec_command", {"cmd": "true"}, call_id="c1")), FINE)
    turn_id = record.one("turn/completed")["turn"]["id"]
    told = talk.record.all("rawResponseItem/completed")
    before = [params["item"] for params in told if params["turnId"] != turn_id]
    during = [params["item"] for params in told if params["turnId"] == turn_id]
    assert [item["role"] for item in before][:2] == ["developer", "user"]
    assert [(item["type"], item.get("role")) for item in during if item["type"] != "reasoning"] == [
        ("message", "user"),
        ("function_call", None),
        ("function_call_output", None),
        ("message", "assistant"),
    ]
    assert during[0]["content"] == [{"type": "input_text", "text": "go"}]
    assert {params["threadId"] for params in told} == {talk.id}


@pytest.mark.requirement("rawResponseItem/completed")
def test_raw_entries_are_not_told_to_others(stage: Stage) -> None:
    talk = stage.talk()
    talk.run(FINE)
    assert talk.record.all("rawResponseItem/completed") == []


@pytest.mark.requirement("viewed-image-by-path")
def test_an_image_the_model_looked_at_is_shown_by_its_path(stage: Stage) -> None:
    talk = stage.talk()
    path = talk.folder / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(16))
    record = talk.run(answer(function_call("view_image", {"path": "a.png"}, call_id="v1")), FINE)
    assert record.items("item/completed", "imageView") == [{"type": "imageView", "id": "v1", "path": str(path)}]
    shown = [item["content"] for item in record.items("item/completed", "userMessage")][1:]
    if stage.is_ours:
        assert shown == [[{"type": "localImage", "path": str(path)}]]
    else:
        assert [part["type"] for content in shown for part in content] != ["localImage"]


@pytest.mark.requirement("new-file-keeps-one-name")
def test_a_file_that_was_added_and_moved_has_one_name_in_the_diff(stage: Stage) -> None:
    talk = stage.talk()
    move = "*** Begin Patch\n*** Update File: new.txt\n*** Move to: last.txt\n@@\n-hello\n+bye\n*** End Patch"
    record = talk.run(answer(custom_call("apply_patch", ADD)), answer(custom_call("apply_patch", move)), FINE)
    head = record.all("turn/diff/updated")[-1]["diff"].splitlines()[0]
    first, last = talk.folder / "new.txt", talk.folder / "last.txt"
    assert head == f"diff --git a/{last if stage.is_ours else first} b/{last}"
