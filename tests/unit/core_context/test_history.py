from collections.abc import Sequence

import pytest
from agent_core.context.frame import message
from agent_core.context.history import (
    FOREIGN_SUMMARY_PREFIX,
    KEPT_USER_TOKENS,
    SUMMARY_PREFIX,
    compacted_history,
    drop_last_turns,
    for_request,
    interrupted_marker,
    is_summary,
    reconstruct,
    user_texts,
)
from agent_core.context.message import user_message
from agent_protocol.rollout.codec import new_line
from agent_protocol.rollout.event import ThreadRolledBackEvent, UserMessageEvent
from agent_protocol.rollout.line import Compacted, RolloutItem, RolloutLine, SessionMeta, UnknownLine
from agent_protocol.rollout.response_item import (
    CompactionItem,
    CustomToolCallItem,
    CustomToolCallOutputItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    GhostCommit,
    GhostSnapshotItem,
    InputImagePart,
    InputTextPart,
    LocalShellAction,
    LocalShellCallItem,
    MessageItem,
    OutputTextPart,
    ResponseItem,
    UnknownItem,
)
from agent_protocol.rollout.turn_item import ImageInput, TextInput
from hypothesis import given
from hypothesis import strategies as st


def _call(call_id: str) -> FunctionCallItem:
    return FunctionCallItem(name="exec_command", arguments="{}", call_id=call_id)


def _output(call_id: str) -> FunctionCallOutputItem:
    return FunctionCallOutputItem(call_id=call_id, output="done")


def _custom(call_id: str) -> CustomToolCallItem:
    return CustomToolCallItem(call_id=call_id, name="apply_patch", input="")


def _user(text: str) -> MessageItem:
    return message("user", text)


def _assistant(text: str) -> MessageItem:
    return MessageItem(role="assistant", content=(OutputTextPart(text=text),))


def _lines(*items: RolloutItem) -> list[RolloutLine]:
    return [new_line(item, "2026-02-12T10:00:00.000Z") for item in items]


UNKNOWN = UnknownItem(kind="new", raw=b'{"type":"new"}')
GHOST = GhostSnapshotItem(ghost_commit=GhostCommit(id="g"))
CONTEXT: tuple[ResponseItem, ...] = (message("developer", "permissions"), _user("<environment_context>"))


def test_a_call_without_answer_gets_one_right_behind_it() -> None:
    items: list[ResponseItem] = [_user("a"), _call("1"), _custom("2"), _output("1"), _call("3")]
    assert for_request(items) == [
        _user("a"),
        _call("1"),
        _custom("2"),
        CustomToolCallOutputItem(call_id="2", output="aborted"),
        _output("1"),
        _call("3"),
        FunctionCallOutputItem(call_id="3", output="aborted"),
    ]


def test_an_answer_without_call_of_its_kind_is_dropped() -> None:
    items: list[ResponseItem] = [
        _output("1"),
        _custom("2"),
        CustomToolCallOutputItem(call_id="2", output="x"),
        _output("2"),
    ]
    assert for_request(items) == items[1:3]


def test_a_local_shell_call_is_answered_like_a_function_unless_it_has_no_id() -> None:
    action = LocalShellAction(command=("ls",))
    named = LocalShellCallItem(call_id="1", status="completed", action=action)
    nameless = LocalShellCallItem(call_id=None, status="completed", action=action)
    assert for_request([named, nameless]) == [named, FunctionCallOutputItem(call_id="1", output="aborted"), nameless]


def test_what_is_internal_or_unknown_is_not_sent() -> None:
    kept = CompactionItem(encrypted_content="x")
    assert for_request([GHOST, UNKNOWN, kept]) == [kept]


def test_images_become_text_for_a_model_that_cannot_see() -> None:
    picture = InputImagePart(image_url="data:,")
    shown = MessageItem(role="user", content=(InputTextPart(text="a"), picture))
    output = FunctionCallOutputItem(call_id="1", output=(picture,))
    items: list[ResponseItem] = [shown, _call("1"), output]
    assert for_request(items) == items
    asked, _, answered = for_request(items, images=False)
    assert isinstance(asked, MessageItem) and isinstance(answered, FunctionCallOutputItem)
    parts = [*asked.content, *answered.output]
    assert len(parts) == 3 and all(isinstance(part, InputTextPart) for part in parts)


CALLS: st.SearchStrategy[ResponseItem] = st.one_of(
    st.builds(_call, st.sampled_from("123")),
    st.builds(_output, st.sampled_from("123")),
    st.builds(_custom, st.sampled_from("123")),
    st.builds(lambda call_id: CustomToolCallOutputItem(call_id=call_id, output=""), st.sampled_from("123")),
    st.just(_user("x")),
    st.just(GHOST),
)


