import json
from collections.abc import Callable, Sequence
from pathlib import Path

import anyio
import pytest
from agent_core.model.cassette import CassetteInvalid, load_cassette
from agent_core.model.connect import connect
from agent_core.model.errors import ModelError, StreamDisconnected, UsageLimitReached
from agent_core.model.event import ModelEvent, OutputItemDone, OutputTextDelta
from agent_core.model.placeholder import Placeholders
from agent_core.model.providers import ModelProvider, built_in_providers
from agent_core.model.recording import RecordingClient, RecordingFailed
from agent_core.model.replay import ReplayClient, ReplayEnds, ReplayExhausted, ReplayMismatch, ReplayUnset
from agent_core.model.request import ModelRequest
from agent_core.testing.answer import answer, created, function_call, message, reasoning
from agent_core.testing.model import Answer, ScriptedModel
from agent_core.testing.server import Refuse, ScriptedServer
from agent_protocol.rollout.response_item import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputTextPart,
    MessageItem,
    ResponseItem,
)
from agent_protocol.wire import JsonValue

Run = tuple[str, str, str]
RECORDED: Run = ("/proj/a", "thread-a", "74069")
REPLAYED: Run = ("/home/b", "thread-b", "1234")
LIMIT = Refuse(status=429, body={"error": {"type": "usage_limit_reached", "plan_type": "plus"}})


def say(role: str, text: str) -> MessageItem:
    return MessageItem(role=role, content=(InputTextPart(text=text),))


def request(run: Run, *more: ResponseItem, model: str = "m") -> ModelRequest:
    cwd, thread, _ = run
    context = say("user", f"<environment_context>\n  <cwd>{cwd}</cwd>\n</environment_context>")
    return ModelRequest(
        thread_id=thread,
        turn_id="t",
        model=model,
        instructions="Be\nbrief.",
        input=(context, say("user", "go"), *more),
        tools=({"type": "function", "name": "exec_command"},),
    )


def output(run: Run) -> tuple[ResponseItem, ResponseItem]:
    cwd, _, session = run
    call = FunctionCallItem(name="exec_command", arguments=f'{{"cmd": "ls {cwd}"}}', call_id="c1")
    text = f"Chunk ID: {hash(cwd) % 4096:03x}\nProcess running with session ID {session}\nOutput:\n{cwd}/x.py\n"
    return call, FunctionCallOutputItem(call_id="c1", output=text)


def script(run: Run) -> Sequence[Answer]:
    cwd, _, session = run
    return [
        answer(reasoning("Look."), function_call("exec_command", {"cmd": f"ls {cwd}"}, call_id="c1")),
        answer(function_call("write_stdin", f'{{"session_id": {session}}}', call_id="c2")),
        answer(message(f"See {cwd}/x.py for it.", deltas=["See ", cwd[:4], cwd[4:], "/x.py", " for", " it."])),
    ]


def requests(run: Run) -> list[ModelRequest]:
    return [request(run), request(run, *output(run)), request(run, *output(run), say("user", "and?"))]


async def drive(client: RecordingClient | ReplayClient, asked: Sequence[ModelRequest]) -> list[list[ModelEvent]]:
    answers = []
    for each in asked:
        async with client.open(each) as events:
            answers.append([event async for event in events])
    return answers


async def record(path: Path, answers: Sequence[Answer], asked: Sequence[ModelRequest]) -> list[list[ModelEvent]]:
    return await drive(RecordingClient(ScriptedModel(answers), path, Placeholders({})), asked)


def lines_of(path: Path) -> list[JsonValue]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def drop_last_line(path: Path) -> None:
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))


def text_of(events: Sequence[ModelEvent]) -> str:
    return "".join(event.delta for event in events if isinstance(event, OutputTextDelta))


@pytest.fixture
async def cassette(tmp_path: Path) -> Path:
    path = tmp_path / "run.jsonl"
    await record(path, script(RECORDED), requests(RECORDED))
    return path


