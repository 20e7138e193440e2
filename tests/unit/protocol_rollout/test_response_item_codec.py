import msgspec
import pytest
from agent_protocol.rollout.error import RecordError
from agent_protocol.rollout.response_item import (
    CompactionItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    MessageItem,
    OtherAction,
    OutputTextPart,
    PlainTextPart,
    ReasoningItem,
    ReasoningTextPart,
    ResponseItem,
    UnknownItem,
    WebSearchCallItem,
    decode_response_item,
    encode_response_item,
)


def read(item: ResponseItem) -> dict[str, object]:
    return msgspec.json.decode(encode_response_item(item), type=dict[str, object])


def test_an_id_given_by_the_model_is_kept_for_display_and_not_written() -> None:
    raw = b'{"type":"message","id":"msg_1","role":"assistant","content":[{"type":"output_text","text":"x"}]}'

    item = decode_response_item(raw)

    assert isinstance(item, MessageItem)
    assert item.id == "msg_1"
    assert encode_response_item(item) == raw.replace(b'"id":"msg_1",', b"")
    assert encode_response_item(item, with_id=True) == raw


def test_absent_reasoning_content_is_written_as_null() -> None:
    assert read(ReasoningItem())["content"] is None


def test_reasoning_content_with_raw_text_is_written() -> None:
    item = ReasoningItem(content=(ReasoningTextPart(text="hm"), PlainTextPart(text="so")))

    assert read(item)["content"] == [{"type": "reasoning_text", "text": "hm"}, {"type": "text", "text": "so"}]


@pytest.mark.parametrize("content", [(), (PlainTextPart(text="so"),)])
def test_reasoning_content_without_raw_text_is_left_out(content: tuple[PlainTextPart, ...]) -> None:
    assert "content" not in read(ReasoningItem(content=content))


def test_the_object_form_of_an_output_in_old_files_is_read_as_its_content() -> None:
    item = decode_response_item(
        b'{"type":"function_call_output","call_id":"c","output":{"content":"x","success":true}}'
    )

    assert item == FunctionCallOutputItem(call_id="c", output="x")


def test_an_older_name_of_a_compaction_is_read() -> None:
    assert decode_response_item(b'{"type":"compaction_summary","encrypted_content":"g"}') == CompactionItem(
        encrypted_content="g"
    )


def test_a_search_action_of_an_unknown_kind_is_other() -> None:
    item = decode_response_item(b'{"type":"web_search_call","id":null,"action":{"type":"teleport","to":"x"}}')

    assert item == WebSearchCallItem(action=OtherAction())


def test_an_unknown_phase_does_not_lose_the_message() -> None:
    item = decode_response_item(
        b'{"type":"message","role":"assistant","phase":"dreaming","content":[{"type":"output_text","text":"x"}]}'
    )

    assert item == MessageItem(role="assistant", content=(OutputTextPart(text="x"),))


@pytest.mark.parametrize("raw", [b'{"type":"novelty","x":[1, 2]}', b'{"type":"message"}', b'{"no":"type"}'])
def test_an_item_of_an_unknown_kind_or_shape_keeps_its_text(raw: bytes) -> None:
    item = decode_response_item(raw)

    assert isinstance(item, UnknownItem)
    assert encode_response_item(item) == raw


def test_arguments_stay_as_the_model_wrote_them() -> None:
    item = decode_response_item(b'{"type":"function_call","name":"n","arguments":"{ \\"a\\" :1}","call_id":"c"}')

    assert item == FunctionCallItem(name="n", arguments='{ "a" :1}', call_id="c")


@pytest.mark.parametrize(("raw", "offset"), [(b"[1]", 0), (b'{"type":"mess', 13), (b'{"type":"message" x}', 18)])
def test_what_is_not_an_object_is_refused_with_the_place(raw: bytes, offset: int) -> None:
    with pytest.raises(RecordError) as caught:
        decode_response_item(raw)

    assert caught.value.offset == offset
