"""Questions before commands and patches, and what becomes of each answer."""

import json

import pytest
from agent_core.testing.answer import answer, custom_call, function_call, message
from agent_core.testing.server import Step
from agent_protocol.wire import JsonValue
from stage import Opener, Record, Stage, Talk

COMMAND = "item/commandExecution/requestApproval"
CHANGE = "item/fileChange/requestApproval"
FINE = answer(message("Done."))
TOUCH = "touch made"
EXEC = answer(function_call("exec_command", {"cmd": TOUCH}, call_id="c1"))
SHELL = answer(function_call("shell_command", {"command": TOUCH}, call_id="c1"))
PATCH = answer(custom_call("apply_patch", "*** Begin Patch\n*** Add File: made\n+hello\n*** End Patch", call_id="c1"))
ANSWERS: list[tuple[JsonValue, list[str]]] = [
    ({"result": {"decision": "decline"}}, ["declined", "declined"]),
    ({"result": {"decision": "perhaps"}}, ["declined", "declined"]),
    ({"result": {}}, ["declined", "declined"]),
    ({"error": {"code": 1, "message": "no"}}, ["failed", "declined"]),
]


def asked(talk: Talk, call: Step, method: str, *more: Step) -> tuple[Record, JsonValue]:
    """Begin a turn whose model makes ``call`` and return the question that follows."""
    record = talk.begin(call, *more)
    return record, talk.asked(method)


def order(record: Record) -> list[str]:
    """Return what was said about the item of the call, and the question, in order."""
    of_item = (COMMAND, CHANGE)
    return [
        str(each["method"])
        for each in record.messages
        if each.get("method") in of_item or each.get("params", {}).get("item", {}).get("id") == "c1"
    ]


def statuses(record: Record) -> list[tuple[JsonValue, JsonValue]]:
    """Return status and exit code of each completion of the item of the call."""
    items = [params["item"] for params in record.all("item/completed") if params["item"]["id"] == "c1"]
    return [(item["status"], item.get("exitCode")) for item in items]


@pytest.mark.requirement(COMMAND)
def test_an_accepted_command_runs(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, EXEC, COMMAND, FINE)
    params = question["params"]
    assert list(question) == ["method", "id", "params"]
    assert isinstance(question["id"], int)
    assert (params["threadId"], params["itemId"], params["cwd"]) == (talk.id, "c1", str(talk.folder))
    assert params["command"] == f"/bin/bash -lc '{TOUCH}'"
    assert [action["command"] for action in params["commandActions"]] == ["touch made"]
    assert not {"approvalId", "reason"} & params.keys()
    assert not (talk.folder / "made").exists()
    talk.answer(question, "accept")
    talk.finish(record)
    assert params["turnId"] == record.one("turn/completed")["turn"]["id"]
    assert (talk.folder / "made").exists()
    assert statuses(record) == [("completed", 0)]
    assert record.status == "completed"


@pytest.mark.requirement(COMMAND)
def test_the_item_of_a_terminal_command_begins_when_it_runs_and_of_a_shell_command_before(stage: Stage) -> None:
    for call, expected in (
        (EXEC, [COMMAND, "item/started", "item/completed"]),
        (SHELL, ["item/started", COMMAND, "item/completed"]),
    ):
        talk = stage.talk(approvalPolicy="untrusted")
        record, question = asked(talk, call, COMMAND, FINE)
        talk.answer(question, "accept")
        assert order(talk.finish(record)) == expected


@pytest.mark.requirement(COMMAND)
def test_what_was_accepted_for_the_session_is_not_asked_again(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    again = answer(function_call("exec_command", {"cmd": TOUCH}, call_id="c2"))
    record, question = asked(talk, EXEC, COMMAND, again, FINE)
    talk.answer(question, "acceptForSession")
    talk.finish(record)
    third = answer(function_call("exec_command", {"cmd": TOUCH}, call_id="c3"))
    later = talk.run(third, answer(message("Done.", item_id="m2")))
    assert len(record.all(COMMAND)) == 1
    assert later.all(COMMAND) == []
    assert [item["status"] for item in later.items("item/completed", "commandExecution")] == ["completed"]


@pytest.mark.requirement(COMMAND)
def test_a_command_accepted_with_a_rule_runs(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    call = answer(function_call("exec_command", {"cmd": "mkdir ruled"}, call_id="c1"))
    record, question = asked(talk, call, COMMAND, FINE)
    rule = question["params"]["proposedExecpolicyAmendment"]
    assert rule == ["mkdir", "ruled"]
    talk.answer(question, {"acceptWithExecpolicyAmendment": {"execpolicy_amendment": rule}})
    talk.finish(record)
    assert statuses(record) == [("completed", 0)]
    assert (talk.folder / "ruled").is_dir()


@pytest.mark.requirement(COMMAND)
@pytest.mark.parametrize("reply, expected", ANSWERS)
@pytest.mark.parametrize("call", [EXEC, SHELL], ids=["exec_command", "shell_command"])
def test_a_refused_command_does_not_run_and_the_turn_goes_on(
    stage: Stage, call: Step, reply: JsonValue, expected: list[str]
) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, call, COMMAND, FINE)
    stage.server.send({"id": question["id"], **reply})
    talk.finish(record)
    first = statuses(record)[0]
    assert first == (expected[0], None)
    if call is SHELL:
        assert statuses(record) == [first, (expected[1], -1)]
        (_, second) = record.items("item/completed", "commandExecution")
        assert second["aggregatedOutput"]
    else:
        assert statuses(record) == [first]
    assert not (talk.folder / "made").exists()
    assert record.status == "completed"
    output = stage.model.requests[-1].body["input"][-1]
    assert (output["type"], output["call_id"]) == ("function_call_output", "c1")
    assert "rejected" in json.dumps(output)


@pytest.mark.requirement(COMMAND)
@pytest.mark.parametrize("call", [EXEC, SHELL], ids=["exec_command", "shell_command"])
def test_a_cancelled_command_ends_the_turn(stage: Stage, call: Step) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, call, COMMAND)
    talk.answer(question, "cancel")
    talk.finish(record)
    assert statuses(record)[0] == ("declined", None)
    assert record.status == "interrupted"
    assert record.one("turn/completed")["turn"]["error"] is None
    assert not (talk.folder / "made").exists()
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement(CHANGE)
def test_an_accepted_patch_is_applied(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, PATCH, CHANGE, FINE)
    params = question["params"]
    assert (params["threadId"], params["itemId"]) == (talk.id, "c1")
    assert (params["reason"], params["grantRoot"]) == (None, None)
    assert not (talk.folder / "made").exists()
    talk.answer(question, "accept")
    talk.finish(record)
    assert (talk.folder / "made").read_text() == "hello\n"
    assert order(record) == ["item/started", CHANGE, "item/completed"]
    assert statuses(record) == [("completed", None)]
    assert record.all("turn/diff/updated")