@pytest.mark.anyio
async def test_the_same_run_is_answered_with_the_same_events(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    given = await record(path, script(RECORDED), requests(RECORDED))
    client = ReplayClient(path, {})
    replayed = await drive(client, requests(RECORDED))
    assert replayed[:2] == given[:2]
    assert replayed[2][-1] == given[2][-1]
    assert text_of(replayed[2]) == text_of(given[2])
    assert client.remaining == 0


@pytest.mark.anyio
async def test_another_run_gets_answers_with_its_own_values(cassette: Path) -> None:
    replayed = await drive(ReplayClient(cassette, {}), requests(REPLAYED))
    calls = [event.item for events in replayed for event in events if isinstance(event, OutputItemDone)]
    arguments = [item.arguments for item in calls if isinstance(item, FunctionCallItem)]
    assert arguments == ['{"cmd": "ls /home/b"}', '{"session_id": 1234}']
    assert text_of(replayed[2]) == "See /home/b/x.py for it."
    assert len([event for event in replayed[2] if isinstance(event, OutputTextDelta)]) > 1


@pytest.mark.anyio
async def test_a_different_request_is_refused_with_the_place_and_both_texts(cassette: Path) -> None:
    client = ReplayClient(cassette, {})
    await drive(client, requests(REPLAYED)[:1])
    call, done = output(REPLAYED)
    assert isinstance(done, FunctionCallOutputItem)
    changed = FunctionCallOutputItem(call_id="c1", output=f"{done.output}/home/b/y.py\n")
    with pytest.raises(ReplayMismatch) as raised:
        await drive(client, [request(REPLAYED, call, changed)])
    error = raised.value
    assert (error.number, error.difference.path, error.retryable) == (2, "input[3].output", False)
    assert "+${cwd}/y.py" in error.difference.diff
    assert str(cassette) in str(error)


Change = Callable[[], ModelRequest]
CHANGES: list[tuple[Change, str]] = [
    (lambda: request(REPLAYED, model="other"), "model"),
    (lambda: request(REPLAYED, say("user", "more")), "input[2]"),
]


@pytest.mark.anyio
@pytest.mark.parametrize(("change", "path"), CHANGES)
async def test_any_difference_is_found(cassette: Path, change: Change, path: str) -> None:
    with pytest.raises(ReplayMismatch) as raised:
        await drive(ReplayClient(cassette, {}), [change()])
    assert raised.value.difference.path == path


@pytest.mark.anyio
async def test_a_mismatch_does_not_use_up_the_answer(cassette: Path) -> None:
    client = ReplayClient(cassette, {})
    with pytest.raises(ReplayMismatch):
        await drive(client, [request(REPLAYED, model="other")])
    assert len(await drive(client, requests(REPLAYED))) == 3


@pytest.mark.anyio
async def test_a_request_too_many_is_refused(cassette: Path) -> None:
    client = ReplayClient(cassette, {})
    await drive(client, requests(RECORDED))
    with pytest.raises(ReplayExhausted) as raised:
        await drive(client, requests(RECORDED)[:1])
    assert raised.value.recorded == 3


@pytest.mark.anyio
async def test_failures_are_replayed_as_they_were(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    cut: Answer = [created(), StreamDisconnected(url="http://h", reason="gone")]
    async with ScriptedServer([LIMIT]) as server:
        provider = ModelProvider(id="p", name="P", base_url=server.url, request_max_retries=0)
        refused = connect(provider, environ={}, headers={}, record=path)
        with pytest.raises(UsageLimitReached):
            async with refused.open(request(RECORDED)):
                pass
        await refused.aclose()
    with pytest.raises(UsageLimitReached) as raised:
        await drive(ReplayClient(path, {}), [request(REPLAYED)])
    assert raised.value.plan_type == "plus"
    assert raised.value.snapshot is not None
    with pytest.raises(StreamDisconnected):
        await record(path, [cut], [request(RECORDED)])
    with pytest.raises(StreamDisconnected) as broken:
        await drive(ReplayClient(path, {}), [request(REPLAYED)])
    assert broken.value.url == "http://h"


@pytest.mark.anyio
async def test_an_answer_the_recorded_run_left_says_so(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    client = RecordingClient(ScriptedModel([[created(), anyio.Event()]]), path, Placeholders({}))
    with anyio.move_on_after(0.05):
        await drive(client, [request(RECORDED)])
    with pytest.raises(ReplayEnds):
        await drive(ReplayClient(path, {}), [request(REPLAYED)])


@pytest.mark.anyio
async def test_a_cassette_holds_each_input_item_once(cassette: Path) -> None:
    lines = lines_of(cassette)
    asked = [line for line in lines if line["line"] == "request"]
    assert [(line["kept"], len(line["added"])) for line in asked] == [(0, 2), (2, 2), (4, 1)]
    assert [list(line["members"]) for line in asked[1:]] == [[], []]
    assert len(load_cassette(cassette).exchanges[2].request["input"]) == 5


@pytest.mark.anyio
async def test_a_cassette_holds_no_secret_and_no_place(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    environ = {"KEY": "very-secret-key", "HOME": "/home/somebody"}
    async with ScriptedServer(
        [answer(message("very-secret-key of /home/somebody, sk-abcdefghijklmnop1234"))]
    ) as server:
        provider = ModelProvider(id="p", name="P", base_url=server.url, env_key="KEY")
        client = connect(provider, environ=environ, headers={}, record=path)
        async with client.open(request(RECORDED, say("user", "key very-secret-key"))) as events:
            assert "very-secret-key" in text_of([event async for event in events])
        await client.aclose()
    content = path.read_text()
    for hidden in ("very-secret-key", "sk-abcdef", "somebody", "/proj/a", "thread-a", "Bearer"):
        assert hidden not in content


@pytest.mark.anyio
async def test_recording_replaces_an_older_file(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    for _ in range(2):
        await record(path, [answer()], [request(RECORDED)])
    assert len(load_cassette(path).exchanges) == 1


@pytest.mark.anyio
async def test_a_cassette_that_cannot_be_written_is_told_before_the_request(tmp_path: Path) -> None:
    model = ScriptedModel([answer()])
    client = RecordingClient(model, tmp_path / "missing" / "run.jsonl", Placeholders({}))
    with pytest.raises(RecordingFailed):
        await drive(client, [request(RECORDED)])
    assert model.requests == []


@pytest.mark.anyio
async def test_an_exchange_cut_off_by_the_end_of_the_file_is_left_out(cassette: Path) -> None:
    drop_last_line(cassette)
    assert len(load_cassette(cassette).exchanges) == 2


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"{}\n", 1),
        (b"not json\n", 1),
        (b'{"line":"event","event":{}}\n', 1),
        (b'{"line":"cassette","version":99}\n', 1),
        (b'{"line":"cassette","version":1}\n{"line":"event","event":{}}\n', 2),
        (b'{"line":"cassette","version":1}\n\n{"line":"what"}\n', 3),
    ],
)
async def test_a_file_that_is_no_cassette_is_refused_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "run.jsonl"
    path.write_bytes(content)
    with pytest.raises(CassetteInvalid) as raised:
        await drive(ReplayClient(path, {}), [request(REPLAYED)])
    assert raised.value.line == line


@pytest.mark.anyio
async def test_a_missing_cassette_is_told_at_the_first_request(tmp_path: Path) -> None:
    await ReplayClient(tmp_path / "none.jsonl", {}).prepare()
    with pytest.raises(CassetteInvalid) as raised:
        await drive(ReplayClient(tmp_path / "none.jsonl", {}), [request(REPLAYED)])
    assert raised.value.line == 0


@pytest.mark.anyio
async def test_the_replay_provider_needs_a_cassette(cassette: Path) -> None:
    with pytest.raises(ReplayUnset):
        connect(built_in_providers({}, "1")["replay"], environ={}, headers={})
    provider = built_in_providers({"AGENT_REPLAY_FILE": str(cassette)}, "1")["replay"]
    client = connect(provider, environ={}, headers={})
    async with client.open(request(REPLAYED)) as events:
        assert [event async for event in events]


def test_replay_errors_are_model_errors_that_end_the_turn() -> None:
    for kind in (ReplayMismatch, ReplayExhausted, ReplayEnds, ReplayUnset, CassetteInvalid, RecordingFailed):
        assert issubclass(kind, ModelError)
        assert not kind.retryable
