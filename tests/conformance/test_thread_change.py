"""Threads: archived and brought back, rolled back, renamed."""

import json
import os
import re
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, function_call, message
from agent_protocol.wire import JsonValue
from record import exchange, stored_thread_id, write_record
from stage import UNKNOWN_THREAD, Opener, Stage, Talk, record_of

INVALID, INTERNAL = -32600, -32603
FINE = answer(message("Done."))


def ran(stage: Stage, *questions: str) -> Talk:
    """Start a thread and run a turn for each question."""
    talk = stage.talk()
    for question in questions or ("the question",):
        talk.run(FINE, text=question)
    return talk


def questions(thread: JsonValue) -> list[str]:
    return [turn["items"][0]["content"][0]["text"] for turn in thread["turns"]]


def listed(stage: Stage, **params: JsonValue) -> list[str]:
    return [each["id"] for each in stage.server.result("thread/list", params)["data"]]


@pytest.mark.requirement("thread/archive", "thread/archived")
def test_a_loaded_thread_is_unloaded_and_put_away(stage: Stage) -> None:
    talk = ran(stage)
    path = Path(talk.opened["thread"]["path"])
    before = path.read_bytes()
    record = talk.mark()
    assert stage.server.result("thread/archive", {"threadId": talk.id.upper()}) == {}
    assert stage.server.until_method("thread/archived")["params"] == {"threadId": talk.id}
    assert record.methods[-2:] == ["reply", "thread/archived"]
    assert not path.exists()
    assert (stage.home / "archived_sessions" / path.name).read_bytes() == before
    assert talk.id not in stage.server.result("thread/loaded/list", {})["data"]
    assert talk.id not in listed(stage)
    assert talk.id in listed(stage, archived=True)
    for method in ("thread/archive", "thread/read", "thread/resume", "thread/fork"):
        assert stage.error(method, {"threadId": talk.id})["code"] == INVALID, method


@pytest.mark.requirement("thread/archive", "thread/archived")
def test_archiving_ends_the_running_turn_first(ours: Stage) -> None:
    talk = ran(ours)
    record = talk.begin([*answer(message("Begun."))[:-2], ours.never], text="unending")
    ours.server.until_method("item/agentMessage/delta")
    ours.server.result("thread/archive", {"threadId": talk.id})
    ours.server.until_method("thread/archived")
    ended = record.index(lambda said: said.get("method") == "turn/completed")
    assert record.messages[ended]["params"]["turn"]["status"] == "interrupted"
    assert record.methods[ended + 1 :] == ["reply", "thread/archived"]


@pytest.mark.requirement("thread/archive", "thread/unarchive")
def test_a_stored_thread_is_put_away_and_comes_back_as_changed_now(stage: Stage) -> None:
    thread_id = stored_thread_id(60)
    path = write_record(stage.home, thread_id, exchange("old question", "old reply"), day="2025-01-02")
    os.utime(path, (1_000_000, 1_000_000))
    before = path.read_bytes()
    stage.server.result("thread/archive", {"threadId": thread_id})
    stage.server.until_method("thread/archived")
    assert (stage.home / "archived_sessions" / path.name).stat().st_mtime == 1_000_000
    thread = stage.server.result("thread/unarchive", {"threadId": thread_id})["thread"]
    assert (thread["id"], thread["path"], thread["turns"]) == (thread_id, str(path), [])
    assert path.read_bytes() == before
    assert thread["createdAt"] < 1_740_000_000 < thread["updatedAt"]
    assert thread_id not in stage.server.result("thread/loaded/list", {})["data"]
    assert thread_id in listed(stage)
    assert questions(stage.server.result("thread/resume", {"threadId": thread_id})["thread"]) == ["old question"]


@pytest.mark.requirement("thread/unarchive", "thread/unarchived")
def test_everybody_is_told_of_a_thread_that_comes_back(stage: Stage) -> None:
    talk = ran(stage)
    stage.server.result("thread/archive", {"threadId": talk.id})
    record = talk.mark()
    stage.server.result("thread/unarchive", {"threadId": f"urn:uuid:{talk.id}"})
    assert stage.server.until_method("thread/unarchived")["params"] == {"threadId": talk.id}
    assert record.methods[-2:] == ["reply", "thread/unarchived"]
    assert stage.error("thread/unarchive", {"threadId": talk.id})["code"] == INVALID
    resumed = stage.server.result("thread/resume", {"threadId": talk.id})["thread"]
    assert questions(resumed) == ["the question"]
    assert talk.run(FINE, text="and on").status == "completed"


@pytest.mark.requirement("thread/archive", "thread/unarchive")
def test_what_is_not_there_is_not_moved(stage: Stage) -> None:
    for method in ("thread/archive", "thread/unarchive"):
        for thread_id in (UNKNOWN_THREAD, "not an id"):
            assert stage.error(method, {"threadId": thread_id})["code"] == INVALID, (method, thread_id)
    outside = stage.folder() / f"rollout-2025-01-01T00-00-00-{stored_thread_id(61)}.jsonl"
    outside.write_bytes(write_record(stage.home, stored_thread_id(61), exchange("q", "r")).read_bytes())
    (inside,) = (stage.home / "sessions").rglob(f"*{stored_thread_id(61)}.jsonl")
    inside.unlink()
    inside.symlink_to(outside)
    assert stage.error("thread/archive", {"threadId": stored_thread_id(61)})["code"] == INVALID
    assert outside.exists()
    inside.unlink()


