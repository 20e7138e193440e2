"""Threads: copied."""

import json
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, function_call, message
from agent_protocol.wire import JsonValue
from process_harness import AGENT, app_server
from record import exchange, stored_thread_id, write_record
from stage import UNKNOWN_THREAD, Stage, Talk, record_of

INVALID = -32600
FINE = answer(message("Done."))
SETTINGS = ["model", "modelProvider", "cwd", "approvalPolicy", "sandbox", "reasoningEffort"]


def ran(stage: Stage, **params: JsonValue) -> Talk:
    """Start a thread and run a turn in it."""
    talk = stage.talk(**params)
    talk.run(FINE, text="the question")
    return talk


def sent(stage: Stage) -> list[JsonValue]:
    """Return what the model was last given."""
    found = stage.model.requests[-1].body["input"]
    assert isinstance(found, list)
    return found


def spelled(lines: list[JsonValue]) -> list[JsonValue]:
    return [{name: line[name] for name in ("type", "payload")} for line in lines]


@pytest.mark.requirement("thread/fork", "thread/started")
def test_a_copy_is_answered_with_its_turns_and_told_with_them(stage: Stage) -> None:
    source = ran(stage)
    copy = stage.fork(threadId=source.id)
    assert copy.record.methods[:2] == ["reply", "thread/started"]
    assert copy.record.one("thread/started") == {"thread": copy.opened["thread"]}
    assert list(copy.opened)[:7] == ["thread", *SETTINGS]
    assert [copy.opened[name] for name in SETTINGS] == [source.opened[name] for name in SETTINGS]
    thread = copy.opened["thread"]
    assert thread["id"] != source.id
    assert (thread["preview"], thread["source"], thread["cwd"]) == ("the question", "vscode", str(source.folder))
    assert thread["turns"] == list(source.turns()) == list(copy.turns())
    assert {source.id, copy.id} <= set(stage.server.result("thread/loaded/list", {})["data"])
    assert copy.id in [each["id"] for each in stage.server.result("thread/list", {})["data"]]


@pytest.mark.requirement("thread/fork")
def test_a_copy_is_recorded_at_once_with_every_line_of_its_source(stage: Stage) -> None:
    source = ran(stage)
    copy = stage.fork(threadId=source.id)
    theirs, own = record_of(source), record_of(copy)
    meta = own[0]["payload"]
    assert (own[0]["type"], meta["id"], meta["forked_from_id"]) == ("session_meta", copy.id, source.id)
    assert spelled(own[1 : len(theirs) + 1]) == spelled(theirs)
    assert {line["timestamp"] for line in own[1 : len(theirs) + 1]}.isdisjoint(line["timestamp"] for line in theirs)
    context = own[len(theirs) + 1 :]
    assert [(line["type"], line["payload"]["role"]) for line in context][-1] == ("response_item", "user")
    assert context[0]["payload"]["role"] == "developer"
    assert spelled(context) == spelled([line for line in theirs if line["type"] == "response_item"][: len(context)])


@pytest.mark.requirement("thread/fork")
def test_copy_and_source_go_on_apart(stage: Stage) -> None:
    source = ran(stage)
    copy = stage.fork(threadId=source.id)
    copy.run(FINE, text="asked of the copy")
    given = json.dumps(sent(stage))
    assert given.index("the question") < given.index("Done.") < given.index("asked of the copy")
    source.run(FINE, text="asked of the source")
    assert "asked of the copy" not in json.dumps(sent(stage))
    assert [len(source.turns()), len(copy.turns())] == [2, 2]
    assert source.record.all("turn/completed")[-1]["threadId"] == source.id


@pytest.mark.requirement("thread/fork")
def test_a_running_thread_is_copied_as_far_as_it_came(stage: Stage) -> None:
    source = ran(stage)
    running = source.begin([*answer(message("Begun."))[:-2], stage.never], text="still running")
    stage.server.until_method("item/agentMessage/delta")
    copy = stage.fork(threadId=source.id)
    texts = [turn["items"][0]["content"][0]["text"] for turn in copy.opened["thread"]["turns"]]
    assert texts == ["the question", "still running"]
    assert copy.run(FINE, text="beside it").status == "completed"
    stage.server.result("turn/interrupt", {"threadId": source.id, "turnId": "any"})
    if "turn/completed" not in running.methods:
        stage.server.until(source.is_end)
    assert source.turns()[-1]["status"] == "interrupted"


@pytest.mark.requirement("thread/fork")
def test_a_stored_thread_is_copied_without_being_loaded(stage: Stage) -> None:
    thread_id = stored_thread_id(40)
    folder = stage.folder()
    path = write_record(stage.home, thread_id, exchange("stored question", "stored reply"), cwd=str(folder))
    before = path.read_bytes()
    for given in ({"threadId": thread_id}, {"threadId": "not an id", "path": str(path)}):
        copy = stage.fork(**given)
        assert copy.opened["cwd"] == copy.opened["thread"]["cwd"] == str(folder)
        assert record_of(copy)[0]["payload"]["forked_from_id"] == thread_id
        assert [len(turn["items"]) for turn in copy.opened["thread"]["turns"]] == [2]
    assert thread_id not in stage.server.result("thread/loaded/list", {})["data"]
    assert path.read_bytes() == before


