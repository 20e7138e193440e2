"""Threads: started, resumed, read and listed."""

import json
import os
import re
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, message
from agent_protocol.wire import JsonValue
from record import event, exchange, spoken, stored_thread_id, write_record
from stage import UNKNOWN_THREAD, Opener, Stage, Talk, record_of

INVALID = -32600
FINE = answer(message("Done."))
MEMBERS = ["model", "modelProvider", "cwd", "approvalPolicy", "sandbox", "reasoningEffort"]
THREAD = ["id", "preview", "modelProvider", "createdAt", "updatedAt", "path", "cwd", "cliVersion", "source", "gitInfo"]


def facts(reply: JsonValue) -> JsonValue:
    return {name: reply[name] for name in MEMBERS}


def ran(stage: Stage, **params: JsonValue) -> Talk:
    """Start a thread and run a turn in it."""
    talk = stage.talk(**params)
    talk.run(FINE, text="the question")
    return talk


@pytest.mark.requirement("thread/start", "thread/started")
def test_a_new_thread_is_answered_and_then_told_to_everybody(stage: Stage) -> None:
    talk = stage.talk()
    assert talk.record.methods[:2] == ["reply", "thread/started"]
    thread = talk.opened["thread"]
    assert talk.record.one("thread/started") == {"thread": thread}
    assert list(talk.opened)[:7] == ["thread", *MEMBERS]
    assert list(thread)[: len(THREAD) + 1] == [*THREAD, "turns"]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", thread["id"])
    assert (thread["preview"], thread["turns"], thread["gitInfo"]) == ("", [], None)
    assert (thread["source"], thread["modelProvider"], thread["cwd"]) == ("vscode", "mock", str(talk.folder))
    assert thread["createdAt"] == thread["updatedAt"]


@pytest.mark.requirement("thread/start")
def test_a_thread_takes_its_settings_from_the_configuration_and_then_from_the_request(stage: Stage) -> None:
    cwd = str(stage.folder())
    nothing = dict.fromkeys(["model", "modelProvider", "approvalPolicy", "sandbox", "config", "personality"])
    assert facts(stage.server.result("thread/start", {"cwd": cwd, **nothing})) == {
        "model": "gpt-5.2-codex",
        "modelProvider": "mock",
        "cwd": cwd,
        "approvalPolicy": "never",
        "sandbox": {"type": "dangerFullAccess"},
        "reasoningEffort": None,
    }
    given = {
        "cwd": cwd,
        "model": "gpt-5.1",
        "approvalPolicy": "on-request",
        "sandbox": "workspace-write",
        "config": {
            "model": "other",
            "model_reasoning_effort": "high",
            "sandbox_workspace_write.network_access": True,
        },
    }
    assert facts(stage.server.result("thread/start", given)) == {
        "model": "gpt-5.1",
        "modelProvider": "mock",
        "cwd": cwd,
        "approvalPolicy": "on-request",
        "sandbox": {
            "type": "workspaceWrite",
            "writableRoots": [],
            "readOnlyAccess": {"type": "fullAccess"},
            "networkAccess": True,
            "excludeTmpdirEnvVar": False,
            "excludeSlashTmp": False,
        },
        "reasoningEffort": "high",
    }
    read_only = stage.server.result("thread/start", {"cwd": cwd, "sandbox": "read-only"})
    assert read_only["sandbox"] == {"type": "readOnly", "access": {"type": "fullAccess"}}


@pytest.mark.requirement("thread/start")
def test_a_relative_directory_is_one_of_the_process(stage: Stage) -> None:
    (stage.root / "relative").mkdir()
    assert stage.server.result("thread/start", {"cwd": "relative"})["cwd"] == str(stage.root / "relative")


@pytest.mark.requirement("thread/start")
def test_the_instructions_of_the_request_reach_the_model(stage: Stage) -> None:
    talk = stage.talk(baseInstructions="The base.", developerInstructions="The developer's.")
    talk.run(FINE)
    body = stage.model.requests[-1].body
    assert body["instructions"] == "The base."
    developer = [item for item in body["input"] if item.get("role") == "developer"]
    assert "The developer's." in json.dumps(developer)