@pytest.mark.requirement(
    "thread/fork", "thread/archive", "thread/unarchive", "thread/rollback", "thread/name/set", "thread/read"
)
def test_before_the_first_message_only_the_name_can_be_changed(fresh: Opener) -> None:
    with fresh() as stage:
        talk = stage.talk()
        for method in ("thread/resume", "thread/fork", "thread/archive", "thread/unarchive"):
            assert stage.error(method, {"threadId": talk.id})["code"] == INVALID, method
        assert stage.error("thread/read", {"threadId": talk.id, "includeTurns": True})["code"] == INVALID
        assert stage.error("thread/rollback", {"threadId": talk.id, "numTurns": 1})["code"] == INTERNAL
        assert stage.server.result("thread/read", {"threadId": talk.id})["thread"]["turns"] == []
        assert listed(stage) == []
        assert stage.server.result("thread/loaded/list", {})["data"] == [talk.id]
        stage.server.result("thread/name/set", {"threadId": talk.id, "name": "early"})
        stage.server.until_method("thread/name/updated")
        assert not (stage.home / "sessions").exists()
        assert talk.run(FINE, text="first").status == "completed"
        assert questions({"turns": talk.turns()}) == ["first"]


@pytest.mark.requirement("thread/rollback", "thread/tokenUsage/updated")
def test_a_rollback_takes_turns_from_the_history_and_marks_the_record(stage: Stage) -> None:
    talk = ran(stage, "one", "two", "three")
    before = Path(talk.opened["thread"]["path"]).read_bytes()
    record = talk.mark()
    thread = stage.server.result("thread/rollback", {"threadId": talk.id, "numTurns": 2})["thread"]
    assert record.methods == ["thread/tokenUsage/updated", "account/rateLimits/updated", "reply"]
    assert (thread["id"], questions(thread)) == (talk.id, ["one"])
    usage = record.one("thread/tokenUsage/updated")["tokenUsage"]
    assert usage["total"] == talk.record.all("thread/tokenUsage/updated")[-1]["tokenUsage"]["total"]
    assert usage["last"]["inputTokens"] == usage["last"]["outputTokens"] == 0
    assert usage["last"]["totalTokens"] > 0
    after = Path(talk.opened["thread"]["path"]).read_bytes()
    assert after.startswith(before)
    last = [json.loads(line)["payload"] for line in after[len(before) :].splitlines()]
    assert [payload["type"] for payload in last] == ["token_count", "thread_rolled_back"]
    assert last[-1] == {"type": "thread_rolled_back", "num_turns": 2}
    talk.run(FINE, text="four")
    given = json.dumps(stage.model.requests[-1].body["input"])
    assert '"one"' in given and '"four"' in given
    assert '"two"' not in given and '"three"' not in given
    assert questions({"turns": talk.turns()}) == ["one", "four"]


@pytest.mark.requirement("thread/rollback")
def test_a_rollback_of_more_turns_than_there_are_takes_all(stage: Stage) -> None:
    talk = ran(stage, "one", "two")
    assert stage.server.result("thread/rollback", {"threadId": talk.id, "numTurns": 99})["thread"]["turns"] == []
    talk.run(FINE, text="anew")
    given = json.dumps(stage.model.requests[-1].body["input"])
    assert '"one"' not in given
    assert given.count("<environment_context>") == 1
    assert talk.turns()[0]["items"][0]["id"] == "item-1"


@pytest.mark.requirement("thread/rollback")
def test_a_rollback_that_cannot_be_done_changes_nothing(stage: Stage) -> None:
    talk = ran(stage)
    for params in (
        {"threadId": talk.id, "numTurns": 0},
        {"threadId": "not an id", "numTurns": 0},
        {"threadId": talk.id, "numTurns": -1},
        {"threadId": UNKNOWN_THREAD, "numTurns": 1},
        {"threadId": stage.talk(ephemeral=True).id, "numTurns": 1},
    ):
        assert stage.error("thread/rollback", params)["code"] == INVALID, params
    record = talk.begin([*answer(message("Begun."))[:-2], stage.never], text="running")
    stage.server.until_method("item/agentMessage/delta")
    assert stage.error("thread/rollback", {"threadId": talk.id, "numTurns": 1})["code"] == INVALID
    assert not record.all("error")
    stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": "any"})
    assert stage.server.until_method("turn/completed")["params"]["turn"]["status"] == "interrupted"
    assert questions({"turns": talk.turns()}) == ["the question", "running"]


