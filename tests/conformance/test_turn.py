"""Turns: started, followed, interrupted."""

import json
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, created, function_call, message
from agent_core.testing.server import Stream
from agent_protocol.wire import JsonValue
from stage import WAIT, Record, Stage, Talk

INVALID = -32600
FINE = answer(message("Done."))
SLEEP = function_call("exec_command", {"cmd": "echo ready; sleep 300"}, call_id="sleep")


def begun(turn_id: str) -> JsonValue:
    return {"id": turn_id, "items": [], "status": "inProgress", "error": None}


def sleeping(talk: Talk) -> Record:
    """Begin a turn and return when its command runs."""
    record = talk.begin(answer(SLEEP))
    talk.stage.server.until(lambda each: each.get("params", {}).get("item", {}).get("id") == "sleep")
    return record


@pytest.mark.requirement("turn/start", "turn/started", "turn/completed", "item/started", "item/completed")
def test_a_turn_runs_from_its_reply_to_its_completion(stage: Stage) -> None:
    talk = stage.talk()
    record = talk.run(answer(message("Hello there.", item_id="m1", deltas=["Hello", " there."])))
    reply = record.messages[0]["result"]
    turn_id = reply["turn"]["id"]
    assert reply == {"turn": begun(turn_id)}
    assert record.one("turn/started") == {"threadId": talk.id, "turn": begun(turn_id)}
    assert record.one("turn/completed") == {"threadId": talk.id, "turn": {**begun(turn_id), "status": "completed"}}
    assert record.methods[-1] == "turn/completed"
    assert [method for method in record.methods if method != "turn/started"] == [
        "reply",
        "item/started",
        "item/completed",
        "account/rateLimits/updated",
        "item/started",
        "item/agentMessage/delta",
        "item/agentMessage/delta",
        "item/completed",
        "thread/tokenUsage/updated",
        "account/rateLimits/updated",
        "turn/completed",
    ]
    for params in [*record.all("item/started"), *record.all("item/completed")]:
        assert list(params)[:3] == ["item", "threadId", "turnId"]
        assert (params["threadId"], params["turnId"]) == (talk.id, turn_id)


@pytest.mark.requirement("turn-started-first")
def test_a_turn_is_announced_before_anything_of_it_is_shown(ours: Stage) -> None:
    talk = ours.talk()
    for number in range(20):
        record = talk.run(answer(message("Done.", item_id=f"m{number}")))
        assert record.methods[:3] == ["reply", "turn/started", "item/started"]


@pytest.mark.requirement("turn/start")
def test_every_turn_sees_the_ones_before(stage: Stage) -> None:
    talk = stage.talk()
    talk.run(answer(message("The first reply.")), text="the first question")
    first = stage.model.requests[-1].body["input"]
    talk.run(FINE, text="the second question")
    second = stage.model.requests[-1].body["input"]
    assert second[: len(first)] == first
    sent = json.dumps(second)
    assert sent.index("the first question") < sent.index("The first reply.") < sent.index("the second question")


@pytest.mark.requirement("turn/start")
def test_overrides_hold_from_this_turn_on(stage: Stage) -> None:
    talk, elsewhere = stage.talk(), stage.folder()
    command = function_call("exec_command", {"cmd": "pwd"})
    record = talk.run(
        answer(command),
        FINE,
        cwd=str(elsewhere),
        model="gpt-5.1-codex",
        effort="high",
        approvalPolicy="never",
        sandboxPolicy={"type": "dangerFullAccess"},
        outputSchema={"type": "object", "properties": {}},
    )
    (item,) = record.items("item/completed", "commandExecution")
    assert (item["cwd"], item["aggregatedOutput"]) == (str(elsewhere), f"{elsewhere}\n")
    body = stage.model.requests[-1].body
    assert (body["model"], body["reasoning"]["effort"]) == ("gpt-5.1-codex", "high")
    assert body["text"]["format"] == {
        "type": "json_schema",
        "name": "codex_output_schema",
        "schema": {"type": "object", "properties": {}},
        "strict": True,
    }
    talk.run(answer(message("Again.", item_id="m2")))
    body = stage.model.requests[-1].body
    assert (body["model"], body["reasoning"]["effort"]) == ("gpt-5.1-codex", "high")
    assert "format" not in body.get("text", {})
    joined = stage.server.result("thread/resume", {"threadId": talk.id})
    assert (joined["model"], joined["cwd"], joined["reasoningEffort"]) == ("gpt-5.1-codex", str(elsewhere), "high")


