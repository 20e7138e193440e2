import os
from pathlib import Path

import pytest
from agent_core.context.frame import message
from agent_core.context.history import SUMMARY_PREFIX, reconstruct
from agent_protocol.projection.turn import build_turns
from agent_protocol.rollout import event as ev
from agent_protocol.rollout.codec import encode_line, new_line
from agent_protocol.rollout.line import Compacted, RolloutItem, SessionMeta, TurnContext
from agent_protocol.rollout.response_item import (
    FunctionCallItem,
    FunctionCallOutputItem,
    InputImagePart,
    InputTextPart,
    MessageItem,
    SearchAction,
    UnknownItem,
)
from agent_protocol.rollout.setting import DangerFullAccessPolicy
from agent_protocol.rollout.usage import TokenUsage, TokenUsageInfo
from agent_state.errors import RolloutInvalid
from agent_state.rollout.extract import history_of, read_history, read_turns
from agent_state.rollout.map_cache import MapCache
from agent_state.rollout.reader import load_lines
from hypothesis import given
from hypothesis import strategies as st

META = SessionMeta(id="thread", timestamp="t", cwd="/", originator="test", cli_version="0")
CONTEXT = [message("developer", "rules"), message("user", "<environment_context>here</environment_context>")]
IMAGE = InputImagePart(image_url="data:image/png;base64,AAAA")

TEXTS = st.sampled_from(["", "one", "two", "three – ünï", f"{SUMMARY_PREFIX}\nwhat was", "<turn_aborted>x"])
TURN_IDS = st.sampled_from(["a", "b", "c"])


def shown(text: str) -> MessageItem:
    return MessageItem(role="user", content=(InputTextPart(text=f"<image {text}>"), IMAGE, InputTextPart(text=text)))


def settings(model: str) -> TurnContext:
    return TurnContext(
        cwd="/", approval_policy="never", sandbox_policy=DangerFullAccessPolicy(), model=model, summary="auto"
    )


RESPONSE_ITEMS = st.one_of(
    st.builds(message, st.sampled_from(["user", "assistant", "developer"]), TEXTS),
    st.builds(shown, TEXTS),
    st.just(FunctionCallItem(name="f", arguments="{}", call_id="c")),
    st.builds(lambda text: FunctionCallOutputItem(call_id="c", output=text), TEXTS),
)
TOKENS = TokenUsage(total_tokens=1)
ITEMS: st.SearchStrategy[RolloutItem] = st.one_of(
    RESPONSE_ITEMS,
    st.just(UnknownItem(kind="novelty", raw=b'{"type":"novelty"}')),
    st.just(META),
    st.builds(settings, TEXTS),
    st.builds(lambda text: Compacted(message=f"{SUMMARY_PREFIX}\n{text}"), TEXTS),
    st.builds(
        lambda items: Compacted(message="", replacement_history=tuple(items)), st.lists(RESPONSE_ITEMS, max_size=4)
    ),
    st.builds(lambda turn: ev.TaskStartedEvent(turn_id=turn), TURN_IDS),
    st.builds(lambda turn: ev.TaskCompleteEvent(turn_id=turn), TURN_IDS),
    st.builds(lambda turn: ev.TurnAbortedEvent(turn_id=turn, reason="interrupted"), TURN_IDS),
    st.builds(lambda text: ev.UserMessageEvent(message=text), TEXTS),
    st.builds(lambda text: ev.AgentMessageEvent(message=text), TEXTS),
    st.builds(lambda text: ev.AgentReasoningEvent(text=text), TEXTS),
    st.builds(lambda count: ev.ThreadRolledBackEvent(num_turns=count), st.integers(0, 3)),
    st.just(ev.ContextCompactedEvent()),
    st.just(ev.ErrorEvent(message="m")),
    st.just(ev.WebSearchEndEvent(call_id="c", query="q", action=SearchAction(query="q"))),
    st.just(ev.WarningEvent(message="m")),
    st.just(ev.TokenCountEvent()),
    st.builds(
        lambda window: ev.TokenCountEvent(
            info=TokenUsageInfo(total_token_usage=TOKENS, last_token_usage=TOKENS, model_context_window=window)
        ),
        st.integers(1, 9),
    ),
)
ENCODED = ITEMS.map(lambda item: encode_line(new_line(item, "t")))


