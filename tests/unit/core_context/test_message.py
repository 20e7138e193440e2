import base64
import os
from contextlib import suppress
from pathlib import Path

import pytest
from agent_core.context.frame import framed, instructions_message, is_user_turn_boundary, message
from agent_core.context.image import MAX_BYTES, ImageUnusable, image_data_url, image_kind
from agent_core.context.message import user_message
from agent_protocol.rollout.response_item import (
    FunctionCallOutputItem,
    InputImagePart,
    InputTextPart,
    MessageItem,
    OutputTextPart,
)
from agent_protocol.rollout.turn_item import ImageInput, LocalImageInput, MentionInput, SkillInput, TextInput
from hypothesis import given
from hypothesis import strategies as st

PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SAMPLES = {
    "image/png": PNG,
    "image/jpeg": b"\xff\xd8\xff\xe0" + b"\0" * 30,
    "image/gif": b"GIF89a" + b"\0" * 30,
    "image/webp": b"RIFF\x10\0\0\0WEBPVP8 " + b"\0" * 30,
}


def test_parts_follow_the_input_in_order_with_images_in_their_frames(tmp_path: Path) -> None:
    file = tmp_path / "x.bin"
    file.write_bytes(PNG)
    item = user_message(
        [
            TextInput(text="look"),
            ImageInput(image_url="http://h/i.png"),
            SkillInput(name="s", path="/s"),
            LocalImageInput(path=str(file)),
            MentionInput(name="m", path="app://m"),
            TextInput(text="here"),
        ]
    )
    assert item == MessageItem(
        role="user",
        content=(
            InputTextPart(text="look"),
            InputTextPart(text="<image>"),
            InputImagePart(image_url="http://h/i.png"),
            InputTextPart(text="</image>"),
            InputTextPart(text="<image name=[Image #2]>"),
            InputImagePart(image_url="data:image/png;base64," + base64.b64encode(PNG).decode()),
            InputTextPart(text="</image>"),
            InputTextPart(text="here"),
        ),
    )


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_the_kind_of_an_image_is_told_from_its_bytes_not_its_name(tmp_path: Path, kind: str) -> None:
    file = tmp_path / "picture.txt"
    file.write_bytes(SAMPLES[kind])
    assert image_data_url(str(file)).startswith(f"data:{kind};base64,")


@pytest.mark.parametrize("content", [b"", b"hello world, this is text", PNG[:10], None])
def test_a_file_that_is_no_image_becomes_a_text_that_says_so(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "x.png"
    if content is not None:
        file.write_bytes(content)
    (part,) = user_message([LocalImageInput(path=str(file))]).content
    assert isinstance(part, InputTextPart)
    assert str(file) in part.text


def test_directories_pipes_and_files_too_large_are_refused_without_reading_them(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "large").open("wb") as file:
        file.write(PNG)
        file.truncate(MAX_BYTES + 1)
    for name in (".", "pipe", "large", "nul\0byte"):
        with pytest.raises(ImageUnusable):
            image_data_url(f"{tmp_path}/{name}")


@given(st.binary(max_size=40))
def test_no_bytes_break_the_kind(data: bytes) -> None:
    assert image_kind(data) in {None, *SAMPLES}


@given(st.text(max_size=30))
def test_no_path_breaks_the_reader(path: str) -> None:
    with suppress(ImageUnusable):
        image_data_url(f"/nowhere/{path}")


@pytest.mark.parametrize(
    "text",
    [
        "# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nx\n</INSTRUCTIONS>",
        "<user_instructions>x</user_instructions>",
        "<skill>\n<name>n</name>\n</skill>",
        "<environment_context>\n</environment_context>",
        "  <ENVIRONMENT_CONTEXT>",
        "\n<turn_aborted>\nx\n</turn_aborted>",
        "<user_shell_command>\n<command>\nls\n</command>",
    ],
)
def test_what_the_harness_wrote_begins_no_turn(text: str) -> None:
    assert not is_user_turn_boundary(message("user", text))


def test_everything_else_from_the_user_begins_one() -> None:
    assert is_user_turn_boundary(message("user", "hello"))
    assert is_user_turn_boundary(message("user", "Warning: x"))
    assert is_user_turn_boundary(MessageItem(role="user", content=(InputImagePart(image_url="data:,"),)))
    assert is_user_turn_boundary(MessageItem(role="user"))
    assert not is_user_turn_boundary(message("developer", "hello"))
    assert not is_user_turn_boundary(MessageItem(role="assistant", content=(OutputTextPart(text="x"),)))
    assert not is_user_turn_boundary(FunctionCallOutputItem(call_id="c", output="x"))


def test_frames_stand_on_lines_of_their_own() -> None:
    assert framed("tag", "body") == "<tag>\nbody\n</tag>"
    (part,) = instructions_message("/w", "be kind").content
    assert part == InputTextPart(text="# AGENTS.md instructions for /w\n\n<INSTRUCTIONS>\nbe kind\n</INSTRUCTIONS>")