@pytest.mark.requirement("thread/start")
def test_a_thread_knows_its_own_form_of_a_provider(stage: Stage) -> None:
    plain, marked = ran(stage), stage.talk(config={"model_providers.mock.http_headers": {"x-mark": "yes"}})
    marked.run(FINE)
    assert stage.model.requests[-1].headers["x-mark"] == "yes"
    plain.run(FINE)
    assert "x-mark" not in stage.model.requests[-1].headers


@pytest.mark.requirement("thread/start")
def test_a_configuration_broken_meanwhile_stops_new_threads_only(stage: Stage) -> None:
    talk = stage.talk()
    (stage.home / "config.toml").write_text("model = \n")
    try:
        assert stage.error("thread/start", {})["code"] == INVALID
        assert talk.run(FINE).status == "completed"
    finally:
        stage.mend()
    assert stage.talk().run(FINE).status == "completed"


@pytest.mark.requirement("thread/start", "thread/read")
def test_an_ephemeral_thread_leaves_no_record(stage: Stage) -> None:
    talk = stage.talk(ephemeral=True)
    assert talk.opened["thread"]["path"] is None
    assert talk.run(FINE).status == "completed"
    assert stage.server.result("thread/read", {"threadId": talk.id})["thread"]["path"] is None
    assert stage.error("thread/read", {"threadId": talk.id, "includeTurns": True})["code"] == INVALID
    assert stage.error("thread/resume", {"threadId": talk.id})["code"] == INVALID
    assert not list((stage.home / "sessions").rglob(f"*{talk.id}*"))


@pytest.mark.requirement("thread/start", "thread/read", "thread/resume", "thread.record")
def test_nothing_is_written_before_the_first_message(fresh: Opener) -> None:
    with fresh() as stage:
        talk = stage.talk()
        path = Path(talk.opened["thread"]["path"])
        assert not path.exists()
        assert stage.server.result("thread/read", {"threadId": talk.id})["thread"]["turns"] == []
        assert stage.error("thread/read", {"threadId": talk.id, "includeTurns": True})["code"] == INVALID
        assert stage.error("thread/resume", {"threadId": talk.id})["code"] == INVALID
        assert stage.server.result("thread/list", {})["data"] == []
        assert stage.server.result("thread/loaded/list", {})["data"] == [talk.id]
        talk.run(FINE)
        (found,) = stage.home.glob("sessions/*/*/*/*")
        assert found == path
        assert re.fullmatch(rf"rollout-\d{{4}}(-\d\d){{2}}T\d\d(-\d\d){{2}}-{talk.id}\.jsonl", path.name)
        first = record_of(talk)[0]
        assert first["type"] == "session_meta"
        assert first["payload"]["id"] == talk.id
        assert first["payload"]["cwd"] == str(talk.folder)
        assert (first["payload"]["source"], first["payload"]["model_provider"]) == ("vscode", "mock")


@pytest.mark.requirement("thread/read", "thread.turns-read-back")
def test_a_thread_reads_back_with_and_without_its_turns(stage: Stage) -> None:
    talk = ran(stage)
    turn = talk.run(answer(message("Again.", item_id="m2")), text="more").one("turn/completed")["turn"]
    bare = stage.server.result("thread/read", {"threadId": talk.id})["thread"]
    assert (bare["preview"], bare["turns"]) == ("the question", [])
    first, second = talk.turns()
    assert [item["id"] for item in [*first["items"], *second["items"]]] == ["item-1", "item-2", "item-3", "item-4"]
    assert second == {
        "id": turn["id"],
        "items": [
            {
                "type": "userMessage",
                "id": "item-3",
                "content": [{"type": "text", "text": "more", "text_elements": []}],
            },
            {"type": "agentMessage", "id": "item-4", "text": "Again."},
        ],
        "status": "completed",
        "error": None,
    }


@pytest.mark.requirement("thread/read", "thread/loaded/list")
def test_reading_a_stored_thread_does_not_load_it(stage: Stage) -> None:
    thread_id = stored_thread_id(1)
    path = write_record(stage.home, thread_id, exchange("stored question", "stored reply"))
    thread = stage.server.result("thread/read", {"threadId": thread_id, "includeTurns": True})["thread"]
    assert (thread["preview"], thread["path"], thread["cwd"]) == ("stored question", str(path), "/nowhere")
    assert (thread["cliVersion"], thread["createdAt"]) == ("0.0.1", 1741064767)
    assert [item["type"] for item in thread["turns"][0]["items"]] == ["userMessage", "agentMessage"]
    assert thread_id not in stage.server.result("thread/loaded/list", {})["data"]