@pytest.mark.requirement("thread/rollback", "thread/fork", "thread/resume")
def test_turns_taken_back_stay_away_from_copies_and_after_a_restart(fresh: Opener) -> None:
    with fresh() as stage:
        talk = ran(stage, "one", "two")
        stage.server.result("thread/rollback", {"threadId": talk.id, "numTurns": 1})
        copy = stage.fork(threadId=talk.id)
        assert questions(copy.opened["thread"]) == ["one"]
        copy.run(FINE, text="of the copy")
        assert '"two"' not in json.dumps(stage.model.requests[-1].body["input"])
        stage.server.result("thread/archive", {"threadId": talk.id})
        stage.server.result("thread/unarchive", {"threadId": talk.id})
        resumed = stage.server.result("thread/resume", {"threadId": talk.id})
        assert questions(resumed["thread"]) == ["one"]
        talk.run(FINE, text="after")
        assert '"two"' not in json.dumps(stage.model.requests[-1].body["input"])


@pytest.mark.requirement("thread/name/set", "thread/name/updated")
def test_a_name_is_trimmed_stored_and_told(fresh: Opener) -> None:
    with fresh() as stage:
        talk = stage.talk()
        for name, told in (("  My thread ", "My thread"), ("Another", "Another")):
            record = talk.mark()
            assert stage.server.result("thread/name/set", {"threadId": talk.id, "name": name}) == {}
            stage.server.until_method("thread/name/updated")
            assert record.methods == ["reply", "thread/name/updated"]
            assert record.one("thread/name/updated") == {"threadId": talk.id, "threadName": told}
        entries = [json.loads(line) for line in (stage.home / "session_index.jsonl").read_text().splitlines()]
        assert [list(entry) for entry in entries] == [["id", "thread_name", "updated_at"]] * 2
        assert [entry["thread_name"] for entry in entries] == ["My thread", "Another"]
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,9}Z", entries[0]["updated_at"])


@pytest.mark.requirement("thread/name/set")
def test_a_name_that_cannot_be_given_is_refused(stage: Stage) -> None:
    thread_id = stored_thread_id(62)
    write_record(stage.home, thread_id, exchange("q", "r"))
    for params in (
        {"threadId": stage.talk().id, "name": " \n"},
        {"threadId": UNKNOWN_THREAD, "name": "n"},
        {"threadId": "not an id", "name": "n"},
        {"threadId": thread_id, "name": "not loaded"},
    ):
        assert stage.error("thread/name/set", params)["code"] == INVALID, params


@pytest.mark.requirement("thread/name/set", "error")
def test_the_name_of_a_thread_without_a_record_fails_after_the_reply(stage: Stage) -> None:
    talk = stage.talk(ephemeral=True)
    record = talk.mark()
    assert stage.server.result("thread/name/set", {"threadId": talk.id, "name": "n"}) == {}
    told = stage.server.until_method("error")["params"]
    assert (told["threadId"], told["error"]["codexErrorInfo"], told["willRetry"]) == (talk.id, "other", False)
    assert record.methods == ["reply", "error"]


@pytest.mark.requirement("errors-stay-in-their-turn")
def test_an_error_outside_of_turns_fails_none(stage: Stage) -> None:
    talk = stage.talk(ephemeral=True)
    stage.server.result("thread/name/set", {"threadId": talk.id, "name": "n"})
    stage.server.until_method("error")
    assert talk.run(FINE).status == ("completed" if stage.is_ours else "failed")


@pytest.mark.requirement("errors-stay-in-their-turn")
def test_an_error_beside_a_running_turn_does_not_fail_it(ours: Stage) -> None:
    talk = ours.talk(approvalPolicy="untrusted", ephemeral=True)
    record = talk.begin(answer(function_call("exec_command", {"cmd": "touch made"})), FINE)
    question = talk.asked("item/commandExecution/requestApproval")
    ours.server.result("thread/name/set", {"threadId": talk.id, "name": "n"})
    ours.server.until_method("error")
    talk.answer(question, "decline")
    assert talk.finish(record).status == "completed"


@pytest.mark.requirement("refused-rollback-leaves-nothing")
def test_a_rollback_before_the_first_message_leaves_no_mark(stage: Stage) -> None:
    talk = stage.talk()
    stage.error("thread/rollback", {"threadId": talk.id, "numTurns": 1})
    talk.run(FINE)
    marks = [line for line in record_of(talk) if line["payload"].get("type") == "thread_rolled_back"]
    assert len(marks) == (0 if stage.is_ours else 1)


@pytest.mark.requirement("archive-overwrites-nothing")
def test_a_record_is_not_moved_over_another(stage: Stage) -> None:
    thread_id = stored_thread_id(63)
    path = write_record(stage.home, thread_id, exchange("newer", "r"))
    archived = write_record(stage.home, thread_id, exchange("older", "r"), folder="archived_sessions")
    before = archived.read_bytes()
    reply = stage.server.request("thread/archive", {"threadId": thread_id})
    assert ("error" in reply, path.exists(), archived.read_bytes() == before) == (stage.is_ours,) * 3