@pytest.mark.requirement("turn/start", "item/started")
def test_input_of_every_kind_is_echoed_as_it_was_given(stage: Stage) -> None:
    talk = stage.talk()
    given: JsonValue = [
        {
            "type": "text",
            "text": "See here",
            "text_elements": [{"byteRange": {"start": 0, "end": 3}, "placeholder": "p"}],
        },
        {"type": "image", "url": "data:image/png;base64,iVBORw0KGgo="},
        {"type": "localImage", "path": "/nowhere.png"},
        {"type": "skill", "name": "s", "path": "/no/skill"},
        {"type": "mention", "name": "m", "path": "app://m"},
    ]
    stage.script.extend([FINE])
    record = talk.mark()
    stage.server.result("turn/start", {"threadId": talk.id, "input": given})
    talk.finish(record)
    for method in ("item/started", "item/completed"):
        (item,) = record.items(method, "userMessage")
        assert item["content"] == given
    content = stage.model.requests[-1].body["input"][-1]["content"]
    assert content[0] == {"type": "input_text", "text": "See here"}
    assert [part["type"] for part in content[1:4]] == ["input_text", "input_image", "input_text"]
    assert content[2]["image_url"] == "data:image/png;base64,iVBORw0KGgo="
    assert "/nowhere.png" in content[4]["text"]
    assert len(content) == 5


@pytest.mark.requirement("turn/start")
def test_a_turn_needs_a_loaded_thread(stage: Stage) -> None:
    talk = stage.talk()
    for thread_id in ("x", "00000000-0000-7000-8000-000000000000"):
        assert stage.error("turn/start", {"threadId": thread_id, "input": []})["code"] == INVALID
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement("turn/interrupt", "turn/completed")
def test_an_interrupt_is_answered_when_the_turn_has_stopped(stage: Stage) -> None:
    talk = stage.talk()
    record = sleeping(talk)
    request_id = stage.server.start_request("turn/interrupt", {"threadId": talk.id, "turnId": "any"})
    talk.finish(record)
    place = record.index(lambda each: each.get("id") == request_id and "method" not in each)
    assert record.messages[place] == {"id": request_id, "result": {}}
    assert record.methods[place + 1 :] == ["turn/completed"]
    turn = record.one("turn/completed")["turn"]
    assert (turn["status"], turn["error"], turn["items"]) == ("interrupted", None, [])
    (stored,) = talk.turns()
    assert (stored["id"], stored["status"]) == (turn["id"], "interrupted")
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement("turn/interrupt")
def test_an_interrupt_ends_an_answer_in_the_middle(stage: Stage) -> None:
    talk = stage.talk()
    record = talk.begin(Stream(parts=[created(), *message("Begun.")[:-1], stage.never]))
    stage.server.until_method("item/agentMessage/delta")
    assert stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": ""}) == {}
    assert talk.finish(record).status == "interrupted"


@pytest.mark.requirement("turn/interrupt")
def test_an_interrupt_names_a_loaded_thread_and_a_turn(stage: Stage) -> None:
    assert stage.error("turn/interrupt", {"threadId": "x", "turnId": "t"})["code"] == INVALID
    assert stage.error("turn/interrupt", {"threadId": stage.talk().id})["code"] == INVALID


@pytest.mark.requirement("idle-interrupt-is-refused")
def test_an_interrupt_without_a_turn_is_refused(ours: Stage) -> None:
    talk = ours.talk()
    assert ours.error("turn/interrupt", {"threadId": talk.id, "turnId": "t"})["code"] == INVALID
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement("commands-complete-on-interrupt")
def test_an_interrupted_command_is_completed(stage: Stage) -> None:
    talk = stage.talk()
    record = sleeping(talk)
    stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": "t"})
    talk.finish(record)
    completed = [(item["status"], item["id"]) for item in record.items("item/completed", "commandExecution")]
    assert completed == ([("failed", "sleep")] if stage.is_ours else [])


@pytest.mark.requirement("busy-thread-joins")
def test_input_for_a_busy_thread_joins_its_turn(stage: Stage) -> None:
    talk = stage.talk()
    wait = function_call("exec_command", {"cmd": WAIT}, call_id="wait")
    record = talk.begin(answer(wait), FINE)
    stage.server.until(lambda each: each.get("params", {}).get("item", {}).get("id") == "wait")
    joined = stage.server.result("turn/start", {"threadId": talk.id, "input": [{"type": "text", "text": "more"}]})
    (talk.folder / "go").touch()
    talk.finish(record)
    turn_id = record.one("turn/completed")["turn"]["id"]
    texts = [item["content"][0]["text"] for item in record.items("item/completed", "userMessage")]
    assert texts == ["go", "more"]
    assert (joined["turn"]["id"] == turn_id) is stage.is_ours
    assert len(record.all("turn/started")) == (1 if stage.is_ours else 2)
    assert record.status == "completed"