@pytest.mark.requirement(CHANGE)
def test_paths_accepted_for_the_session_are_not_asked_about_again(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    same = "*** Begin Patch\n*** Update File: made\n-hello\n+bye\n*** End Patch"
    other = "*** Begin Patch\n*** Add File: other\n+x\n*** End Patch"
    record, question = asked(
        talk,
        PATCH,
        CHANGE,
        answer(custom_call("apply_patch", same, call_id="c2")),
        answer(custom_call("apply_patch", other, call_id="c3")),
        FINE,
    )
    talk.answer(question, "acceptForSession")
    second = talk.asked(CHANGE)
    assert second["params"]["itemId"] == "c3"
    talk.answer(second, "accept")
    talk.finish(record)
    assert (talk.folder / "made").read_text() == "bye\n"


@pytest.mark.requirement(CHANGE)
@pytest.mark.parametrize("reply, expected", ANSWERS)
def test_a_refused_patch_changes_nothing_and_the_turn_goes_on(
    stage: Stage, reply: JsonValue, expected: list[str]
) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, PATCH, CHANGE, FINE)
    stage.server.send({"id": question["id"], **reply})
    talk.finish(record)
    assert [status for status, _ in statuses(record)] == expected
    assert order(record) == ["item/started", CHANGE, "item/completed", "item/completed"]
    assert not (talk.folder / "made").exists()
    assert record.all("turn/diff/updated") == []
    assert record.status == "completed"


@pytest.mark.requirement(CHANGE)
def test_a_cancelled_patch_ends_the_turn(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, PATCH, CHANGE)
    talk.answer(question, "cancel")
    talk.finish(record)
    assert statuses(record)[0] == ("declined", None)
    assert record.status == "interrupted"
    assert not (talk.folder / "made").exists()


@pytest.mark.requirement("rpc.ids")
def test_questions_count_from_zero_for_the_whole_process(fresh: Opener) -> None:
    with fresh() as stage:
        for expected in range(3):
            talk = stage.talk(approvalPolicy="untrusted")
            record, question = asked(talk, PATCH, CHANGE, FINE)
            assert question["id"] == expected
            talk.answer(question, "decline")
            talk.finish(record)


@pytest.mark.requirement("first-answer-wins")
def test_an_answer_that_comes_too_late_does_nothing(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, PATCH, CHANGE, FINE)
    talk.answer(question, "decline")
    talk.answer(question, "accept")
    talk.finish(record)
    talk.answer(question, "accept")
    assert stage.is_alive()
    assert not (talk.folder / "made").exists()


@pytest.mark.requirement(COMMAND)
def test_a_question_that_is_open_when_the_turn_is_interrupted_is_void(stage: Stage) -> None:
    talk = stage.talk(approvalPolicy="untrusted")
    record, question = asked(talk, EXEC, COMMAND)
    stage.server.result("turn/interrupt", {"threadId": talk.id, "turnId": "t"})
    assert talk.finish(record).status == "interrupted"
    talk.answer(question, "accept")
    assert stage.is_alive()
    assert not (talk.folder / "made").exists()


@pytest.mark.requirement("newer-members")
def test_questions_say_when_they_began(ours: Stage) -> None:
    for call, method in ((EXEC, COMMAND), (PATCH, CHANGE)):
        talk = ours.talk(approvalPolicy="untrusted")
        record, question = asked(talk, call, method, FINE)
        assert question["params"]["startedAtMs"] > 0
        status = ours.server.result("thread/read", {"threadId": talk.id})["thread"]["status"]
        assert status == {"type": "active", "activeFlags": ["waitingOnApproval"]}
        talk.answer(question, "decline")
        talk.finish(record)
