"""Turns whose model fails: what is told, what is retried, what reads back."""

import pytest
from agent_core.testing.answer import answer, created, failed, incomplete, message
from agent_core.testing.server import HangUp, Refuse, Step, Stream
from agent_protocol.wire import JsonValue
from stage import Stage, record_of

FINE = answer(message("Done.", item_id="m2"))
HALF: list[JsonValue] = [created(), *message("Half.")]
BAD = Refuse(status=400, body={"error": {"message": "bad"}})
BROKEN = {"responseStreamDisconnected": {"httpStatusCode": None}}


def refused(status: int, **error: JsonValue) -> Refuse:
    return Refuse(status=status, body={"error": {"message": "no", **error}})


@pytest.mark.requirement("error", "turn/completed")
@pytest.mark.parametrize(
    "step, info",
    [
        (BAD, "other"),
        (refused(429), {"responseTooManyFailedAttempts": {"httpStatusCode": 429}}),
        (refused(429, type="usage_limit_reached", plan_type="pro", resets_at=1_800_000_000), "usageLimitExceeded"),
        ([created(), failed("insufficient_quota")], "usageLimitExceeded"),
        ([created(), failed("usage_not_included")], "usageLimitExceeded"),
        ([created(), failed("invalid_prompt")], "other"),
        ([created(), failed("server_is_overloaded")], "serverOverloaded"),
        ([created(), failed("slow_down")], "serverOverloaded"),
        ([created(), failed("context_length_exceeded")], "contextWindowExceeded"),
    ],
)
def test_a_failure_that_stays_is_told_at_once_and_fails_the_turn(stage: Stage, step: Step, info: JsonValue) -> None:
    talk = stage.talk()
    record = talk.run(step)
    told = record.one("error")
    assert list(told) == ["error", "willRetry", "threadId", "turnId"]
    assert (told["willRetry"], told["threadId"]) == (False, talk.id)
    assert list(told["error"]) == ["message", "codexErrorInfo", "additionalDetails"]
    assert (told["error"]["codexErrorInfo"], told["error"]["additionalDetails"]) == (info, None)
    assert told["error"]["message"]
    turn = record.one("turn/completed")["turn"]
    assert (turn["id"], turn["status"], turn["error"]) == (told["turnId"], "failed", told["error"])


@pytest.mark.requirement("error")
@pytest.mark.parametrize(
    "step, last",
    [
        (Stream(parts=HALF, cut=True), "other"),
        (Stream(parts=HALF), "other"),
        (Stream(parts=[b"data: {garbage\n\n"]), "other"),
        ([created(), failed("rate_limit_exceeded")], "other"),
        ([created(), failed("something_new")], "other"),
        ([created(), failed(None)], "other"),
        ([created(), incomplete("max_output_tokens")], "other"),
    ],
)
def test_a_broken_answer_is_asked_for_again_and_fails_the_turn_in_the_end(
    stage: Stage, step: Step, last: JsonValue
) -> None:
    record = stage.talk().run(step, step)
    retried, told = record.all("error")
    assert (retried["willRetry"], told["willRetry"]) == (True, False)
    assert retried["error"]["message"].startswith("Reconnecting... 1/1")
    assert retried["error"]["codexErrorInfo"] == BROKEN
    assert retried["error"]["additionalDetails"]
    assert told["error"]["codexErrorInfo"] == last
    assert record.one("turn/completed")["turn"]["error"] == told["error"]


@pytest.mark.requirement("error", "turn/completed")
def test_a_turn_that_recovers_is_completed(stage: Stage) -> None:
    talk = stage.talk()
    record = talk.run(Stream(parts=HALF, cut=True), FINE)
    assert [told["willRetry"] for told in record.all("error")] == [True]
    turn = record.one("turn/completed")["turn"]
    assert (turn["status"], turn["error"]) == ("completed", None)
    (stored,) = talk.turns()
    assert stored["status"] == "completed"


@pytest.mark.requirement("error", "errors-stay-in-their-turn")
def test_the_turn_after_a_failed_one_is_not_failed(stage: Stage) -> None:
    talk = stage.talk()
    assert talk.run(BAD).status == "failed"
    assert talk.run(FINE).status == "completed"


@pytest.mark.requirement("connection-failures-are-named")
@pytest.mark.parametrize(
    "step, retried, last",
    [
        (HangUp(), BROKEN, {"httpConnectionFailed": {"httpStatusCode": None}}),
        (refused(500), {"responseStreamDisconnected": {"httpStatusCode": 500}}, "internalServerError"),
    ],
)
def test_a_service_that_is_not_there_is_named(stage: Stage, step: Step, retried: JsonValue, last: JsonValue) -> None:
    first, second = stage.talk().run(step, step).all("error")
    told = (first["error"]["codexErrorInfo"], second["error"]["codexErrorInfo"])
    if stage.is_ours:
        assert told == (retried, last)
    else:
        assert told == (BROKEN, "internalServerError" if isinstance(step, Refuse) else "other")


@pytest.mark.requirement("error")
def test_a_refusal_that_may_pass_is_retried_with_its_status(stage: Stage) -> None:
    first, second = stage.talk().run(refused(401), refused(401)).all("error")
    assert first["error"]["codexErrorInfo"] == {"responseStreamDisconnected": {"httpStatusCode": 401}}
    assert second["error"]["codexErrorInfo"] == "other"


@pytest.mark.requirement("failed-turns-read-back", "errors-are-recorded")
@pytest.mark.parametrize("extended", [False, True], ids=["limited", "extended"])
def test_a_failed_turn_reads_back_as_failed(stage: Stage, extended: bool) -> None:
    talk = stage.talk(persistExtendedHistory=extended)
    error = talk.run(BAD).one("error")["error"]
    assert talk.run(FINE).status == "completed"
    first, second = talk.turns()
    recorded = [line["payload"]["type"] for line in record_of(talk) if line["type"] == "event_msg"]
    is_kept = stage.is_ours or extended
    assert (first["status"], first["error"]) == (("failed", error) if is_kept else ("completed", None))
    assert (second["status"], second["error"]) == ("completed", None)
    assert ("error" in recorded) is is_kept