@pytest.mark.requirement("thread/fork")
def test_the_settings_of_the_request_hold_for_the_copy(stage: Stage) -> None:
    source = ran(stage, baseInstructions="The base.")
    folder = stage.folder()
    copy = stage.fork(
        threadId=source.id,
        model="gpt-5.1",
        cwd=str(folder),
        approvalPolicy="on-request",
        sandbox="read-only",
        developerInstructions="The developer's.",
        config={"model_reasoning_effort": "high"},
    )
    assert [copy.opened[name] for name in SETTINGS] == [
        "gpt-5.1",
        "mock",
        str(folder),
        "on-request",
        {"type": "readOnly", "access": {"type": "fullAccess"}},
        "high",
    ]
    copy.run(FINE)
    assert stage.model.requests[-1].body["instructions"] == "The base."
    texts = [item["content"][0]["text"] for item in sent(stage) if item.get("role") == "developer"]
    assert "The developer's." in texts
    assert texts[-1].startswith("<model_switch>")
    source.run(FINE)
    assert "The developer's." not in json.dumps(sent(stage))


@pytest.mark.requirement("thread/fork")
def test_a_copy_can_keep_more_than_its_source_did(stage: Stage) -> None:
    source = ran(stage)
    call = answer(function_call("exec_command", {"cmd": "echo kept"}))
    copy = stage.fork(threadId=source.id, persistExtendedHistory=True)
    copy.run(call, FINE)
    source.run(call, FINE)
    assert "commandExecution" in [item["type"] for item in copy.turns()[-1]["items"]]
    assert "commandExecution" not in [item["type"] for item in source.turns()[-1]["items"]]


@pytest.mark.requirement("thread/fork")
def test_what_is_not_stored_is_not_copied(stage: Stage) -> None:
    nonsense = stage.folder() / "nonsense.jsonl"
    nonsense.write_text("nonsense\n")
    for params in (
        {"threadId": UNKNOWN_THREAD},
        {"threadId": "not an id"},
        {"threadId": stage.talk().id},
        {"threadId": stage.talk(ephemeral=True).id},
        {"threadId": ran(stage).id, "path": "/nowhere.jsonl"},
        {"threadId": UNKNOWN_THREAD, "path": str(nonsense)},
        {"threadId": ran(stage).id, "config": {"model_provider": "unheard"}},
    ):
        assert stage.error("thread/fork", params)["code"] == INVALID, params
    assert stage.is_alive()


@pytest.mark.requirement("thread/resume")
def test_a_resumed_thread_keeps_as_much_as_it_is_told_to(stage: Stage) -> None:
    thread_id = stored_thread_id(41)
    write_record(stage.home, thread_id, exchange("q", "r"), cwd=str(stage.folder()))
    stage.server.result("thread/resume", {"threadId": thread_id, "persistExtendedHistory": True})
    stage.script.extend([answer(function_call("exec_command", {"cmd": "echo kept"})), FINE])
    stage.server.turn(thread_id, "go")
    assert [item["type"] for item in stage.server.items(thread_id)].count("commandExecution") == 1


@pytest.mark.requirement("thread/resume")
def test_another_model_is_told_what_the_thread_was_begun_with(stage: Stage) -> None:
    talk = ran(stage, baseInstructions="The base.")
    stage.server.result("thread/archive", {"threadId": talk.id})
    stage.server.result("thread/unarchive", {"threadId": talk.id})
    stage.server.result("thread/resume", {"threadId": talk.id, "model": "gpt-5.1"})
    talk.run(FINE, text="further")
    assert stage.model.requests[-1].body["instructions"] == "The base."
    texts = [item["content"][0]["text"] for item in sent(stage) if item.get("role") == "developer"]
    assert [text.startswith("<model_switch>") for text in texts] == [False, False, True]


@pytest.mark.requirement("thread/fork", "one-writer")
def test_a_thread_that_another_process_writes_is_copied(ours: Stage, tmp_path: Path) -> None:
    source = ran(ours)
    with app_server(ours.home, tmp_path, [AGENT]) as other:
        other.initialize()
        refused = other.request("thread/resume", {"threadId": source.id})["error"]
        assert refused["code"] == INVALID
        assert str(ours.server.child.pid) in refused["message"]
        copy = other.result("thread/fork", {"threadId": source.id})["thread"]
        assert len(copy["turns"]) == len(other.read(source.id)) == 1
        assert other.request("thread/archive", {"threadId": source.id})["error"]["code"] == INVALID
    assert source.run(FINE).status == "completed"
