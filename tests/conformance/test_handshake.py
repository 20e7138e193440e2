"""The first messages of a connection, and what they settle for the rest of it."""

import re
from pathlib import Path

import pytest
from agent_core.testing.answer import answer, message
from agent_protocol.wire import JsonValue
from stage import Opener, Stage, record_of

INVALID = -32600


def introduce(stage: Stage, name: str = "acme", **capabilities: JsonValue) -> JsonValue:
    params: dict[str, JsonValue] = {"clientInfo": {"name": name, "version": "7"}}
    if capabilities:
        params["capabilities"] = capabilities
    return stage.server.request("initialize", params)


@pytest.mark.requirement("initialize")
def test_initialize_comes_first_and_once(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        assert stage.error("thread/list", {}) == {"code": INVALID, "message": "Not initialized"}
        user_agent = introduce(stage)["result"]["userAgent"]
        assert re.fullmatch(r"acme/\S+ \(.+ .+; \S+\) .+ \(acme; 7\)", user_agent)
        assert introduce(stage)["error"] == {"code": INVALID, "message": "Already initialized"}
        assert stage.is_alive()


@pytest.mark.requirement("initialize")
def test_a_name_no_header_can_carry_is_refused_and_a_better_one_may_follow(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        assert introduce(stage, "a\nb")["error"]["code"] == INVALID
        assert stage.error("thread/list", {})["message"] == "Not initialized"
        assert stage.error("initialize", {"clientInfo": {"name": "a"}})["code"] == INVALID
        params = {"clientInfo": {"name": "a", "title": None, "version": "1"}, "capabilities": None}
        assert "result" in stage.server.request("initialize", params)
        assert "experimentalApi" in stage.error("thread/start", {"experimentalRawEvents": True})["message"]


@pytest.mark.requirement("initialize")
def test_the_client_is_the_originator_of_requests_and_records(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        introduce(stage, "acme")
        talk = stage.talk()
        talk.run(answer(message("Done.")))
        assert stage.model.requests[-1].headers["originator"] == "acme"
        assert stage.model.requests[-1].headers["user-agent"].startswith("acme/")
        assert record_of(talk)[0]["payload"]["originator"] == "acme"


@pytest.mark.requirement("initialized")
def test_initialized_is_not_needed_and_not_answered(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        introduce(stage)
        assert stage.is_alive()
        for line in ({"method": "initialized"}, {"method": "initialized", "params": {}}):
            mark = len(stage.server.messages)
            stage.server.send(line)
            assert stage.is_alive()
            assert len(stage.server.messages) == mark + 1


@pytest.mark.requirement("opt-out")
def test_what_a_client_opted_out_of_is_not_sent(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        unwanted = ["turn/started", "item/*", "thread", "account/rateLimits/updated", "no/such/notification"]
        introduce(stage, optOutNotificationMethods=unwanted)
        record = stage.talk().run(answer(message("Done.")))
        assert "turn/started" not in record.methods
        assert "account/rateLimits/updated" not in record.methods
        assert {"item/started", "item/completed", "thread/tokenUsage/updated"} <= set(record.methods)
        assert record.methods[0] == "reply"


@pytest.mark.requirement("newer-members")
def test_initialize_says_where_the_home_is_and_what_the_platform(fresh: Opener) -> None:
    with fresh(initialize=False) as stage:
        reply = introduce(stage)["result"]
        if not stage.is_ours:
            assert reply.keys() == {"userAgent"}
            return
        assert Path(reply["codexHome"]) == stage.home
        assert reply["platformFamily"] in ("unix", "windows")
        assert reply["platformOs"]


@pytest.mark.requirement("newer-members")
def test_threads_items_and_questions_carry_what_newer_clients_require(ours: Stage) -> None:
    talk = ours.talk()
    record = talk.run(answer(message("Done.")))
    thread = talk.opened["thread"]
    assert talk.opened["approvalsReviewer"] == "user"
    assert thread["status"] == {"type": "idle"}
    assert thread["sessionId"] == talk.id
    assert thread["ephemeral"] is False
    assert all(params["startedAtMs"] > 0 for params in record.all("item/started"))
    assert all(params["completedAtMs"] > 0 for params in record.all("item/completed"))


@pytest.mark.requirement("configWarning")
def test_a_broken_configuration_is_told_with_its_place_and_stops_threads_only(fresh: Opener) -> None:
    with fresh(initialize=False, config='model = "x"\nsandbox_mode = oops\n') as stage:
        reply = introduce(stage)
        warning = stage.server.until_method("configWarning")["params"]
        assert "result" in reply
        assert warning.keys() == {"summary", "details", "path", "range"}
        assert warning["path"] == str(stage.home / "config.toml")
        assert warning["range"]["start"]["line"] == 2
        assert warning["range"].keys() == {"start", "end"}
        assert stage.error("thread/start", {})["code"] == INVALID
        assert stage.error("config/read", {})["code"] == -32603
        assert "data" in stage.server.result("model/list", {})
        stage.mend()
        assert stage.talk().run(answer(message("Done."))).status == "completed"


@pytest.mark.requirement("configWarning")
def test_a_value_that_does_not_fit_is_told_without_stopping_the_server(fresh: Opener) -> None:
    with fresh(initialize=False, config='approval_policy = "sometimes"\n') as stage:
        introduce(stage)
        warning = stage.server.until_method("configWarning")["params"]
        assert warning["path"] == str(stage.home / "config.toml")
        assert warning["range"]["start"] == {"line": 1, "column": 19}
        assert stage.is_alive()


@pytest.mark.requirement("configWarning")
def test_a_sound_configuration_is_not_warned_of(fresh: Opener) -> None:
    with fresh() as stage:
        assert stage.is_alive()
        assert "configWarning" not in {message.get("method") for message in stage.server.messages}