@pytest.mark.requirement("thread/read")
def test_an_archived_thread_is_not_read(stage: Stage) -> None:
    thread_id = stored_thread_id(2)
    write_record(stage.home, thread_id, exchange("q", "r"), folder="archived_sessions")
    assert stage.error("thread/read", {"threadId": thread_id})["code"] == INVALID
    assert stage.error("thread/resume", {"threadId": thread_id})["code"] == INVALID


@pytest.mark.requirement("thread/resume")
def test_a_stored_thread_is_resumed_with_its_turns_and_goes_on(stage: Stage) -> None:
    thread_id = stored_thread_id(3)
    lines = exchange("old question", "old reply")
    path = write_record(stage.home, thread_id, lines, provider="elsewhere", cwd=str(stage.folder()))
    before = path.read_bytes()
    mark = len(stage.server.messages)
    resumed = stage.server.result("thread/resume", {"threadId": thread_id, "approvalPolicy": "on-failure"})
    assert stage.is_alive()
    assert not [each for each in stage.server.messages[mark:] if each.get("method") == "thread/started"]
    assert (resumed["thread"]["modelProvider"], resumed["modelProvider"]) == ("elsewhere", "mock")
    assert (resumed["approvalPolicy"], resumed["model"]) == ("on-failure", "gpt-5.2-codex")
    assert resumed["cwd"] == resumed["thread"]["cwd"]
    assert [len(turn["items"]) for turn in resumed["thread"]["turns"]] == [2]
    assert path.read_bytes() == before
    stage.script.extend([FINE])
    assert stage.server.turn(thread_id, "new question")["status"] == "completed"
    assert path.read_bytes().startswith(before)
    sent = json.dumps(stage.model.requests[-1].body["input"])
    assert sent.index("old question") < sent.index("old reply") < sent.index("new question")


@pytest.mark.requirement("thread/resume")
def test_a_loaded_thread_is_joined_as_it_is(stage: Stage) -> None:
    talk = ran(stage)
    joined = stage.server.result(
        "thread/resume", {"threadId": talk.id, "model": "other", "approvalPolicy": "untrusted", "sandbox": "read-only"}
    )
    assert facts(joined) == facts(talk.opened)
    assert len(joined["thread"]["turns"]) == 1
    history = [spoken("user", "q")]
    assert stage.error("thread/resume", {"threadId": talk.id, "history": history})["code"] == INVALID
    assert stage.error("thread/resume", {"threadId": talk.id, "path": "/elsewhere.jsonl"})["code"] == INVALID
    path = talk.opened["thread"]["path"]
    assert stage.server.result("thread/resume", {"threadId": talk.id, "path": path})["thread"]["id"] == talk.id


@pytest.mark.requirement("thread/resume")
def test_a_path_wins_over_the_id(stage: Stage) -> None:
    thread_id = stored_thread_id(4)
    path = write_record(stage.home, thread_id, exchange("q", "r"))
    resumed = stage.server.result("thread/resume", {"threadId": "not an id", "path": str(path)})
    assert resumed["thread"]["id"] == thread_id


@pytest.mark.requirement("thread/resume")
def test_a_history_makes_a_new_thread(stage: Stage) -> None:
    history = [spoken("user", "earlier question"), spoken("assistant", "earlier reply")]
    mark = len(stage.server.messages)
    resumed = stage.server.result("thread/resume", {"threadId": UNKNOWN_THREAD, "history": history})
    assert not [each for each in stage.server.messages[mark:] if each.get("method") == "thread/started"]
    thread = resumed["thread"]
    assert thread["id"] != UNKNOWN_THREAD
    assert thread["turns"] == []
    assert Path(thread["path"]).exists()
    stage.script.extend([FINE])
    stage.server.turn(thread["id"], "next question")
    assert stage.model.requests[-1].body["input"][:2] == history


@pytest.mark.requirement("thread-ids", "turn/started")
def test_every_spelling_of_an_id_is_taken(stage: Stage) -> None:
    talk = ran(stage)
    spelled = f"urn:uuid:{talk.id.upper()}"
    assert stage.server.result("thread/read", {"threadId": talk.id.upper()})["thread"]["id"] == talk.id
    assert stage.server.result("thread/resume", {"threadId": spelled})["thread"]["id"] == talk.id
    stage.script.extend([FINE])
    record = talk.mark()
    stage.server.result("turn/start", {"threadId": spelled, "input": [{"type": "text", "text": "go"}]})
    talk.finish(record)
    assert record.one("turn/started")["threadId"] == spelled
    assert {params["threadId"] for params in record.all("item/started")} == {talk.id}