@pytest.mark.requirement("unanswered-input-is-kept")
def test_input_that_joined_an_interrupted_turn_is_kept(stage: Stage) -> None:
    talk = stage.talk()
    record = sleeping(talk)
    stage.server.result("turn/start", {"threadId": talk.id, "input": [{"type": "text", "text": "not lost"}]})
    stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": "t"})
    talk.finish(record)
    talk.run(FINE)
    assert ("not lost" in json.dumps(stage.model.requests[-1].body["input"])) is stage.is_ours


@pytest.mark.requirement("empty-input-completes")
def test_a_turn_without_input_is_completed(ours: Stage) -> None:
    talk = ours.talk()
    record = talk.mark()
    reply = ours.server.result("turn/start", {"threadId": talk.id, "input": []})
    talk.finish(record)
    assert record.methods == ["reply", "turn/started", "turn/completed"]
    assert record.one("turn/completed")["turn"] == {**reply["turn"], "status": "completed"}
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement("running-turn-reads-back")
def test_a_turn_that_runs_reads_back_as_in_progress(stage: Stage) -> None:
    talk = stage.talk()
    record = sleeping(talk)
    (turn,) = talk.turns()
    assert turn["status"] == ("inProgress" if stage.is_ours else "completed")
    (turn,) = stage.server.result("thread/resume", {"threadId": talk.id})["thread"]["turns"]
    assert turn["status"] == ("inProgress" if stage.is_ours else "completed")
    stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": "t"})
    talk.finish(record)


@pytest.mark.requirement("directory-must-exist", "refused-override-starts-nothing")
def test_a_setting_that_cannot_be_used_starts_and_changes_nothing(ours: Stage) -> None:
    talk = ours.talk()
    given: JsonValue = {"threadId": talk.id, "input": [{"type": "text", "text": "go"}]}
    before = len(ours.model.requests)
    error = ours.error("turn/start", {**given, "cwd": str(talk.folder / "absent"), "model": "gpt-5.1"})
    assert error["code"] == INVALID
    assert ours.error("thread/start", {"cwd": str(talk.folder / "absent")})["code"] == INVALID
    record = talk.run(FINE)
    assert record.status == "completed"
    assert len(ours.model.requests) == before + 1
    assert ours.model.requests[-1].body["model"] == "gpt-5.2-codex"


@pytest.mark.requirement("directory-must-exist")
def test_the_reference_starts_in_a_directory_that_does_not_exist(theirs: Stage) -> None:
    absent = str(theirs.root / "absent")
    assert theirs.server.result("thread/start", {"cwd": absent})["cwd"] == absent


@pytest.mark.requirement("no-raw-events")
def test_core_events_are_not_sent_a_second_time(stage: Stage) -> None:
    stage.talk().run(FINE)
    raw = any(str(each.get("method", "")).startswith("codex/event/") for each in stage.server.messages)
    assert raw is not stage.is_ours


@pytest.mark.requirement("no-tools-of-the-client")
def test_tools_of_the_client_are_refused(ours: Stage) -> None:
    tool = {"name": "look_up", "description": "d", "inputSchema": {"type": "object"}}
    assert ours.error("thread/start", {"dynamicTools": [tool]})["code"] == INVALID


@pytest.mark.requirement("preview-is-the-first-user-message")
def test_the_preview_is_the_first_message_sent_to_the_thread(stage: Stage) -> None:
    history: JsonValue = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "from the history"}]}
    ]
    resumed = stage.server.result("thread/resume", {"threadId": "none", "history": history})
    thread_id = resumed["thread"]["id"]
    stage.script.extend([FINE])
    stage.server.turn(thread_id, "sent here")
    read = stage.server.result("thread/read", {"threadId": thread_id})["thread"]
    listed = [each for each in stage.server.result("thread/list", {})["data"] if each["id"] == thread_id]
    assert read["preview"] == ("sent here" if stage.is_ours else "from the history")
    assert [each["preview"] for each in listed] == ["sent here"]
    assert Path(read["path"]).exists()