@given(st.lists(CALLS, max_size=12))
def test_a_request_has_an_answer_for_every_call_and_a_call_for_every_answer(items: list[ResponseItem]) -> None:
    sent = for_request(items)
    functions = {item.call_id for item in sent if isinstance(item, FunctionCallItem)}
    customs = {item.call_id for item in sent if isinstance(item, CustomToolCallItem)}
    assert functions == {item.call_id for item in sent if isinstance(item, FunctionCallOutputItem)}
    assert customs == {item.call_id for item in sent if isinstance(item, CustomToolCallOutputItem)}
    assert for_request(sent) == sent


def test_a_record_leads_to_its_items_in_order() -> None:
    meta = SessionMeta(id="t", timestamp="", cwd="/", originator="o", cli_version="1")
    lines = _lines(
        meta,
        *CONTEXT,
        UserMessageEvent(message="a"),
        _user("a"),
        UNKNOWN,
        UnknownLine(kind="x", payload=b"{}", reason="r"),
        _assistant("b"),
    )
    assert reconstruct(lines) == [*CONTEXT, _user("a"), _assistant("b")]


def test_items_are_recorded_as_live_ones_are() -> None:
    lines = _lines(_user("a"), Compacted(message="", replacement_history=(_user("b"),)), _user("c"))
    assert reconstruct(lines, record=lambda item: _user("changed")) == [_user("b"), _user("changed")]


def test_a_replacement_takes_the_place_of_what_was() -> None:
    lines = _lines(_user("a"), _assistant("b"), Compacted(message="x", replacement_history=(_user("s"),)), _user("c"))
    assert reconstruct(lines) == [_user("s"), _user("c")]


def test_a_summary_is_put_behind_the_context_and_the_users_words() -> None:
    summary = f"{SUMMARY_PREFIX}\nall is well"
    lines = _lines(
        *CONTEXT,
        _user("one"),
        _assistant("b"),
        interrupted_marker(),
        _user("two"),
        Compacted(message=summary),
        _user("three"),
        Compacted(message=""),
    )
    fresh: Sequence[ResponseItem] = (message("developer", "new permissions"),)
    assert reconstruct(lines, fresh)[:-1] == [*fresh, _user("one"), _user("two"), _user("three")]
    once = reconstruct(lines[:-1], fresh)
    assert once == [*fresh, _user("one"), _user("two"), _user(summary), _user("three")]


def test_summaries_of_both_programs_are_known() -> None:
    assert is_summary(f"{SUMMARY_PREFIX}\nx")
    assert is_summary(f"{FOREIGN_SUMMARY_PREFIX} and so on")
    assert not is_summary("x")


def test_a_rollback_takes_the_last_turns_away() -> None:
    items = [*CONTEXT, _user("one"), _assistant("1"), _user("two"), _assistant("2")]
    lines = _lines(*items, ThreadRolledBackEvent(num_turns=1), _user("three"))
    assert reconstruct(lines) == [*items[:4], _user("three")]


@pytest.mark.parametrize(("count", "kept"), [(0, 7), (1, 5), (2, 3), (3, 3), (9, 3)])
def test_turns_are_cut_before_the_message_that_began_them(count: int, kept: int) -> None:
    items = [*CONTEXT, message("developer", "update"), _user("one"), _assistant("1"), _user("two"), _assistant("2")]
    assert drop_last_turns(items, count) == items[:kept]


def test_a_history_without_turns_loses_nothing() -> None:
    assert drop_last_turns(CONTEXT, 3) == list(CONTEXT)


def test_words_of_the_user_are_told_without_the_frames_of_images() -> None:
    shown = user_message([TextInput(text="see "), ImageInput(image_url="data:,"), TextInput(text="</image> there")])
    assert user_texts([*CONTEXT, shown, _assistant("x"), _user(f"{SUMMARY_PREFIX}\ns")]) == ["see </image> there"]


def test_only_the_newest_words_fit_and_the_one_that_crosses_the_limit_is_cut_in_its_middle() -> None:
    long = "x" * (KEPT_USER_TOKENS * 4)
    *words, last = compacted_history((), ["never", long, "new"], "")
    texts = user_texts(words)
    assert len(texts) == 2
    assert texts[1] == "new"
    assert texts[0].startswith("xxx") and texts[0].endswith("xxx") and "tokens truncated" in texts[0]
    assert isinstance(last, MessageItem) and last.role == "user"


def test_the_marker_of_an_interruption_has_its_frame() -> None:
    (part,) = interrupted_marker().content
    assert isinstance(part, InputTextPart)
    assert part.text.startswith("<turn_aborted>\n") and part.text.endswith("\n</turn_aborted>")
