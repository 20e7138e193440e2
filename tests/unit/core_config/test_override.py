from contextlib import suppress
from pathlib import Path

import pytest
from agent_core.config.errors import ConfigError
from agent_core.config.home import agent_home
from agent_core.config.override import override_table, parse_override
from agent_protocol.wire import JsonValue
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("model=o3", ("model", "o3")),
        ('model="o3"', ("model", "o3")),
        ("model='o3'", ("model", "o3")),
        ("model='o3", ("model", "o3")),
        ("model=gpt-5.2", ("model", "gpt-5.2")),
        ("a.b.c=3", ("a.b.c", 3)),
        (" a = true ", ("a", True)),
        ('roots=["/x", "/y"]', ("roots", ["/x", "/y"])),
        ("roots=[1,2", ("roots", "[1,2")),
        ("table={x = 1}", ("table", {"x": 1})),
        ("url=http://h/?q=1", ("url", "http://h/?q=1")),
        ("when=2024-01-02", ("when", "2024-01-02")),
        ("empty=", ("empty", "")),
        ("two=1\nother=2", ("two", "1\nother=2")),
        ("use_linux_sandbox_bwrap=true", ("features.use_linux_sandbox_bwrap", True)),
    ],
)
def test_a_value_is_toml_where_it_can_be_and_text_otherwise(text: str, expected: tuple[str, JsonValue]) -> None:
    assert parse_override(text) == expected


@pytest.mark.parametrize("text", ["model", "=3", " = 3", ""])
def test_a_text_without_key_or_equals_sign_is_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_override(text)


@given(st.text())
def test_no_text_does_more_than_raise_the_one_error(text: str) -> None:
    with suppress(ConfigError):
        parse_override(text)


def test_dotted_keys_make_tables_and_the_later_value_wins() -> None:
    overrides = [("a.b", 1), ("a.c", 2), ("a.b", 3), ("d", 1), ("d.e", None), ("f", {"g": [None]})]
    assert override_table(overrides) == {"a": {"b": 3, "c": 2}, "d": {"e": ""}, "f": {"g": [""]}}


def test_the_home_is_the_variable_or_a_folder_of_the_user(tmp_path: Path) -> None:
    assert agent_home({"HOME": "/users/me"}) == Path("/users/me/.agent")
    assert agent_home({"HOME": "/users/me", "AGENT_HOME": ""}) == Path("/users/me/.agent")
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert agent_home({"AGENT_HOME": str(tmp_path / "link")}) == (tmp_path / "real").resolve()


def test_a_home_that_is_named_must_be_a_directory(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for name in ("none", "file"):
        with pytest.raises(ConfigError) as caught:
            agent_home({"AGENT_HOME": str(tmp_path / name)})
        assert caught.value.key == "AGENT_HOME"