HISTORY = st.one_of(
    st.just(message("user", "words")),
    st.just(message("assistant", "answer")),
    st.just(shown("picture")),
    st.just(Compacted(message="s")),
    st.just(Compacted(message="", replacement_history=(message("user", "kept"), message("assistant", "kept")))),
    st.just(ev.ThreadRolledBackEvent(num_turns=1)),
    st.just(ev.ThreadRolledBackEvent(num_turns=2)),
).map(lambda item: encode_line(new_line(item, "t")))


def _spoilt(line: bytes, cut: int) -> bytes:
    return line[: cut % len(line)]


DATA = st.lists(
    st.one_of(ENCODED, ENCODED, ENCODED, st.builds(_spoilt, ENCODED, st.integers(0, 500)), st.just(b"  ")),
    max_size=25,
).map(b"\n".join)


def assert_equal(maps: MapCache, path: Path) -> None:
    try:
        whole = load_lines(path)
    except RolloutInvalid as error:
        with pytest.raises(RolloutInvalid) as raised:
            read_turns(maps, path, None)
        assert raised.value.reason == error.reason
        return
    stored, expected = read_history(maps, path), history_of(whole)

    assert read_turns(maps, path, "b") == build_turns(whole, running_turn_id="b")
    assert reconstruct(stored.items, CONTEXT) == reconstruct(expected.items, CONTEXT)
    assert (stored.meta, stored.context, stored.usage) == (expected.meta, expected.context, expected.usage)


@given(DATA, DATA, st.sampled_from([b"", b"\n"]), st.booleans())
def test_what_is_extracted_is_what_the_whole_file_tells_however_the_file_grew(
    tmp_path_factory: pytest.TempPathFactory, first: bytes, second: bytes, end: bytes, torn: bool
) -> None:
    home = tmp_path_factory.mktemp("home")
    path, maps = home / "rollout.jsonl", MapCache(home, kept_from_bytes=0)
    path.write_bytes(first if torn else encode_line(new_line(META, "t")) + b"\n" + first)
    assert_equal(maps, path)
    with path.open("ab") as file:
        file.write(end + second)
    assert_equal(maps, path)
    assert_equal(maps, path)


@given(st.lists(HISTORY, max_size=12))
def test_compactions_and_rollbacks_lead_to_the_same_history(
    tmp_path_factory: pytest.TempPathFactory, lines: list[bytes]
) -> None:
    home = tmp_path_factory.mktemp("home")
    path = home / "rollout.jsonl"
    path.write_bytes(b"\n".join([encode_line(new_line(META, "t")), *lines]))

    assert_equal(MapCache(home), path)


def test_a_line_longer_than_any_buffer_is_found_again(tmp_path: Path) -> None:
    path, maps = tmp_path / "rollout.jsonl", MapCache(tmp_path, kept_from_bytes=0)
    image = InputImagePart(image_url="data:image/png;base64," + "A" * 3_000_000)
    items: list[RolloutItem] = [
        META,
        MessageItem(role="user", content=(image,)),
        ev.UserMessageEvent(message="see", images=(image.image_url,)),
        Compacted(message="", replacement_history=(MessageItem(role="user", content=(image, image)),)),
        message("assistant", "seen"),
    ]
    path.write_bytes(b"".join(encode_line(new_line(item, "t")) + b"\n" for item in items))

    assert_equal(maps, path)
    assert len(read_history(maps, path).items) == 2


def test_an_image_before_a_summary_is_not_kept(tmp_path: Path) -> None:
    path, maps = tmp_path / "rollout.jsonl", MapCache(tmp_path)
    items: list[RolloutItem] = [META, shown("look"), Compacted(message="s")]
    path.write_bytes(b"".join(encode_line(new_line(item, "t")) + b"\n" for item in items))

    assert_equal(maps, path)
    assert b"AAAA" not in repr(read_history(maps, path)).encode()


def test_reading_changes_neither_the_file_nor_its_time(tmp_path: Path) -> None:
    path, maps = tmp_path / "rollout.jsonl", MapCache(tmp_path, kept_from_bytes=0)
    path.write_bytes(encode_line(new_line(META, "t")) + b"\n")
    before = os.stat(path)
    read_turns(maps, path, None)

    after = os.stat(path)
    assert (after.st_mtime_ns, after.st_size) == (before.st_mtime_ns, before.st_size)