@pytest.mark.requirement("thread/list")
def test_stored_threads_are_listed_newest_first_in_pages(fresh: Opener) -> None:
    with fresh() as stage:
        ids = [stored_thread_id(number) for number in range(5)]
        for number, thread_id in enumerate(ids):
            path = write_record(stage.home, thread_id, exchange(f"q{number}", "r"), time=f"05-06-0{number}")
            os.utime(path, (1_700_000_000 - number, 1_700_000_000 - number))

        def pages(limit: int, **params: JsonValue) -> list[list[str]]:
            found, cursor = [], None
            while True:
                reply = stage.server.result("thread/list", {"limit": limit, "cursor": cursor, **params})
                found.append([thread["id"] for thread in reply["data"]])
                cursor = reply["nextCursor"]
                if cursor is None:
                    return found

        assert pages(5) == [ids[::-1]]
        assert pages(2) == [ids[:2:-1], ids[2:0:-1], ids[:1]]
        assert pages(2, sortKey="updated_at") == [ids[:2], ids[2:4], ids[4:]]
        assert pages(0)[0] == ids[4:]
        listed = stage.server.result("thread/list", {"limit": 1})
        assert re.fullmatch(rf"2025-03-04T05:06:04Z\|{ids[4]}", listed["nextCursor"])
        (thread,) = listed["data"]
        assert (thread["preview"], thread["turns"], thread["updatedAt"]) == ("q4", [], 1_699_999_996)


@pytest.mark.requirement("thread/list")
def test_lists_are_filtered(fresh: Opener) -> None:
    with fresh() as stage:
        kinds: list[JsonValue] = ["vscode", "cli", "exec", "mcp", {"subagent": "review"}]
        for number, source in enumerate(kinds):
            lines = exchange(f"{number}", "r")
            write_record(stage.home, stored_thread_id(number), lines, source=source, cwd=f"/{number}")
        write_record(stage.home, stored_thread_id(10), exchange("10", "r"), provider="other")
        write_record(stage.home, stored_thread_id(11), exchange("11", "r"), provider=None)
        write_record(stage.home, stored_thread_id(12), [event("agent_message", message="unasked")])
        write_record(stage.home, stored_thread_id(13), exchange("13", "r"), folder="archived_sessions")

        def found(**params: JsonValue) -> set[str]:
            return {thread["preview"] for thread in stage.server.result("thread/list", params)["data"]}

        assert found() == {"0", "1", "11"}
        assert found(modelProviders=None, sourceKinds=[]) == {"0", "1", "11"}
        assert found(modelProviders=[]) == {"0", "1", "10", "11"}
        assert found(modelProviders=["other"]) == {"10"}
        assert found(sourceKinds=["cli"]) == {"1"}
        assert found(sourceKinds=["exec", "cli"]) == {"1", "2"}
        assert found(sourceKinds=["appServer"]) == {"3"}
        assert found(sourceKinds=["subAgent"]) == {"4"}
        assert found(sourceKinds=["subAgentReview", "subAgentCompact"]) == {"4"}
        assert found(cwd="/1") == {"1"}
        assert found(cwd="/") == set()
        assert found(archived=True) == {"13"}


@pytest.mark.requirement("thread/loaded/list")
def test_loaded_threads_are_listed_by_id_in_pages(fresh: Opener) -> None:
    with fresh() as stage:

        def listed(**params: JsonValue) -> tuple[list[str], JsonValue]:
            reply = stage.server.result("thread/loaded/list", params)
            return reply["data"], reply["nextCursor"]

        assert listed(cursor="anything") == ([], None)
        ids = sorted(stage.talk().id for _ in range(3))
        assert listed() == (ids, None)
        assert listed(limit=0) == (ids[:1], ids[0])
        assert listed(limit=2) == (ids[:2], ids[1])
        assert listed(limit=2, cursor=ids[1]) == (ids[2:], None)
        assert listed(cursor=ids[2]) == ([], None)
        assert stage.error("thread/loaded/list", {"cursor": "anything"})["code"] == INVALID
